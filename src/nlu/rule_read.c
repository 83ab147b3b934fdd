// SPDX-License-Identifier: Apache-2.0
/* rule_read.c: rules from their YAML; whatever is wrong is told with its line. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/yaml_json.h"
#include "nlu/rule_internal.h"

struct reader { struct arena *arena; struct rule *rule; };

static enum err wrong(const struct node *n, const char *why)
{
    return failed(ERR_INPUT, "%u:%u: %.*s%s%s", n->line, n->column, STR(n->key), n->key.len ? " " : "", why);
}

static enum err read_words(struct reader *r, const struct node *n, struct words_list *out)
{
    if (n->kind == NODE_MAP)
        return wrong(n, "wants a text or a list of texts");
    out->items = arena_alloc(r->arena, (n->n + 1) * sizeof *out->items);
    if (n->kind == NODE_TEXT)
        out->items[out->n++] = arena_str(r->arena, n->text);
    for (const struct node *c = n->first; c; c = c->next) {
        if (c->kind != NODE_TEXT)
            return wrong(c, "wants texts as its items");
        out->items[out->n++] = arena_str(r->arena, c->text);
    }
    return out->n ? OK : wrong(n, "is empty: it would never fit");
}

/* Texts are compared as normal.h folds them. */
static enum err read_folded(struct reader *r, const struct node *n, struct words_list *out)
{
    TRY(read_words(r, n, out));
    for (size_t i = 0; i < out->n; i++) {
        struct normal folded;

        normal_make(r->arena, out->items[i], &folded);
        out->items[i] = folded.text;
    }
    return OK;
}

/* ---- a map by its keys ---- */

struct key { const char *name; enum err (*read)(struct reader *, const struct node *); };

static enum err read_map(struct reader *r, const struct node *map, const struct key *keys, size_t n)
{
    if (map->kind != NODE_MAP)
        return wrong(map, "wants a map");
    for (const struct node *c = map->first; c; c = c->next) {
        size_t i = 0;

        while (i < n && !str_eq(c->key, str_from(keys[i].name)))
            i++;
        if (i == n)
            return failed(ERR_INPUT, "%u:%u: a rule has no '%.*s' there", c->key_line, c->key_column, STR(str_take(c->key, 60)));
        TRY(keys[i].read(r, c));
    }
    return OK;
}

/* ---- match ---- */

static enum err read_exact(struct reader *r, const struct node *n) { return read_folded(r, n, &r->rule->exact); }
static enum err read_channel(struct reader *r, const struct node *n) { return read_words(r, n, &r->rule->channels); }
static enum err read_user(struct reader *r, const struct node *n) { return read_words(r, n, &r->rule->users); }
static enum err read_any(struct reader *r, const struct node *n) { return read_folded(r, n, &r->rule->any); }
static enum err read_all(struct reader *r, const struct node *n) { return read_folded(r, n, &r->rule->all); }
static enum err read_none(struct reader *r, const struct node *n) { return read_folded(r, n, &r->rule->none); }

static enum err read_keywords(struct reader *r, const struct node *n)
{
    static const struct key keys[] = { { "any", read_any }, { "all", read_all }, { "none", read_none } };

    return n->kind == NODE_MAP ? read_map(r, n, keys, N_ELEMENTS(keys)) : read_any(r, n);
}

static enum err read_regex(struct reader *r, const struct node *n)
{
    if (n->kind != NODE_TEXT)
        return wrong(n, "wants a regular expression");
    if (rule_pattern_new(n->text, &r->rule->pattern))
        return failed_in(ERR_INPUT, "%u:%u: regex: ", n->line, n->column);
    return OK;
}

static enum err read_intent(struct reader *r, const struct node *n)
{
    TRY(read_words(r, n, &r->rule->intents));
    for (size_t i = 0; i < r->rule->intents.n; i++)
        if (intent_find(r->rule->intents.items[i]) == NULL)
            return failed(ERR_INPUT, "%u:%u: there is no intent '%.*s'", n->line, n->column, STR(str_take(r->rule->intents.items[i], 60)));
    return OK;
}

static const char *const day_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

static enum err read_days(struct reader *r, const struct node *n)
{
    struct words_list days = { 0 };

    TRY(read_words(r, n, &days));
    for (size_t i = 0; i < days.n; i++) {
        size_t d = 0;

        while (d < N_ELEMENTS(day_names) && !str_eq_nocase(str_take(days.items[i], 3), str_from(day_names[d])))
            d++;
        if (d == N_ELEMENTS(day_names))
            return wrong(n, "wants days such as mon, tue");
        r->rule->hours.days |= (uint8_t)(1u << d);
    }
    return OK;
}

