// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "nlu/train/corpus.h"

struct figures {
    size_t n, in_scope, right, sure, sure_right, wrong_sure, none, none_right, none_sure, baseline_right;
    size_t found, expected, matched;            /* values of slots */
    double *us;                                 /* of each sentence */
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Values are the same when they are without spaces, quotation marks, what stops at the end and what ties the beginning to the sentence. */

static const char *const leading[] = { "at ", "on ", "in ", "to ", "the ", "for ", "about ", "that ", "于", "在", "的", "to:", ":" };
static const char *const trailing[] = { ".", ",", "!", "?", ";", ":", "的", "了", "吧", "~" };

static str without_ends(str s)
{
    for (bool more = true; more;) {
        more = false;
        s = str_trim(s);
        for (size_t i = 0; i < N_ELEMENTS(leading); i++)
            more |= s.len > strlen(leading[i]) && str_eat(&s, str_from(leading[i]));
        for (size_t i = 0; i < N_ELEMENTS(trailing); i++)
            if (s.len > strlen(trailing[i]) && str_ends(s, str_from(trailing[i]))) {
                s.len -= strlen(trailing[i]);
                more = true;
            }
    }
    return s;
}

static void add_comparable(struct arena *a, struct buf *b, str value)
{
    struct normal n;

    normal_make(a, value, &n);
    value = without_ends(n.text);
    for (size_t i = 0; i < value.len; i++)
        if (!strchr(" \"'`<>", value.p[i]))
            buf_add_char(b, value.p[i]);
}

static str expected_value(struct arena *a, const json_t *v)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (json_is_string(v))
        add_comparable(a, &b, json_strval(v));
    for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++)
        add_comparable(a, &b, json_strval(json_array_get(v, i)));
    return arena_str(a, buf_str(&b));
}

/* What was understood of a sentence. */
struct found {
    struct understanding u;
    struct { str slot, text; } values[CLASSIFY_TAGS_MAX + INTENT_SLOTS_MAX];
    size_t n_values;
    bool   sure;
};

static str found_value(struct arena *a, const struct found *f, str slot)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t i = 0; i < f->n_values; i++)
        if (str_eq(f->values[i].slot, slot))
            add_comparable(a, &b, f->values[i].text);
    return arena_str(a, buf_str(&b));
}

static bool is_first_of_slot(const struct found *f, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (str_eq(f->values[i].slot, f->values[at].slot))
            return false;
    return true;
}

/* True: all are right. */
static bool count_slots(struct arena *a, struct figures *f, const struct found *got, const json_t *slots)
{
    size_t expected = f->expected, found = f->found, matched = f->matched;
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)slots, name, v) {
        f->expected++;
        f->matched += str_eq(expected_value(a, v), found_value(a, got, str_from(name)));
    }
    for (size_t i = 0; i < got->n_values; i++)
        f->found += is_first_of_slot(got, i);
    return f->expected - expected == f->matched - matched && f->found - found == f->matched - matched;
}

static void print_error(const struct found *f, const json_t *row, bool right)
{
    const struct classified *c = &f->u.classified;

    printf("  %s %.*s: is %s, said %.*s %.3f%s", right ? "slots " : "intent", STR(json_text_str(row, "text")), json_text(row, "intent"),
        STR(c->best[0].intent), (double)c->best[0].probability, f->sure ? right ? " sure" : " SURE" : "");
    if (!right)
        printf(", then %.*s %.3f", STR(c->best[1].intent), (double)c->best[1].probability);
    for (size_t i = 0; i < f->n_values; i++)
        printf(" %.*s=<%.*s>", STR(f->values[i].slot), STR(f->values[i].text));
    if (right) {
        char *slots = json_dumps(json_object_get(row, "slots"), JSON_COMPACT);

        printf("  WANT %s", slots);
        free(slots);
    }
    printf("\n");
}

static void take_value(struct found *f, str slot, str text)
{
    f->values[f->n_values].slot = slot;
    f->values[f->n_values++].text = text;
}

/* By the tags of some network. */
static void take_tags(struct found *f)
{
    const struct classified *c = &f->u.classified;

    for (size_t i = 0; i < c->n_tags; i++)
        take_value(f, c->tags[i].slot, str_cut(f->u.normal.text, c->tags[i].start, c->tags[i].end));
    f->sure = c->sure;
}

/* What fills a slot in the end: the words tagged for it, which may come in pieces, or what was found without a tag. */
static void take_slots(struct found *f)
{
    const struct classified *c = &f->u.classified;

    for (size_t i = 0; i < f->u.n_slots; i++) {
        str slot = f->u.slots[i].slot->name;
        size_t before = f->n_values;

        for (size_t k = 0; k < c->n_tags; k++)
            if (str_eq(c->tags[k].slot, slot))
                take_value(f, slot, normal_original(&f->u.normal, c->tags[k].start, c->tags[k].end));
        if (f->n_values == before)
            take_value(f, slot, f->u.slots[i].text);
    }
    f->sure = f->u.sure;
}

