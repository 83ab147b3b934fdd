// SPDX-License-Identifier: Apache-2.0
#include "tool/snmp_names.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>

#include "base/utf8.h"

enum kind { SCALAR, TABLE, ABOVE };

static const struct { const char *name, *oid; enum kind kind; } names[] = {
#define NAME(name, oid, kind) { #name, oid, kind },
#include "tool/snmp_names.def"
#undef NAME
};

static enum err parse_numbers(str text, struct snmp_oid *out)
{
    str one;

    while (str_split(&text, '.', &one)) {
        uint64_t n;

        if (str_u64(one, &n) || n > UINT_MAX)
            return failed(ERR_INPUT, "'%.*s' is no part of an object identifier", STR(str_take(one, 40)));
        if (out->n == SNMP_OID_MAX)
            return failed(ERR_INPUT, "an object identifier has at most %d parts", SNMP_OID_MAX);
        out->parts[out->n++] = (unsigned long)n;
    }
    return OK;
}

static bool is_number(str text)
{
    return text.len && text.p[0] >= '0' && text.p[0] <= '9';
}

static enum err parse_name(str *rest, struct snmp_oid *out)
{
    str name;

    str_split(rest, '.', &name);
    if (str_eq(name, S("mib-2")))
        name = S("mib_2");
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq(name, str_from(names[i].name)))
            return parse_numbers(str_from(names[i].oid), out);
    return failed(ERR_INPUT, "'%.*s' is none of the names known here (system, sysName, ifDescr, ifHCInOctets, hrStorageDescr and the "
                  "like); give its numbers, 1.3.6.1...", STR(str_take(name, 60)));
}

enum err snmp_oid_parse(str text, struct snmp_oid *out)
{
    struct snmp_oid o = { .n = 0 };
    size_t colons = str_find(text, S("::"));

    if (colons != STR_NONE)
        text = str_skip(text, colons + 2);
    str_eat(&text, S("."));
    if (text.len == 0 || text.p[text.len - 1] == '.')
        return failed(ERR_INPUT, "an object identifier is written 1.3.6.1.2.1.1.5.0 or sysName.0");
    if (!is_number(text))
        TRY(parse_name(&text, &o));
    TRY(parse_numbers(text, &o));
    if (o.n < 2 || o.parts[0] > 2 || (o.parts[0] < 2 && o.parts[1] > 39))
        return failed(ERR_INPUT, "an object identifier begins with 0, 1 or 2 and has at least two parts, such as 1.3");
    *out = o;
    return OK;
}

/* The longest name that it begins with; N_ELEMENTS(names): none. */
static size_t name_of(const struct snmp_oid *o, size_t *ret_n)
{
    size_t best = N_ELEMENTS(names);

    *ret_n = 0;
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        struct snmp_oid named = { .n = 0 };

        if (parse_numbers(str_from(names[i].oid), &named) == OK && named.n > *ret_n && snmp_oid_is_below(o, &named)) {
            best = i;
            *ret_n = named.n;
        }
    }
    return best;
}

bool snmp_oid_is_scalar(const struct snmp_oid *o)
{
    size_t n, i = name_of(o, &n);

    return i < N_ELEMENTS(names) && n == o->n && names[i].kind == SCALAR;
}

static void print_parts(struct buf *b, const struct snmp_oid *o, size_t from)
{
    for (size_t i = from; i < o->n; i++)
        buf_addf(b, "%s%lu", i ? "." : "", o->parts[i]);
}

void snmp_oid_print(struct buf *b, const struct snmp_oid *o)
{
    size_t n, i = name_of(o, &n);

    print_parts(b, o, 0);
    if (n == 0 || i >= N_ELEMENTS(names) || names[i].kind == ABOVE)
        return;
    buf_addf(b, " %s", names[i].name);
    print_parts(b, o, n);
}

bool snmp_oid_is_below(const struct snmp_oid *o, const struct snmp_oid *root)
{
    for (size_t i = 0; i < root->n; i++)
        if (i >= o->n || o->parts[i] != root->parts[i])
            return false;
    return true;
}

int snmp_oid_cmp(const struct snmp_oid *a, const struct snmp_oid *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

/* --- values --- */

static bool is_text(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t')
            return false;
    return utf8_valid(s);
}

static void print_text(struct buf *b, str s)
{
    if (s.len && s.p[s.len - 1] == '\0')
        s.len--;        /* some agents count it */
    if (!is_text(s)) {
        buf_add(b, S("hex "));
        buf_add_hex(b, s);
        return;
    }
    for (size_t i = 0; i < s.len; i++)      /* one line each */
        buf_add_char(b, s.p[i] == '\n' || s.p[i] == '\r' ? ' ' : s.p[i]);
}

static void print_ticks(struct buf *b, uint64_t ticks)
{
    uint64_t s = ticks / 100;

    buf_addf(b, "%" PRIu64 " (%" PRIu64 "d %02u:%02u:%02u)", ticks, s / 86400, (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
             (unsigned)(s % 60));
}

static void print_address(struct buf *b, str bytes)
{
    char text[INET_ADDRSTRLEN];

    if (bytes.len == 4 && inet_ntop(AF_INET, bytes.p, text, sizeof text))
        buf_add(b, str_from(text));
    else
        buf_add_hex(b, bytes);
}

void snmp_value_print(struct buf *b, const struct snmp_value *v)
{
    switch (v->type) {
    case SNMP_INTEGER:
        buf_addf(b, "%" PRId64, v->number);
        break;
    case SNMP_COUNTER:
    case SNMP_GAUGE:
        buf_addf(b, "%" PRIu64, v->count);
        break;
    case SNMP_TICKS:
        print_ticks(b, v->count);
        break;
    case SNMP_TEXT:
        print_text(b, v->bytes);
        break;
    case SNMP_OID:
        snmp_oid_print(b, &v->oid);
        break;
    case SNMP_ADDRESS:
        print_address(b, v->bytes);
        break;
    case SNMP_NOTHING:
        buf_add(b, S("[null]"));
        break;
    case SNMP_NO_OBJECT:
    case SNMP_NO_INSTANCE:
        buf_add(b, v->type == SNMP_NO_OBJECT ? S("[there is no such object here]") : S("[there is no such instance here]"));
        break;
    case SNMP_END:
        buf_add(b, S("[the end of what may be seen here]"));
        break;
    }
}
