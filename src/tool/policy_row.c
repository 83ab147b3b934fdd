// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_row.h"

#include <string.h>

#include "config/options.h"
#include "tool/glob.h"
#include "tool/registry.h"

/* ---- reading ---- */

enum value { TEXTS, FLAG, TEXT, TABLE };

static const struct { const char *key; enum value value; } keys[] = {
    { "role", TEXTS }, { "roles", TEXTS }, { "person", TEXTS }, { "platform", TEXTS }, { "channel", TEXTS }, { "chat", TEXTS },
    { "tool", TEXTS }, { "risk", TEXTS }, { "effect", TEXTS }, { "command", TEXTS }, { "path", TEXTS }, { "host", TEXTS },
    { "arguments", TABLE }, { "complex", FLAG }, { "tainted", FLAG }, { "decision", TEXT }, { "reason", TEXT },
};

static enum err unknown_key(const char *key)
{
    const char *names[N_ELEMENTS(keys)], *nearest;

    if (strcmp(key, "workflow") == 0)
        return failed(ERR_INPUT, "workflow: there are no workflows yet, so that this row would never fit");
    for (size_t i = 0; i < N_ELEMENTS(keys); i++)
        names[i] = keys[i].key;
    nearest = name_nearest(str_take(str_from(key), 40), names, N_ELEMENTS(keys));
    return failed(ERR_INPUT, "there is no key '%.40s'%s%s%s", key, nearest ? "; is '" : "", nearest ? nearest : "",
                  nearest ? "' meant?" : "");
}

static enum err check_texts(const char *key, const json_t *v)
{
    const json_t *one;
    size_t i;

    if (json_is_string(v) && json_string_length(v))
        return OK;
    if (!json_is_array(v) || json_array_size(v) == 0)
        return failed(ERR_INPUT, "%s wants a text or a list of texts", key);
    json_array_foreach(v, i, one)
        if (!json_is_string(one) || json_string_length(one) == 0)
            return failed(ERR_INPUT, "%s wants a text or a list of texts", key);
    return OK;
}

static enum err check_table(const char *key, const json_t *v)
{
    const char *name;
    json_t *one;

    if (!json_is_object(v) || json_object_size(v) == 0)
        return failed(ERR_INPUT, "%s wants a map from names of arguments to patterns", key);
    json_object_foreach((json_t *)v, name, one)
        if (!json_is_string(one) && !json_is_integer(one) && !json_is_boolean(one))
            return failed(ERR_INPUT, "%s.%.40s wants a pattern, a whole number, true or false", key, name);
    return OK;
}

static enum err check_key(const char *key, const json_t *v)
{
    for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].key, key) != 0)
            continue;
        switch (keys[i].value) {
        case TEXTS: return check_texts(key, v);
        case TABLE: return check_table(key, v);
        case TEXT: return json_is_string(v) ? OK : failed(ERR_INPUT, "%s wants a text", key);
        case FLAG: return json_is_boolean(v) ? OK : failed(ERR_INPUT, "%s wants true or false", key);
        }
    }
    return unknown_key(key);
}

/* The i-th text of one that may stand alone; NO_STR behind the last. */
static str text_at(const json_t *body, const char *key, size_t i)
{
    const json_t *v = json_object_get(body, key);

    if (json_is_array(v))
        return json_strval(json_array_get(v, i));
    return i ? NO_STR : json_strval(v);
}

static enum err parse_decision(const json_t *body, enum decision *out)
{
    str text = text_at(body, "decision", 0);

    for (enum decision d = DECISION_ALLOW; d <= DECISION_DENY; d++)
        if (str_eq(text, str_from(decision_name(d)))) {
            *out = d;
            return OK;
        }
    return failed(ERR_INPUT, "decision is allow, ask or deny%s%.*s", text.len ? ", not " : "", STR(str_take(text, 40)));
}

static enum err parse_risks(const json_t *body, unsigned *out)
{
    str one;

    for (size_t i = 0; (one = text_at(body, "risk", i)).len; i++) {
        unsigned before = *out;

        for (enum risk r = RISK_READ; r <= RISK_OUTSIDE; r++)
            if (str_eq(one, str_from(risk_name(r))))
                *out |= 1U << r;
        if (*out == before)
            return failed(ERR_INPUT, "risk is read, write, execute or outside, each once, not %.*s", STR(str_take(one, 40)));
    }
    return OK;
}

static enum err parse_effects(const json_t *body, unsigned *out)
{
    str one;

