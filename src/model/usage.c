// SPDX-License-Identifier: Apache-2.0
#include "model/usage.h"

#include "base/time.h"
#include "model/period.h"
#include "model/price.h"
#include "runtime/clock.h"
#include "store/audit.h"

static const char *const by_names[] = { "model", "person", "session", "agent", "day", "purpose" };

static enum err read_by(str text, enum usage_by *out)
{
    *out = USAGE_BY_MODEL;
    if (text.len == 0)
        return OK;
    for (unsigned i = 0; i < N_USAGE_BY; i++)
        if (str_eq(text, str_from(by_names[i]))) {
            *out = (enum usage_by)i;
            return OK;
        }
    return failed(ERR_INPUT, "by is model, person, session, agent, day or purpose");
}

enum err usage_wish_read(str by, str since, str person, const char *currency, struct usage_wish *out)
{
    struct usage_wish w = { .person = person, .currency = currency };

    TRY(read_by(by, &w.by));
    TRY(audit_since(since, &w.since));
    if (since.len == 0)
        w.since = period_at(PERIOD_MONTH, clock_wall_ms()).from;
    *out = w;
    return OK;
}

static struct usage_sum sum_of(const struct rows *r, size_t i)
{
    return (struct usage_sum){
        .what = row_str(r, i, 0), .calls = row_int(r, i, 1), .input = row_int(r, i, 2), .output = row_int(r, i, 3),
        .cached = row_int(r, i, 4), .written = row_int(r, i, 5), .reasoning = row_int(r, i, 6), .cost = row_int(r, i, 7),
        .unpriced = row_int(r, i, 8), .estimated = row_int(r, i, 9),
    };
}

enum err usage_sums(struct store *s, struct arena *a, const struct usage_wish *w, struct usage_sum **out, size_t *ret_n)
{
    struct rows r;

    TRY(store_read(s, a, &r, "usage.report", "icsc", w->since, w->currency, w->person, by_names[w->by]));
    *out = arena_alloc(a, (r.n + 1) * sizeof **out);
    for (size_t i = 0; i < r.n; i++)
        (*out)[i] = sum_of(&r, i);
    *ret_n = r.n;
    return OK;
}

struct usage_sum usage_total(const struct usage_sum *sums, size_t n)
{
    struct usage_sum t = { .what = S("") };

    for (size_t i = 0; i < n; i++) {
        t.calls += sums[i].calls;
        t.input += sums[i].input;
        t.output += sums[i].output;
        t.cached += sums[i].cached;
        t.written += sums[i].written;
        t.reasoning += sums[i].reasoning;
        t.cost = money_add(t.cost, sums[i].cost);
        t.unpriced += sums[i].unpriced;
        t.estimated += sums[i].estimated;
    }
    return t;
}

static json_t *sum_to_json(const struct usage_sum *s)
{
    char cost[MONEY_TEXT_SIZE];

    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I}", "what", json_from_str(s->what), "calls", (json_int_t)s->calls,
                     "input", (json_int_t)s->input, "output", (json_int_t)s->output, "cached", (json_int_t)s->cached,
                     "written", (json_int_t)s->written, "reasoning", (json_int_t)s->reasoning, "cost", money_text(cost, s->cost),
                     "unpriced", (json_int_t)s->unpriced, "estimated", (json_int_t)s->estimated);
}

json_t *usage_to_json(const struct usage_wish *w, const struct usage_sum *sums, size_t n)
{
    struct usage_sum total = usage_total(sums, n);
    json_t *rows = json_array();
    char since[TIME_TEXT_SIZE];

    for (size_t i = 0; i < n; i++)
        json_array_append_new(rows, sum_to_json(&sums[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "by", by_names[w->by], "since", time_text(since, w->since), "currency", w->currency,
                     "rows", rows, "total", sum_to_json(&total));
}