static enum err read_clock(const struct node *n, int *out)
{
    uint64_t hour, minute;
    size_t colon = str_find_char(n->text, ':');

    if (n->kind != NODE_TEXT || colon == STR_NONE || str_u64(str_take(n->text, colon), &hour) || hour > 24
        || str_u64(str_skip(n->text, colon + 1), &minute) || minute > 59 || hour * 60 + minute > 24 * 60)
        return wrong(n, "wants a time such as \"09:30\"");
    *out = (int)(hour * 60 + minute);
    return OK;
}

static enum err read_from(struct reader *r, const struct node *n) { return read_clock(n, &r->rule->hours.from); }
static enum err read_until(struct reader *r, const struct node *n) { return read_clock(n, &r->rule->hours.until); }

static enum err read_time(struct reader *r, const struct node *n)
{
    static const struct key keys[] = { { "days", read_days }, { "from", read_from }, { "until", read_until } };

    r->rule->hours = (struct rule_hours){ .is_set = true, .until = 24 * 60 };
    return read_map(r, n, keys, N_ELEMENTS(keys));
}

static enum err read_match(struct reader *r, const struct node *n)
{
    static const struct key keys[] = {
        { "exact", read_exact }, { "regex", read_regex }, { "keywords", read_keywords }, { "intent", read_intent },
        { "channel", read_channel }, { "user", read_user }, { "time", read_time },
    };

    return read_map(r, n, keys, N_ELEMENTS(keys));
}

/* ---- when ---- */

static enum err read_word(struct reader *r, const struct node *n, str *out)
{
    if (n->kind != NODE_TEXT)
        return wrong(n, "wants a text");
    *out = arena_str(r->arena, n->text);
    return OK;
}

static enum err read_flag(const struct node *n, int *out)
{
    *out = str_eq(n->text, S("true"));
    return n->kind == NODE_TEXT && (*out || str_eq(n->text, S("false"))) ? OK : wrong(n, "wants true or false");
}

static enum err read_chat(struct reader *r, const struct node *n)
{
    TRY(read_word(r, n, &r->rule->state.chat));
    return str_eq(n->text, S("private")) || str_eq(n->text, S("group")) ? OK : wrong(n, "may be private or group");
}

static enum err read_language(struct reader *r, const struct node *n)
{
    TRY(read_word(r, n, &r->rule->state.language));
    return str_eq(n->text, S("zh")) || str_eq(n->text, S("en")) ? OK : wrong(n, "may be zh or en");
}

static enum err read_project(struct reader *r, const struct node *n) { return read_word(r, n, &r->rule->state.project); }
static enum err read_attachments(struct reader *r, const struct node *n) { return read_flag(n, &r->rule->state.attachments); }
static enum err read_model(struct reader *r, const struct node *n) { return read_flag(n, &r->rule->state.model); }

static enum err read_when(struct reader *r, const struct node *n)
{
    static const struct key keys[] = {
        { "chat", read_chat }, { "language", read_language }, { "project", read_project }, { "attachments", read_attachments },
        { "model", read_model },
    };

    return read_map(r, n, keys, N_ELEMENTS(keys));
}

/* ---- do ---- */

static void drop(void *j)
{
    json_decref(j);
}

static enum err read_reply(struct reader *r, const struct node *n)
{
    r->rule->action = RULE_REPLY;
    return read_word(r, n, &r->rule->text);
}

static enum err read_agent(struct reader *r, const struct node *n)
{
    r->rule->action = RULE_AGENT;
    return read_word(r, n, &r->rule->to);
}

static enum err read_to(struct reader *r, const struct node *n) { return read_word(r, n, &r->rule->to); }
static enum err read_text(struct reader *r, const struct node *n) { return read_word(r, n, &r->rule->text); }

static enum err read_forward(struct reader *r, const struct node *n)
{
    static const struct key keys[] = { { "to", read_to }, { "text", read_text } };

    r->rule->action = RULE_FORWARD;
    TRY(read_map(r, n, keys, N_ELEMENTS(keys)));
    return r->rule->to.len ? OK : wrong(n, "needs `to`: whom it is forwarded to");
}

static enum err read_unbuilt(struct reader *r, const struct node *n)
{
    (void)r;
    return failed(ERR_INPUT, "%u:%u: %.*ss are not built yet: a rule can reply, use a tool, let an agent answer, or forward",
                  n->key_line, n->key_column, STR(n->key));
}

static enum err read_plan(struct reader *r, const struct node *n)
{
    static const char *const known[] = { "tool", "arguments", "steps", "title", "show" };

