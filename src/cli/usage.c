// SPDX-License-Identifier: Apache-2.0
/* usage: what calls of models took.  A running gateway is asked; without one the store is read here. */
#include <string.h>

#include "base/json.h"
#include "cli/local.h"
#include "model/usage.h"
#include "net/url.h"

static str flag_str(const struct cli *c, const char *name)
{
    const char *value = cli_flag(c, name);

    return str_from(value ? value : "");
}

static enum err read_local(struct cli *c, struct store *s, json_t **out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct usage_wish w;
    struct usage_sum *sums;
    size_t n;

    TRY(usage_wish_read(flag_str(c, "by"), flag_str(c, "since"), flag_str(c, "person"), config_now()->budgets_currency, &w));
    TRY(usage_sums(s, a, &w, &sums, &n));
    *out = usage_to_json(&w, sums, n);
    return OK;
}

static enum err read_remote(struct cli *c, json_t **out) AWAITS
{
    static const char *const names[] = { "by", "since", "person" };
    CLEANUP(buf_done) struct buf path = { 0 };

    buf_addf(&path, "/api/v1/admin/usage");
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        buf_addf(&path, "%c%s=", i ? '&' : '?', names[i]);
        url_add_encoded(&path, flag_str(c, names[i]));
    }
    return remote_call(c, "GET", buf_c(&path), NULL, out);
}

static void print_row(const json_t *row, const char *name)
{
    printf("%8lld %12lld %12lld %12lld %14s  ", (long long)json_int(row, "calls", 0), (long long)json_int(row, "input", 0),
           (long long)json_int(row, "cached", 0), (long long)json_int(row, "output", 0), json_text(row, "cost"));
    cli_print_text(stdout, str_from(name));
    if (json_int(row, "unpriced", 0))
        printf(" (%lld of unknown price)", (long long)json_int(row, "unpriced", 0));
    if (json_int(row, "estimated", 0))
        printf(" (%lld estimated)", (long long)json_int(row, "estimated", 0));
    putchar('\n');
}

static void print_amount(const json_t *limit, const char *kind, const char *unit)
{
    const json_t *part = json_at(limit, kind);

    if (part == NULL)
        return;
    if (json_is_string(json_at(part, "spent")))
        printf("  %s of %s %s", json_text(part, "spent"), json_text(part, "limit"), unit);
    else
        printf("  %lld of %lld %s", (long long)json_int(part, "spent", 0), (long long)json_int(part, "limit", 0), unit);
}

static void print_limits(const json_t *answer)
{
    const json_t *limit;
    size_t i;

    json_array_foreach(json_at(answer, "limits"), i, limit) {
        printf("limit: %s ", json_text(limit, "scope"));
        cli_print_text(stdout, json_text_str(limit, "name"));
        printf("%sper %s:", json_text_str(limit, "name").len ? " " : "", json_text(limit, "per"));
        print_amount(limit, "money", json_text(answer, "currency"));
        print_amount(limit, "tokens", "tokens");
        printf("  (%lld%%)\n", (long long)json_int(limit, "percent", 0));
    }
}

static void print_usage(const json_t *answer)
{
    const json_t *row;
    size_t i;

    printf("since %.16s UTC\n%8s %12s %12s %12s %14s  %s\n", json_text(answer, "since"), "calls", "tokens in", "of it cached", "tokens out",
           json_text(answer, "currency"), json_text(answer, "by"));
    json_array_foreach(json_at(answer, "rows"), i, row)
        print_row(row, *json_text(row, "what") ? json_text(row, "what") : "-");
    print_row(json_at(answer, "total"), "all");
    print_limits(answer);
}

static enum err usage_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(local_close) struct local l = { 0 };
    struct cli *c = arg;

    TRY(local_open(c, LOCAL_EXISTING, &l));
    TRY(l.store ? read_local(c, l.store, &answer) : read_remote(c, &answer));
    if (c->json)
        cli_print_json(answer);
    else
        print_usage(answer);
    return OK;
}

enum err command_usage(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, usage_fiber);
}
