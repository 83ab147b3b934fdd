// SPDX-License-Identifier: Apache-2.0
#include "tool/policy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tool/policy_role.h"
#include "tool/policy_row.h"
#include "tool/registry.h"

enum { ROWS_MAX = 1000 };       /* of each kind */

struct table { struct policy_row *rows; size_t n; };

struct policy {
    struct arena       *arena;
    json_t             *roles_body;
    struct policy_roles roles;
    struct table        configured, always, defaults;
};

const char *decision_name(enum decision d)
{
    static const char *const names[] = { [DECISION_ALLOW] = "allow", [DECISION_ASK] = "ask", [DECISION_DENY] = "deny" };

    return names[d];
}

/* ---- building ---- */

static void table_done(struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        json_decref(t->rows[i].body);
    t->n = 0;
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    table_done(&p->configured);
    table_done(&p->always);
    table_done(&p->defaults);
    json_decref(p->roles_body);
    arena_free(p->arena);
    free(p);
}

static enum err add_row(struct policy *p, struct table *t, const char *rule, json_t *body)
{
    struct policy_row row = { .rule = rule }, *more;

    if (t->n == ROWS_MAX)
        return failed(ERR_LIMIT, "%s: at most %d rows", rule, ROWS_MAX);
    if (policy_row_parse(p->arena, body, &row) != OK)
        return failed_in(ERR_INPUT, "%s: ", rule);
    if ((t->n & (t->n - 1)) == 0) {
        more = arena_alloc(p->arena, (t->n ? t->n * 2 : 1) * sizeof *more);
        if (t->n)
            memcpy(more, t->rows, t->n * sizeof *more);
        t->rows = more;
    }
    t->rows[t->n++] = row;
    return OK;
}

static enum err add_configured(struct policy *p, const json_t *rows)
{
    json_t *body;
    size_t i;

    if (rows && !json_is_array(rows) && !json_is_null(rows))
        return failed(ERR_INPUT, "policy wants a list of rows");
    json_array_foreach(rows, i, body)
        TRY(add_row(p, &p->configured, arena_printf(p->arena, "policy row %zu", i + 1), body));
    return OK;
}

static enum err add_defaults(struct policy *p)
{
    static const struct { const char *rule, *body, *reason; } rows[] = {
#define DEFAULT(name, body, reason) { "default " name, body, reason },
#include "tool/policy_defaults.def"
#undef DEFAULT
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        CLEANUP(json_decrefp) json_t *body = NULL;

        TRY(json_parse(str_from(rows[i].body), &body));
        TRY(add_row(p, &p->defaults, rows[i].rule, body));
        p->defaults.rows[i].reason = rows[i].reason;
    }
    return OK;
}

static enum err fill(struct policy *p, const json_t *rows, const json_t *roles)
{
    p->roles_body = json_incref((json_t *)roles);
    TRY(policy_roles_new(p->arena, roles, &p->roles));
    TRY(add_configured(p, rows));
    return add_defaults(p);
}

enum err policy_new(const json_t *rows, const json_t *roles, struct policy **out)
{
    struct policy *p = NEW(struct policy);

    p->arena = arena_new();
    enum err e = fill(p, rows, roles);

    if (e) {
        policy_free(p);
        return e;
    }
    *out = p;
    return OK;
}

enum err policy_add_always(struct policy *p, int64_t id, str body)
{
    CLEANUP(json_decrefp) json_t *row = NULL;

    if (json_parse(body, &row) != OK)
        return failed_in(ERR_INPUT, "always %" PRId64 ": ", id);
    return add_row(p, &p->always, arena_printf(p->arena, "always %" PRId64, id), row);
}

/* ---- deciding ---- */

/* A role as the rows know it: its own name, what it is like. */
struct standing { const char *roles[3]; };

static void deny(struct policy_answer *out, const char *rule, const char *why)
{
    *out = (struct policy_answer){ .decision = DECISION_DENY, .rule = rule, .why = why };
}

/* False: the role itself says no. */
static bool take_standing(const struct policy *p, struct arena *a, const struct policy_facts *f, struct standing *s,
                          struct policy_answer *out)
{
    const struct policy_role *r = policy_role_find(&p->roles, f->person->role);
    bool granted;

    if (!r) {
        deny(out, "role", f->person->role.len == 0 ? "strangers use no tools"
             : arena_printf(a, "there is no role \"%.*s\"", STR(str_take(f->person->role, 40))));
        return false;
    }
    if (!policy_role_has_tool(r, f->tool->name, &granted)) {
        deny(out, arena_printf(a, "role %s", r->name), arena_printf(a, "the role %s does not have the tool %s", r->name, f->tool->name));
        return false;
    }
    bool lifted = granted && (strcmp(r->like, "user") == 0 || strcmp(r->like, "guest") == 0);