static void understand_row(const struct evaluation *e, struct arena *a, str text, struct found *out)
{
    struct nlu_context context = { .now = INT64_C(1768471200000), .zone = zone_utc(), .project = S("/projects/my_app") };

    if (!e->network) {
        understand(a, &context, text, &out->u);
        return;
    }
    normal_make(a, text, &out->u.normal);
    entities_find(a, &context, &out->u.normal, &out->u.entities);
    classify_by(e->network, a, &out->u.normal, &out->u.entities, &out->u.classified);
}

static void count_baseline(const struct evaluation *e, struct arena *a, struct figures *f, const struct normal *n, const struct entities
        *entities,
    const json_t *row)
{
    struct tokens *t = ARENA_NEW(a, struct tokens);

    if (!e->baseline)
        return;
    tokens_make(n, entities, t);
    f->baseline_right += str_eq(linear_name(e->baseline, linear_intent(e->baseline, t)), json_text_str(row, "intent"));
}

static void count_row(const struct evaluation *e, struct figures *f, const json_t *row)
{
    struct arena *a = arena_new();
    struct found *got = ARENA_NEW(a, struct found);
    uint64_t start = now_ns();
    bool none = strcmp(json_text(row, "intent"), "none") == 0, right, slots_right = true;

    understand_row(e, a, json_text_str(row, "text"), got);
    f->us[f->n++] = (double)(now_ns() - start) / 1000;
    if (e->network)
        take_tags(got);
    else
        take_slots(got);
    right = str_eq(got->u.classified.best[0].intent, json_text_str(row, "intent"));
    f->right += right;
    f->in_scope += !none;
    f->none += none;
    f->none_right += none && right;
    f->none_sure += none && got->sure;
    f->sure += got->sure && !none;
    f->wrong_sure += got->sure && !right && !none;
    if (!none)
        slots_right = count_slots(a, f, got, json_object_get(row, "slots"));
    count_baseline(e, a, f, &got->u.normal, &got->u.entities, row);
    if (e->errors && (!right || !slots_right))
        print_error(got, row, right);
    arena_free(a);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double percent(size_t part, size_t whole) { return whole ? 100.0 * (double)part / (double)whole : 0; }

static void print_figures(const struct evaluation *e, const char *path, const struct figures *f)
{
    double precision = percent(f->matched, f->found), recall = percent(f->matched, f->expected);
    double f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;

    qsort(f->us, f->n, sizeof(f->us[0]), by_size);
    if (e->json) {
        printf("{\"file\":\"%s\",\"n\":%zu,\"accuracy\":%.2f,\"baseline\":%.2f,\"sure\":%.2f,\"wrong_sure\":%.2f,"
            "\"accepted\":%.2f,\"f1\":%.2f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
            path, f->n, percent(f->right, f->n), percent(f->baseline_right, f->n),
            percent(f->sure, f->in_scope), percent(f->wrong_sure, f->in_scope), percent(f->none_sure, f->none), f1, f->us[f->n / 2],
            f->us[f->n * 99 / 100]);
        return;
    }
    printf("%s: %zu sentences, %zu of them none\n", path, f->n, f->none);
    printf("  intent accuracy        %6.2f %%\n", percent(f->right, f->n));
    if (e->baseline)
        printf("  linear baseline        %6.2f %%\n", percent(f->baseline_right, f->n));
    printf("  wrong and sure         %6.2f %%   of what is in scope; sure: %.1f %%\n", percent(f->wrong_sure, f->in_scope),
            percent(f->sure, f->in_scope));
    printf("  out of scope accepted  %6.2f %%   recognised: %.1f %%\n", percent(f->none_sure, f->none), percent(f->none_right, f->none));
    printf("  slot F1                %6.2f %%   precision %.2f, recall %.2f, of %zu\n", f1, precision, recall, f->expected);
    printf("  microseconds           %6.1f p50, %.1f p99\n", f->us[f->n / 2], f->us[f->n * 99 / 100]);
}

enum err evaluate_file(const struct evaluation *e, const char *path)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct figures f = { .us = arena_alloc(a, 100000 * sizeof(double)) };
    str text, line;

    TRY(corpus_read(a, path, &text));
    while (str_split(&text, '\n', &line)) {
        CLEANUP(json_decrefp) json_t *row = NULL;

        if (!line.len || f.n == 100000)
            continue;
        if (json_parse(line, &row) != OK)
            return failed_in(ERR_INPUT, "%s: ", path);
        count_row(e, &f, row);
    }
    if (f.n)
        print_figures(e, path, &f);
    return OK;
}
