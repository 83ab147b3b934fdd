// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_internal.h"

#include <string.h>

#include "tool/registry.h"

static void deny(struct policy_answer *out, const char *rule, const char *why)
{
    *out = (struct policy_answer){ .decision = DECISION_DENY, .rule = rule, .why = why };
}

bool policy_standing(const struct policy *p, struct arena *a, const struct policy_facts *f, struct standing *s,
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

void policy_decide_act(const struct policy *p, struct arena *a, const struct policy_facts *f, const struct standing *s,
                       const struct policy_act *act, struct policy_answer *out)
{
    const struct policy_row *row = first_match(p, f, s, act);

    if (!row) {
        deny(out, "none", "no row fits");
        return;
    }
    *out = (struct policy_answer){ row->decision, row->rule, why_of(a, row, act), act->complex != NULL };
    if (row->decision == DECISION_ALLOW && f->taint.len && f->tool->risk > RISK_READ && !act->looks && row->tainted != YES) {
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
    if (!policy_standing(p, a, f, &s, out))
        return;
    struct policy_acts acts = policy_acts_of(a, f);

    for (size_t i = 0; i < acts.n; i++) {
        policy_decide_act(p, a, f, &s, &acts.items[i], &one);
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

    if (!policy_standing(p, a, f, &s, &ignored))
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

const char *policy_like(const struct policy *p, const struct person *who)
{
    const struct policy_role *r = p ? policy_role_find(&p->roles, who->role) : NULL;

    return r ? r->like : "";
}

bool policy_is_admin(const struct policy *p, const struct person *who)
{
    const char *like = policy_like(p, who);

    return strcmp(like, "owner") == 0 || strcmp(like, "admin") == 0;
}