    *s = (struct standing){ { r->name, lifted ? "operator" : r->like, NULL } };
    return true;
}

static const struct policy_row *first_match(const struct policy *p, const struct policy_facts *f, const struct standing *s,
                                            const struct policy_act *act)
{
    const struct table *tables[] = { &p->configured, &p->always, &p->defaults };

    for (size_t t = 0; t < N_ELEMENTS(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++)
            if (policy_row_matches(&tables[t]->rows[i], f, s->roles, act))
                return &tables[t]->rows[i];
    return NULL;    /* the last default fits everything */
}

static const char *why_of(struct arena *a, const struct policy_row *row, const struct policy_act *act)
{
    if (act->complex && row->complex == YES && row->decision != DECISION_ALLOW)
        return arena_printf(a, "%s: %s", row->reason[0] ? row->reason : "it is more than simple words", act->complex);
    return row->reason[0] ? row->reason : arena_printf(a, "%s says %s", row->rule, decision_name(row->decision));
}

static void decide_act(const struct policy *p, struct arena *a, const struct policy_facts *f, const struct standing *s,
                       const struct policy_act *act, struct policy_answer *out)
{
    const struct policy_row *row = first_match(p, f, s, act);

    if (!row) {
        deny(out, "none", "no row fits");
        return;
    }
    *out = (struct policy_answer){ row->decision, row->rule, why_of(a, row, act), act->complex != NULL };
    if (row->decision == DECISION_ALLOW && f->taint.len && f->tool->risk > RISK_READ && row->tainted != YES) {
        out->decision = DECISION_ASK;
        out->rule = "tainted";
        out->why = arena_printf(a, "words that are not the owner's are in this conversation (%.*s)", STR(str_take(f->taint, 200)));
    }
}

void policy_decide(const struct policy *p, struct arena *a, const struct policy_facts *f, struct policy_answer *out)
{
    struct standing s;
    struct policy_answer one;

    if (!p) {
        deny(out, "none", "no policy is in force");
        return;
    }
    if (!take_standing(p, a, f, &s, out))
        return;
    struct policy_acts acts = policy_acts_of(a, f);

    for (size_t i = 0; i < acts.n; i++) {
        decide_act(p, a, f, &s, &acts.items[i], &one);
        one.is_complex |= i && out->is_complex;
        if (i == 0 || one.decision > out->decision)
            *out = one;
        out->is_complex |= one.is_complex;
    }
}

static bool may_use(const struct policy *p, struct arena *a, const struct policy_facts *f)
{
    const struct table *tables[] = { &p->configured, &p->always, &p->defaults };
    struct policy_answer ignored;
    struct standing s;
    bool always;

    if (!take_standing(p, a, f, &s, &ignored))
        return false;
    for (size_t t = 0; t < N_ELEMENTS(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++) {
            const struct policy_row *row = &tables[t]->rows[i];

            if (!policy_row_is_about(row, f, s.roles, &always))
                continue;
            if (row->decision != DECISION_DENY)
                return true;
            if (always)
                return false;
        }
    return false;
}

bool policy_may_use(const struct policy *p, const struct policy_facts *f)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    return p && may_use(p, a, f);
}

const struct tool *const *policy_tools_for(const struct policy *p, struct arena *a, const struct policy_facts *f, size_t *ret_n)
{
    size_t n, kept = 0;
    const struct tool *const *enabled = tools_enabled(a, &n);
    const struct tool **list = arena_alloc(a, (n + 1) * sizeof *list);

    for (size_t i = 0; i < n && p; i++) {
        struct policy_facts one = *f;

        one.tool = enabled[i];
        if (policy_may_use(p, &one))
            list[kept++] = enabled[i];
    }
    *ret_n = kept;
    return list;
}

bool policy_has_role(const struct policy *p, str role)
{
    return p && policy_role_find(&p->roles, role);
}

bool policy_is_admin(const struct policy *p, const struct person *who)
{
    const struct policy_role *r = p ? policy_role_find(&p->roles, who->role) : NULL;

    return r && (strcmp(r->like, "owner") == 0 || strcmp(r->like, "admin") == 0);
}

/* ---- approving ---- */

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
        add_pattern(row, "host", acts.items[0].host);
    if (acts.items[0].n_words)
        json_object_set_new(row, "command", command_patterns(&acts));
    else
        add_plain(row, f, &acts.items[0]);
    json_object_set_new(row, "decision", json_string(decision_name(DECISION_ALLOW)));
    return row;
}

/* ---- the policy in force ---- */

static struct policy *now;

const struct policy *policy_now(void)
{
    return now;
}

void policy_use(struct policy *p)
{
    policy_free(now);
    now = p;
}
