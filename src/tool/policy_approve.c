// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_internal.h"

#include <string.h>

static bool approves(const struct policy_role *r, const struct person *who, const struct person *whom)
{
    switch (r->approves) {
    case APPROVES_ALL: return true;
    case APPROVES_BELOW: return !person_is_owner(whom);
    case APPROVES_OWN: return who->id.len && str_eq(who->id, whom->id);
    case APPROVES_NONE: break;
    }
    return false;
}

/* Nobody lets through what they might not do themselves. */
bool policy_may_approve(const struct policy *p, const struct person *who, const struct policy_facts *f)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct policy_role *r = p ? policy_role_find(&p->roles, who->role) : NULL;
    struct policy_facts own = *f;
    struct policy_answer answer;

    if (!r || !approves(r, who, f->person))
        return false;
    own.person = who;
    policy_decide(p, a, &own, &answer);
    return answer.decision != DECISION_DENY;
}

static void add_pattern(json_t *row, const char *key, str text)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    pattern_add_literal(&b, text);
    json_object_set_new(row, key, json_from_str(buf_str(&b)));
}

static json_t *command_patterns(const struct policy_acts *acts)
{
    json_t *list = json_array();

    for (size_t i = 0; i < acts->n; i++) {
        CLEANUP(buf_done) struct buf b = { 0 };

        for (size_t k = 0; k < acts->items[i].n_words; k++) {
            buf_add(&b, k ? S(" ") : S(""));
            if (acts->items[i].words[k].has_glob)
                buf_add(&b, acts->items[i].words[k].text);
            else
                pattern_add_literal(&b, acts->items[i].words[k].text);
        }
        if (b.len)
            json_array_append_new(list, json_from_str(buf_str(&b)));
    }
    return list;
}

static json_t *host_patterns(const struct policy_acts *acts)
{
    json_t *list = json_array();

    for (size_t i = 0; i < acts->n; i++) {
        CLEANUP(buf_done) struct buf b = { 0 };

        if (i && str_eq(acts->items[i].host, acts->items[i - 1].host))
            continue;
        pattern_add_literal(&b, acts->items[i].host);
        json_array_append_new(list, json_from_str(buf_str(&b)));
    }
    return list;
}

/* Every argument as it was: this call again, and no other. */
static void add_arguments(json_t *row, const json_t *arguments)
{
    json_t *table = json_object(), *value;
    const char *name;

    json_object_foreach((json_t *)arguments, name, value)
        if (json_is_string(value))
            add_pattern(table, name, json_strval(value));
        else if (json_is_integer(value) || json_is_boolean(value))
            json_object_set(table, name, value);
    if (json_object_size(table))
        json_object_set_new(row, "arguments", table);
    else
        json_decref(table);
}

static json_t *effects_list(unsigned effects)
{
    json_t *list = json_array();

    for (size_t e = 0; e < N_EFFECTS; e++)
        if (effects & 1U << e)
            json_array_append_new(list, json_string(effect_names[e]));
    return list;
}

/* What to say of a call that is no command: its files, or the host and what is done there, or all its arguments. */
static void add_plain(json_t *row, const struct policy_facts *f, const struct policy_act *act)
{
    json_t *paths = json_array();

    for (size_t i = 0; i < act->n_paths; i++) {
        CLEANUP(buf_done) struct buf b = { 0 };

        pattern_add_literal(&b, act->paths[i].path);
        json_array_append_new(paths, json_from_str(buf_str(&b)));
    }
    json_object_set_new(row, "effect", effects_list(act->effects));
    if (act->n_paths)
        json_object_set(row, "path", paths);
    else if (act->host.len == 0 || strcmp(f->tool->name, "http_fetch") != 0)
        add_arguments(row, f->arguments);
    json_decref(paths);
}

static bool is_uncertain(const struct policy_acts *acts)
{
    for (size_t i = 0; i < acts->n; i++)
        if (acts->items[i].complex)
            return true;
    for (size_t i = 0; i < acts->n && !acts->items[0].n_words; i++)
        for (size_t k = 0; k < acts->items[i].n_paths; k++)
            if (acts->items[i].paths[k].unsure)
                return true;
    return false;
}

/* In a context that others have written in nothing is said for always. */
json_t *policy_row_for(const struct policy_facts *f)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct policy_acts acts = policy_acts_of(a, f);

    if (f->taint.len || f->person->id.len == 0 || is_uncertain(&acts))
        return NULL;
    json_t *row = json_object();

    add_pattern(row, "person", f->person->id);
    json_object_set_new(row, "tool", json_string(f->tool->name));
    if (acts.items[0].host.len)
        json_object_set_new(row, "host", host_patterns(&acts));
    if (acts.items[0].n_words)
        json_object_set_new(row, "command", command_patterns(&acts));
    else
        add_plain(row, f, &acts.items[0]);
    json_object_set_new(row, "decision", json_string(decision_name(DECISION_ALLOW)));
    return row;
}
