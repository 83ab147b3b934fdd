// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_show.h"

#include <string.h>

#include "tool/policy_internal.h"
#include "tool/registry.h"

static void add_rows(json_t *list, const struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:O}", "rule", t->rows[i].rule, "decision",
            decision_name(t->rows[i].decision), "reason", json_from_str(str_from(t->rows[i].reason)), "row", t->rows[i].body));
}

json_t *policy_rows_json(const struct policy *p)
{
    json_t *list = json_array();

    add_rows(list, &p->configured);
    add_rows(list, &p->always);
    add_rows(list, &p->defaults);
    return list;
}

json_t *policy_roles_json(const struct policy *p)
{
    static const char *const approves[] = {
        [APPROVES_NONE] = "nothing", [APPROVES_OWN] = "their own calls", [APPROVES_BELOW] = "everybody's but an owner's",
        [APPROVES_ALL] = "everybody's",
    };
    json_t *list = json_array();

    for (size_t i = 0; i < p->roles.n; i++) {
        const struct policy_role *r = &p->roles.items[i];
        json_t *j = json_pack("{s:s, s:s, s:s, s:s}", "name", r->name, "like", r->like, "approves", approves[r->approves], "doc", r->doc);

        if (r->tools)
            json_object_set(j, "tools", (json_t *)r->tools);
        if (r->deny)
            json_object_set(j, "deny", (json_t *)r->deny);
        json_array_append_new(list, j);
    }
    return list;
}

/* ---- explaining ---- */

static json_t *texts_of(const struct policy_act *act)
{
    json_t *words = json_array();

    for (size_t i = 0; i < act->n_words; i++)
        json_array_append_new(words, json_from_str(act->words[i].text));
    return words;
}

static json_t *act_json(const struct policy_act *act, const struct policy_answer *answer)
{
    json_t *effects = json_array(), *paths = json_array();
    json_t *j = json_pack("{s:s, s:s, s:s}", "decision", decision_name(answer->decision), "rule", answer->rule, "why", answer->why);

    for (size_t e = 0; e < N_EFFECTS; e++)
        if (act->effects & 1U << e)
            json_array_append_new(effects, json_string(effect_names[e]));
    for (size_t i = 0; i < act->n_paths; i++)
        json_array_append_new(paths, json_from_str(act->paths[i].path));
    json_object_set_new(j, "effects", effects);
    json_object_set_new(j, "paths", paths);
    json_object_set_new(j, "command", texts_of(act));
    json_object_set_new(j, "host", json_from_str(act->host));
    if (act->complex)
        json_object_set_new(j, "complex", json_string(act->complex));
    return j;
}

static json_t *acts_json(const struct policy *p, struct arena *a, const struct policy_facts *f)
{
    json_t *list = json_array();
    struct policy_answer answer;
    struct standing s;

    if (!policy_standing(p, a, f, &s, &answer))
        return list;
    struct policy_acts acts = policy_acts_of(a, f);

    for (size_t i = 0; i < acts.n; i++) {
        policy_decide_act(p, a, f, &s, &acts.items[i], &answer);
        json_array_append_new(list, act_json(&acts.items[i], &answer));
    }
    return list;
}

static str text_or(const json_t *j, const char *key, str otherwise)
{
    str text = json_text_str(j, key);

    return text.len ? text : otherwise;
}

static enum err arguments_of(const json_t *question, const struct tool *tool, json_t **out)
{
    json_t *given = json_at(question, "arguments");
    CLEANUP(json_decrefp) json_t *arguments = given ? json_incref(given) : json_object();
    str command = json_text_str(question, "command");

    if (command.len)
        json_object_set_new(arguments, "command", json_from_str(command));
    TRY(tool_check_arguments(tool, arguments));
    *out = json_incref(arguments);
    return OK;
}

enum err policy_explain(const struct policy *p, struct arena *a, const json_t *question, const char *workspace, json_t **out)
{
    str role = text_or(question, "role", S("owner"));
    struct person who = { text_or(question, "person", str_eq(role, S("owner")) ? role : S("somebody")), role };
    str name = text_or(question, "tool", S("exec"));
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    struct policy_answer answer;
    struct policy_facts f = {
        .person = &who, .platform = text_or(question, "platform", S("rest")), .chat_id = json_text_str(question, "chat"),
        .tool = tool_find(name), .workspace = workspace, .taint = json_text_str(question, "taint"),
    };

    if (!f.tool)
        return failed(ERR_INPUT, "there is no tool \"%.*s\"", STR(str_take(name, 64)));
    if (!policy_has_role(p, who.role))
        return failed(ERR_INPUT, "there is no role \"%.*s\"", STR(str_take(who.role, 40)));
    TRY(arguments_of(question, f.tool, &arguments));
    f.arguments = arguments;
    policy_decide(p, a, &f, &answer);
    *out = json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "decision", decision_name(answer.decision), "rule", answer.rule, "why",
                     answer.why, "complex", answer.is_complex, "person", json_from_str(who.id), "role", json_from_str(who.role),
                     "acts", acts_json(p, a, &f));
    return OK;
}

/* ---- rows that never decide ---- */

static bool is_condition(const char *key)
{
    return strcmp(key, "decision") != 0 && strcmp(key, "reason") != 0;
}

/* Does `first` hold wherever `later` does?  By what they say alike: every condition of the first is one of the later. */
static bool covers(const struct policy_row *first, const struct policy_row *later)
{
    const char *key;
    json_t *v;

    if (first->decision == DECISION_ALLOW && (first->complex == ANY) && later->complex != NO && later->n_commands == 0)
        return false;       /* what is complex passes it by */
    if (first->decision == DECISION_ALLOW && later->decision != DECISION_ALLOW)
        return false;       /* what allows is matched more strictly */
    json_object_foreach(first->body, key, v)
        if (is_condition(key) && !json_equal(v, json_object_get(later->body, key)))
            return false;
    return true;
}

str policy_useless_rows(const struct policy *p, struct arena *a)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    const struct table *t = &p->configured;

    for (size_t i = 1; i < t->n; i++)
        for (size_t k = 0; k < i; k++)
            if (covers(&t->rows[k], &t->rows[i])) {
                buf_addf(&b, "%s%s never decides: %s fits whatever it fits", b.len ? "; " : "", t->rows[i].rule, t->rows[k].rule);
                break;
            }
    return arena_str(a, buf_str(&b));
}