    for (size_t i = 0; (one = text_at(body, "effect", i)).len; i++) {
        unsigned before = *out;

        for (size_t e = 0; e < N_EFFECTS; e++)
            if (str_eq(one, str_from(effect_names[e])))
                *out |= 1U << e;
        if (*out == before)
            return failed(ERR_INPUT, "effect is read, write, execute, delete, fetch, network, elsewhere or system, each once, not %.*s",
                          STR(str_take(one, 40)));
    }
    return OK;
}

/* A name that is spelt out must be a tool's; a pattern may be about tools to come. */
static enum err check_tools(const json_t *body)
{
    str one;

    for (size_t i = 0; (one = text_at(body, "tool", i)).len; i++) {
        str rest = str_from(options[OPTION_ROW_sandbox_enabled].allowed), name;
        bool known = tool_find(one) || str_find_char(one, '*') != STR_NONE;

        while (!known && str_split(&rest, '|', &name))
            known = str_eq(name, one);
        if (!known)
            return failed(ERR_INPUT, "there is no tool '%.*s'", STR(str_take(one, 40)));
    }
    return OK;
}

static enum err check_paths(const json_t *body)
{
    str one;

    for (size_t i = 0; (one = text_at(body, "path", i)).len; i++) {
        if (str_starts(one, S("./")) || str_ends(one, S("/")) || str_starts(one, S("../")) || str_find(one, S("/../")) != STR_NONE)
            return failed(ERR_INPUT, "path is relative to the workspace, without ./ and .. and a / at its end: reports/**");
        if (glob_check(str_skip(one, str_starts(one, S("/")))) != OK)
            return failed_in(ERR_INPUT, "path: ");
    }
    return OK;
}

static void parse_commands(struct arena *a, const json_t *body, struct policy_row *row)
{
    while (text_at(body, "command", row->n_commands).len)
        row->n_commands++;
    row->commands = arena_alloc(a, row->n_commands * sizeof *row->commands + 1);
    for (size_t i = 0; i < row->n_commands; i++)
        row->commands[i] = word_pattern_new(a, text_at(body, "command", i));
}

enum err policy_row_parse(struct arena *a, json_t *body, struct policy_row *out)
{
    struct policy_row row = { .rule = out->rule };
    const char *key;
    json_t *value;

    if (!json_is_object(body))
        return failed(ERR_INPUT, "a row is a map, such as {tool: exec, command: \"git push *\", decision: allow}");
    json_object_foreach(body, key, value)
        TRY(check_key(key, value));
    TRY(parse_decision(body, &row.decision));
    TRY(parse_risks(body, &row.risks));
    TRY(parse_effects(body, &row.effects));
    TRY(check_tools(body));
    TRY(check_paths(body));
    parse_commands(a, body, &row);
    row.reason = arena_c(a, text_at(body, "reason", 0));
    if (json_object_get(body, "complex"))
        row.complex = json_flag(body, "complex") ? YES : NO;
    if (json_object_get(body, "tainted"))
        row.tainted = json_flag(body, "tainted") ? YES : NO;
    row.body = json_incref(body);
    *out = row;
    return OK;
}

/* ---- matching ---- */

static bool matches_any(const json_t *body, const char *key, str text, enum strength s)
{
    str one;

    if (!json_object_get(body, key))
        return true;
    for (size_t i = 0; (one = text_at(body, key, i)).len; i++)
        if (pattern_matches(one, text, s))
            return true;
    return false;
}

static bool matches_roles(const json_t *body, const char *key, const char *const *roles)
{
    for (size_t i = 0; roles[i]; i++)
        if (matches_any(body, key, str_from(roles[i]), STRICT))
            return true;
    return false;
}

static bool matches_context(const struct policy_row *row, const struct policy_facts *f, const char *const *roles)
{
    const json_t *b = row->body;

    return matches_roles(b, "role", roles) && matches_roles(b, "roles", roles)
           && matches_any(b, "person", f->person->id, STRICT) && matches_any(b, "platform", f->platform, STRICT)
           && matches_any(b, "channel", f->platform, STRICT) && matches_any(b, "chat", f->chat_id, LOOSE)
           && matches_any(b, "tool", str_from(f->tool->name), STRICT)
           && (!row->risks || row->risks & 1U << f->tool->risk);
}

bool policy_row_is_about(const struct policy_row *row, const struct policy_facts *f, const char *const *roles, bool *ret_always)
{
    const json_t *b = row->body;

    *ret_always = row->tainted == ANY && row->complex == ANY && !row->effects && !row->n_commands && !json_object_get(b, "path")
                  && !json_object_get(b, "host") && !json_object_get(b, "arguments");
    return matches_context(row, f, roles);
}

