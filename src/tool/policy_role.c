// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_role.h"

#include <string.h>

static const struct policy_role built_in[] = {
#define ROLE(id, approves, doc) { #id, #id, doc, NULL, NULL, APPROVES_##approves },
#include "tool/policy_roles.def"
#undef ROLE
};

const struct policy_role *policy_role_find(const struct policy_roles *all, str name)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_eq(name, str_from(all->items[i].name)))
            return &all->items[i];
    return NULL;
}

static enum err check_list(const char *key, const json_t *list)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(list))
        return failed(ERR_INPUT, "%s wants a list of tools", key);
    json_array_foreach(list, i, one)
        if (!json_is_string(one))
            return failed(ERR_INPUT, "%s wants a list of tools", key);
    return OK;
}

static enum err take_like(const struct policy_roles *all, const json_t *v, struct policy_role *r)
{
    const struct policy_role *like = policy_role_find(all, json_strval(v));

    if (!like || like->like != like->name || strcmp(like->name, "owner") == 0)
        return failed(ERR_INPUT, "like is admin, operator, user or guest");
    r->like = like->name;
    if (r->approves == APPROVES_NONE)
        r->approves = like->approves;
    return OK;
}

/* true: for everybody but an owner. */
static enum err take_approves(const json_t *v, struct policy_role *r)
{
    if (!json_is_boolean(v))
        return failed(ERR_INPUT, "may_approve wants true or false");
    r->approves = json_is_true(v) ? APPROVES_BELOW : APPROVES_NONE;
    return OK;
}

static enum err take_key(struct policy_role *r, const char *key, const json_t *v)
{
    if (strcmp(key, "like") == 0 || strcmp(key, "may_approve") == 0)
        return OK;
    if (strcmp(key, "tools") == 0) {
        r->tools = v;
        return check_list(key, v);
    }
    if (strcmp(key, "deny") == 0) {
        r->deny = v;
        return check_list(key, v);
    }
    return failed(ERR_INPUT, "there is no key '%.40s'; a role has like, tools, deny and may_approve", key);
}

static bool is_role_name(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (i && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_' || s.p[i] == '-'))))
            return false;
    return s.len > 0 && s.len <= 32;
}

static enum err take_role(struct policy_roles *all, const char *name, const json_t *body, struct policy_role *r)
{
    const char *key;
    json_t *v;

    if (!is_role_name(str_from(name)))
        return failed(ERR_INPUT, "a role's name has up to 32 small letters, digits, _ and -");
    if (policy_role_find(all, str_from(name)))
        return failed(ERR_INPUT, "is built in");
    if (!json_is_object(body))
        return failed(ERR_INPUT, "wants a map, such as {like: operator, deny: [ssh]}");
    json_object_foreach((json_t *)body, key, v)
        TRY(take_key(r, key, v));
    TRY(take_like(all, json_object_get(body, "like"), r));
    if (json_object_get(body, "may_approve"))
        TRY(take_approves(json_object_get(body, "may_approve"), r));
    return OK;
}

enum err policy_roles_new(struct arena *a, const json_t *roles, struct policy_roles *out)
{
    size_t most = N_ELEMENTS(built_in) + json_object_size(roles);
    struct policy_roles all = { arena_alloc(a, most * sizeof *all.items), N_ELEMENTS(built_in) };
    const char *name;
    json_t *body;

    memcpy(all.items, built_in, sizeof built_in);
    if (roles && !json_is_object(roles) && !json_is_null(roles))
        return failed(ERR_INPUT, "roles wants a map from names to what each may do");
    json_object_foreach((json_t *)roles, name, body) {
        struct policy_role r = { .name = arena_c(a, str_from(name)), .doc = "" };

        if (take_role(&all, name, body, &r) != OK)
            return failed_in(ERR_INPUT, "roles.%.40s: ", name);
        all.items[all.n++] = r;
    }
    *out = all;
    return OK;
}

static bool lists(const json_t *list, const char *tool)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
        if (pattern_matches(json_strval(one), str_from(tool), STRICT))
            return true;
    return false;
}

bool policy_role_has_tool(const struct policy_role *r, const char *tool, bool *ret_granted)
{
    *ret_granted = r->tools && lists(r->tools, tool);
    return !(r->deny && lists(r->deny, tool)) && (!r->tools || *ret_granted);
}
