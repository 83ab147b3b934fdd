// SPDX-License-Identifier: Apache-2.0
#include "nlu/rule_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include "base/mem.h"

/* A rule is one of many, before every message: a millisecond at most. */
enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 500, HEAP_LIMIT_KIB = 512 };

struct rule_pattern { pcre2_code *code; pcre2_match_data *data; pcre2_match_context *limits; };

enum err rule_pattern_new(str pattern, struct rule_pattern **out)
{
    struct rule_pattern *p = NEW(struct rule_pattern);
    PCRE2_UCHAR why[160];
    PCRE2_SIZE at;
    int code;

    p->code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.len, PCRE2_UTF | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
    if (p->code == NULL) {
        pcre2_get_error_message(code, why, sizeof why);
        rule_pattern_free(p);
        return failed(ERR_INPUT, "%s, at character %zu of the pattern", (char *)why, (size_t)at + 1);
    }
    p->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (p->data == NULL || p->limits == NULL)
        mem_die("pcre2");
    pcre2_set_match_limit(p->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(p->limits, HEAP_LIMIT_KIB);
    *out = p;
    return OK;
}

void rule_pattern_free(struct rule_pattern *p)
{
    if (p == NULL)
        return;
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->limits);
    pcre2_code_free(p->code);
    free(p);
}

static void put(json_t *groups, const char *name, str text, const PCRE2_SIZE *at, uint32_t i)
{
    if (at[2 * i] != PCRE2_UNSET && at[2 * i + 1] >= at[2 * i])
        json_object_set_new(groups, name, json_from_str(str_cut(text, at[2 * i], at[2 * i + 1])));
}

static void put_named(const struct rule_pattern *p, str text, const PCRE2_SIZE *at, json_t *groups)
{
    uint32_t n = 0, size = 0;
    const unsigned char *table;

    pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &n);
    if (n == 0)
        return;
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
    pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    for (uint32_t i = 0; i < n; i++, table += size)
        put(groups, (const char *)table + 2, text, at, (uint32_t)(table[0] << 8 | table[1]));
}

bool rule_pattern_find(const struct rule_pattern *p, str text, json_t *groups, bool *ret_limit)
{
    int found = pcre2_match(p->code, (PCRE2_SPTR)text.p, text.len, 0, 0, p->data, p->limits);

    *ret_limit = found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT || found == PCRE2_ERROR_HEAPLIMIT;
    if (found < 0)
        return false;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->data);

    for (uint32_t i = 0; i < (uint32_t)found; i++) {
        char name[16];

        snprintf(name, sizeof name, "%u", (unsigned)i);
        put(groups, name, text, at, i);
    }
    put_named(p, text, at, groups);
    return true;
}