static bool matches_taint(const struct policy_row *row, str taint)
{
    return row->tainted == ANY || (row->tainted == YES) == (taint.len > 0);
}

static void add_lower(struct buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++)
        buf_add_char(b, s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i]);
}

static bool matches_host(const json_t *body, str host)
{
    CLEANUP(buf_done) struct buf low = { 0 };
    str one;

    if (!json_object_get(body, "host"))
        return true;
    add_lower(&low, host);
    for (size_t i = 0; host.len && (one = text_at(body, "host", i)).len; i++) {
        CLEANUP(buf_done) struct buf pattern = { 0 };

        add_lower(&pattern, one);
        if (pattern_matches(buf_str(&pattern), buf_str(&low), STRICT))
            return true;
    }
    return false;
}

static bool matches_effects(const struct policy_row *row, const struct policy_act *act)
{
    if (row->effects == 0)
        return true;
    return row->decision == DECISION_ALLOW ? !(act->effects & ~row->effects) : (act->effects & row->effects) != 0;
}

/* Below a folder that stands for the workspace, or for what is outside of it: a pattern is about the whole path. */
static void add_rooted(struct buf *b, str path)
{
    buf_add(b, str_starts(path, S("/")) ? S("outside") : S("inside/"));
    if (!str_eq(path, S(".")))
        buf_add(b, path);
    else
        buf_cut(b, b->len - 1);
}

static bool path_fits(str pattern, const struct act_path *p, bool whole)
{
    CLEANUP(buf_done) struct buf want = { 0 };
    CLEANUP(buf_done) struct buf got = { 0 };

    add_rooted(&want, pattern);
    add_rooted(&got, p->path);
    return glob_match(buf_str(&want), buf_str(&got), GLOB_DOTS_SHOWN)
           || (whole && p->whole && glob_may_match_below(buf_str(&want), buf_str(&got), GLOB_DOTS_SHOWN));
}

/* A row that allows is about all of the act's files, and knows where they are; any other about any of them. */
static bool matches_paths(const struct policy_row *row, const struct policy_act *act)
{
    bool allows = row->decision == DECISION_ALLOW, any = false;
    str one;

    if (!json_object_get(row->body, "path"))
        return true;
    if (allows && act->guessed)
        return false;
    for (size_t i = 0; i < act->n_paths; i++) {
        const struct act_path *p = &act->paths[i];
        bool fits = !allows && p->unsure;

        for (size_t k = 0; !fits && (one = text_at(row->body, "path", k)).len; k++)
            fits = path_fits(one, p, !allows);
        if (allows && (!fits || p->unsure))
            return false;
        any |= fits;
    }
    return any;
}

static bool matches_command(const struct policy_row *row, const struct policy_act *act)
{
    enum strength s = row->decision == DECISION_ALLOW ? STRICT : LOOSE;

    if (row->n_commands == 0)
        return true;
    for (size_t i = 0; i < row->n_commands && act->n_words && !act->complex; i++)
        if (word_pattern_matches(&row->commands[i], act->words, act->n_words, s))
            return true;
    return false;
}

static bool matches_value(const json_t *want, const json_t *got, enum strength s)
{
    if (json_is_string(want))
        return json_is_string(got) && pattern_matches(json_strval(want), json_strval(got), s);
    return json_equal((json_t *)want, (json_t *)got);
}

static bool matches_arguments(const struct policy_row *row, const struct policy_facts *f)
{
    enum strength s = row->decision == DECISION_ALLOW ? STRICT : LOOSE;
    const char *name;
    json_t *want;

    json_object_foreach(json_object_get(row->body, "arguments"), name, want)
        if (!matches_value(want, json_object_get(f->arguments, name), s))
            return false;
    return true;
}

/* What nobody can read off the words is not allowed by a row that does not say so. */
static bool matches_complex(const struct policy_row *row, const struct policy_act *act)
{
    if (row->complex == ANY)
        return !act->complex || row->decision != DECISION_ALLOW;
    return (row->complex == YES) == (act->complex != NULL);
}

bool policy_row_matches(const struct policy_row *row, const struct policy_facts *f, const char *const *roles,
                        const struct policy_act *act)
{
    return matches_context(row, f, roles) && matches_taint(row, f->taint) && matches_complex(row, act)
           && matches_effects(row, act) && matches_command(row, act) && matches_paths(row, act) && matches_host(row->body, act->host)
           && matches_arguments(row, f);
}
