// SPDX-License-Identifier: Apache-2.0
#include "model/facts.h"

#include <limits.h>
#include <string.h>

#include "config/options.h"

#define NONE       (-1)
#define TOOLS      CAP_TOOLS
#define VISION     CAP_VISION
#define ANY        (~0u)
#define MODELS_DEV "https://github.com/anomalyco/models.dev/blob/dev/providers/"
const struct facts_row facts_rows[] = {
#define FACTS(...) { __VA_ARGS__ },
#include "model/facts.def"
#undef FACTS
};
#undef NONE
#undef TOOLS
#undef VISION
#undef ANY
#undef MODELS_DEV
const size_t n_facts_rows = N_ELEMENTS(facts_rows);

/* How much of `name` the pattern names: more is better; -1: it does not fit.  An exact name beats every beginning. */
static long fit(str pattern, str name)
{
    bool open = str_ends(pattern, S("*"));

    if (!open)
        return str_eq(pattern, name) ? (long)name.len + 1 : -1;
    pattern.len--;
    return str_starts(name, pattern) ? (long)pattern.len : -1;
}

const struct facts_row *facts_row_of(const char *preset, str name)
{
    const struct facts_row *found = NULL;
    long best = -1;

    for (size_t i = 0; i < n_facts_rows; i++) {
        long how = strcmp(facts_rows[i].preset, preset) ? -1 : fit(str_from(facts_rows[i].name), name);

        if (how > best) {
            best = how;
            found = &facts_rows[i];
        }
    }
    return found;
}

/* ---- what the owner says ---- */

enum kind { TOKENS, PRICE, TEXT, CAP };

static const struct { const char *key; enum kind kind; size_t at; } keys[] = {
    { "context",    TOKENS, offsetof(struct model_facts, context) },
    { "max_output", TOKENS, offsetof(struct model_facts, max_output) },
    { "input",      PRICE,  offsetof(struct model_facts, input) },
    { "cached",     PRICE,  offsetof(struct model_facts, cached) },
    { "written",    PRICE,  offsetof(struct model_facts, written) },
    { "output",     PRICE,  offsetof(struct model_facts, output) },
    { "currency",   TEXT,   offsetof(struct model_facts, currency) },
    { "tools",      CAP,    CAP_TOOLS },
    { "vision",     CAP,    CAP_VISION },
};

static void take(struct arena *a, size_t row, const json_t *v, struct model *m)
{
    char *field = (char *)&m->facts + keys[row].at;

    switch (keys[row].kind) {
    case TOKENS: *(int64_t *)field = json_integer_value(v); break;
    case PRICE:  *(double *)field = json_number_value(v); break;
    case TEXT:   *(const char **)field = arena_c(a, json_strval(v)); break;
    case CAP:
        m->caps = json_is_true(v) ? m->caps | (unsigned)keys[row].at : m->caps & ~(unsigned)keys[row].at;
        break;
    }
}

static enum err check_value(enum kind kind, const json_t *v)
{
    switch (kind) {
    case TOKENS: return json_is_integer(v) && json_integer_value(v) > 0 ? OK : failed(ERR_INPUT, "wants a number of tokens");
    case PRICE:
        return json_is_number(v) && json_number_value(v) >= 0 ? OK : failed(ERR_INPUT, "wants the price of a million tokens");
    case TEXT: return json_is_string(v) && json_string_length(v) ? OK : failed(ERR_INPUT, "wants a text, such as USD");
    case CAP: return json_is_boolean(v) ? OK : failed(ERR_INPUT, "wants true or false");
    }
    return OK;
}

static enum err unknown_key(const char *key)
{
    const char *names[N_ELEMENTS(keys)], *near;

    for (size_t i = 0; i < N_ELEMENTS(keys); i++)
        names[i] = keys[i].key;
    near = name_nearest(str_from(key), names, N_ELEMENTS(keys));
    return failed(ERR_INPUT, "there is no such key%s%s%s", near ? "; is '" : "", near ? near : "", near ? "' meant?" : "");
}

static enum err check_field(const char *key, const json_t *v)
{
    for (size_t i = 0; i < N_ELEMENTS(keys); i++)
        if (strcmp(key, keys[i].key) == 0)
            return check_value(keys[i].kind, v);
    return unknown_key(key);
}

static enum err check_model(const char *label, const json_t *fields)
{
    const char *key;
    json_t *v;

    if (strchr(label, '/') == NULL || *label == '/')
        return failed(ERR_INPUT, "models.facts.%.80s: a model is named 'provider/model' here, or 'provider/*' for all of one", label);
    if (!json_is_object(fields))
        return failed(ERR_INPUT, "models.facts.%.80s wants a map such as {context: 64000, input: 0.5, output: 2, currency: USD}", label);
    json_object_foreach((json_t *)fields, key, v)
        if (check_field(key, v))
            return failed_in(ERR_INPUT, "models.facts.%.80s.%.40s ", label, key);
    bool priced = json_at(fields, "input") || json_at(fields, "output");

    return priced && !json_at(fields, "currency") ? failed(ERR_INPUT, "models.facts.%.80s has prices and no currency", label) : OK;
}

enum err facts_check(const json_t *owners)
{
    const char *label;
    json_t *fields;

    if (owners && !json_is_object(owners))
        return failed(ERR_INPUT, "models.facts wants a map from 'provider/model' to what is known of it");
    json_object_foreach((json_t *)owners, label, fields)
        TRY(check_model(label, fields));
    return OK;
}

/* ---- both ---- */

static int64_t known(int64_t tokens)
{
    return tokens > 0 ? tokens : 0;
}

static void apply_row(const struct facts_row *r, struct model *m)
{
    m->facts = (struct model_facts){
        .context = known(r->context), .max_output = known(r->max_output), .input = r->input, .cached = r->cached,
        .written = r->written, .output = r->output, .currency = r->currency,
    };
    m->caps &= r->caps;
}

/* Of those that fit better than `than`, the one that fits worst; NULL: none does. */
static const json_t *next_better(const json_t *owners, str label, long than, long *ret_how)
{
    const json_t *found = NULL;
    const char *pattern;
    json_t *fields;

    *ret_how = LONG_MAX;
    json_object_foreach((json_t *)owners, pattern, fields) {
        long how = fit(str_from(pattern), label);

        if (how > than && how < *ret_how) {
            *ret_how = how;
            found = fields;
        }
    }
    return found;
}

/* From what is said of many to what is said of this one, so that the nearer word wins. */
static void apply_owners(struct arena *a, const json_t *owners, struct model *m)
{
    const json_t *fields;

    for (long how = -1; (fields = next_better(owners, str_from(m->label), how, &how)); )
        for (size_t i = 0; i < N_ELEMENTS(keys); i++)
            if (json_object_get(fields, keys[i].key))
                take(a, i, json_object_get(fields, keys[i].key), m);
}

void facts_apply(struct arena *a, const char *preset, const json_t *owners, struct model *m)
{
    const struct facts_row *row = preset ? facts_row_of(preset, str_from(m->name)) : NULL;

    m->facts = MODEL_FACTS_UNKNOWN;
    if (row)
        apply_row(row, m);
    apply_owners(a, owners, m);
}