    for (const struct node *c = n->first; c; c = c->next) {
        size_t i = 0;

        while (i < N_ELEMENTS(known) && !str_eq(c->key, str_from(known[i])))
            i++;
        if (i == N_ELEMENTS(known))
            return failed(ERR_INPUT, "%u:%u: there is no '%.*s' beside `tool`", c->key_line, c->key_column, STR(str_take(c->key, 60)));
    }
    r->rule->action = RULE_PLAN;
    r->rule->plan = node_to_json(n);
    arena_on_free(r->arena, drop, r->rule->plan);
    return OK;
}

static const struct node *child(const struct node *map, const char *key)
{
    for (const struct node *c = map->first; c; c = c->next)
        if (str_eq(c->key, str_from(key)))
            return c;
    return NULL;
}

static enum err read_do(struct reader *r, const struct node *n)
{
    static const struct key keys[] = {
        { "reply", read_reply }, { "agent", read_agent }, { "forward", read_forward }, { "workflow", read_unbuilt },
        { "skill", read_unbuilt },
    };

    if (n->kind != NODE_MAP || n->n == 0)
        return wrong(n, "wants one of reply, tool, agent, forward");
    if (child(n, "tool") || child(n, "steps"))
        return read_plan(r, n);
    if (n->n > 1)
        return wrong(n, "wants one thing: two rules do two, the first with `then: continue`");
    return read_map(r, n, keys, N_ELEMENTS(keys));
}

/* ---- a rule ---- */

static enum err read_name(struct reader *r, const struct node *n) { return read_word(r, n, &r->rule->name); }

static enum err read_priority(struct reader *r, const struct node *n)
{
    return n->kind == NODE_TEXT && str_i64(n->text, &r->rule->priority) == OK ? OK : wrong(n, "wants a number");
}

static enum err read_then(struct reader *r, const struct node *n)
{
    r->rule->stops = !str_eq(n->text, S("continue"));
    return !r->rule->stops || str_eq(n->text, S("stop")) ? OK : wrong(n, "may be stop or continue");
}

static enum err read_rule(struct reader *r, const struct node *n)
{
    static const struct key keys[] = {
        { "name", read_name }, { "match", read_match }, { "when", read_when }, { "do", read_do }, { "priority", read_priority },
        { "then", read_then },
    };

    r->rule->stops = true;
    r->rule->state.attachments = r->rule->state.model = -1;
    TRY(read_map(r, n, keys, N_ELEMENTS(keys)));
    if (r->rule->name.len == 0 || !child(n, "match") || !child(n, "do"))
        return wrong(n, "a rule needs name, match and do");
    if (child(n, "match")->n == 0)
        return wrong(child(n, "match"), "is empty: it would fit every message");
    if (!r->rule->stops && r->rule->action != RULE_REPLY && r->rule->action != RULE_FORWARD)
        return wrong(child(n, "then"), "continue goes with reply and forward only: a tool's or an agent's answer is the answer");
    return OK;
}

static int by_priority(const void *a, const void *b)
{
    const struct rule *x = a, *y = b;

    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static enum err read_all_rules(struct rules *all, const struct node *list)
{
    if (list->kind != NODE_LIST)
        return wrong(list, "wants a list of rules");
    if (list->n > RULES_MAX)
        return failed(ERR_LIMIT, "%u:%u: at most %d rules", list->line, list->column, RULES_MAX);
    all->rules = arena_alloc(all->arena, list->n * sizeof *all->rules);
    for (const struct node *c = list->first; c; c = c->next) {
        struct reader r = { all->arena, &all->rules[all->n] };

        r.rule->place = all->n++;
        TRY(read_rule(&r, c));
        all->by_intent = all->by_intent || r.rule->intents.n;
    }
    qsort(all->rules, all->n, sizeof *all->rules, by_priority);
    return OK;
}

enum err rules_read(str yaml, struct rules **out)
{
    struct rules *all = NEW(struct rules);
    struct node *root;

    all->arena = arena_new();
    enum err e = yaml_parse(all->arena, yaml, &root);
    const struct node *list = e ? NULL : child(root, "rules");

    if (e == OK && root->kind == NODE_MAP && root->n > (list ? 1 : 0))
        e = failed(ERR_INPUT, "1:1: the file has one key, `rules`");
    if (e == OK && list && !node_is_null(list))
        e = read_all_rules(all, list);
    if (e) {
        rules_free(all);
        return e;
    }
    *out = all;
    return OK;
}

void rules_free(struct rules *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->n; i++)
        rule_pattern_free(all->rules[i].pattern);
    arena_free(all->arena);
    free(all);
}

size_t rules_count(const struct rules *all) { return all->n; }
bool   rules_want_intents(const struct rules *all) { return all->by_intent; }
