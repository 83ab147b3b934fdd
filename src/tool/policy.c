// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { ROWS_MAX = 1000 };       /* of each kind */

const char *decision_name(enum decision d)
{
    static const char *const names[] = { [DECISION_ALLOW] = "allow", [DECISION_ASK] = "ask", [DECISION_DENY] = "deny" };

    return names[d];
}

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

static enum err check_role(const struct policy *p, const json_t *name)
{
    str role = json_strval(name);

    if (role.len == 0 || str_find_char(role, '*') != STR_NONE || policy_role_find(&p->roles, role))
        return OK;      /* what is no text at all, policy_row_parse() says */
    return failed(ERR_INPUT, "there is no role '%.*s'", STR(str_take(role, 40)));
}

static enum err check_roles(const struct policy *p, const json_t *body)
{
    static const char *const keys[] = { "role", "roles" };
    const json_t *one;
    size_t k;

    for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
        const json_t *v = json_object_get(body, keys[i]);

        TRY(check_role(p, v));
        json_array_foreach(v, k, one)
            TRY(check_role(p, one));
    }
    return OK;
}

static enum err add_row(struct policy *p, struct table *t, const char *rule, json_t *body)
{
    struct policy_row row = { .rule = rule }, *more;

    if (t->n == ROWS_MAX)
        return failed(ERR_LIMIT, "%s: at most %d rows", rule, ROWS_MAX);
    if (check_roles(p, body) != OK || policy_row_parse(p->arena, body, &row) != OK)
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
