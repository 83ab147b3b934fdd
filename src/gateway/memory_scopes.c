// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_scopes.h"

#include <string.h>

#include "base/utf8.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/sessions.h"
#include "tool/policy.h"

enum { PROJECT_MAX = 64 };

static bool is(const struct memory_scopes *s, const char *role)
{
    return strcmp(s->like, role) == 0;
}

static bool is_admin(const struct memory_scopes *s)
{
    return is(s, "owner") || is(s, "admin");
}

static bool is_guest(const struct memory_scopes *s)
{
    return is(s, "guest") || is(s, "") || s->person.id.len == 0;
}

static bool is_private(const struct session_place *p)
{
    return str_eq(p->chat_type, S("private"));
}

static void see(struct memory_scopes *s, struct scope *visible, enum scope_kind kind, str key)
{
    visible[s->n++] = (struct scope){ kind, key };
}

enum err memory_scopes_of(struct gateway *g, struct arena *a, str session_id, const struct person *person, struct memory_scopes *out)
{
    struct scope *visible = arena_alloc(a, N_SCOPE_KINDS * sizeof *visible);
    struct session_place place;

    *out = (struct memory_scopes){ .visible = visible, .person = *person, .like = policy_like(policy_now(), person) };
    TRY(sessions_find(g, a, session_id, &place));
    if (place.platform.len == 0)
        return OK;
    struct scope chat = { SCOPE_CHAT, scope_chat_key(a, place.platform, place.chat_id, place.thread_id) };

    out->is_private = is_private(&place);
    out->recall = place.recall.len == 0 && config_now()->memory_recall_tokens;
    out->project = place.project;
    see(out, visible, SCOPE_CHAT, chat.key);
    if (is_guest(out))
        return OK;
    out->may_save = true;
    out->own = out->is_private ? (struct scope){ SCOPE_USER, person->id } : chat;
    if (out->is_private)
        see(out, visible, SCOPE_USER, person->id);
    see(out, visible, SCOPE_AGENT, place.agent);
    if (place.project.len)
        see(out, visible, SCOPE_PROJECT, place.project);
    see(out, visible, SCOPE_GLOBAL, S(""));
    return OK;
}

bool memory_scopes_see(const struct memory_scopes *s, struct scope scope)
{
    for (size_t i = 0; i < s->n; i++)
        if (scope_eq(s->visible[i], scope))
            return true;
    return false;
}

/* Is it theirs to write as a whole? */
static bool may_write(const struct memory_scopes *s, enum scope_kind kind)
{
    switch (kind) {
    case SCOPE_USER:
    case SCOPE_CHAT:    return s->may_save;
    case SCOPE_PROJECT: return is_admin(s) || is(s, "operator");
    default:            return is_admin(s);
    }
}

static const char *who_writes(enum scope_kind kind)
{
    return kind == SCOPE_PROJECT ? "operators and above" : "the owner and admins";
}

enum err memory_scopes_choose(const struct memory_scopes *s, str kind, struct scope *out)
{
    enum scope_kind wanted;

    if (!s->may_save)
        return failed(ERR_AUTH, "nothing is remembered for guests");
    *out = s->own;
    if (kind.len == 0)
        return OK;
    if (!scope_kind_parse(kind, &wanted))
        return failed(ERR_INPUT, "there is no scope \"%.*s\": user, chat, agent, project, global", STR(str_take(kind, 40)));
    if (wanted == SCOPE_PROJECT && s->project.len == 0)
        return failed(ERR_INPUT, "this conversation belongs to no project (/project NAME)");
    if (!may_write(s, wanted))
        return failed(ERR_AUTH, "what is remembered for \"%.*s\" is written by %s", STR(kind), who_writes(wanted));
    if (wanted == SCOPE_USER) {         /* also in a group, where it is not shown */
        *out = (struct scope){ SCOPE_USER, s->person.id };
        return OK;
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->visible[i].kind == wanted)
            *out = s->visible[i];
    return OK;
}

bool memory_scopes_may_change(const struct memory_scopes *s, const struct memory_item *item)
{
    if (!memory_scopes_see(s, item->scope) || !may_write(s, item->scope.kind))
        return false;
    return item->scope.kind != SCOPE_CHAT || s->is_private || is_admin(s) || str_eq(item->person, s->person.id);
}

bool memory_project_valid(str name)
{
    size_t n = 0;
    uint32_t ch;

    for (str rest = name; rest.len; n++) {
        size_t len = utf8_next(rest, &ch);

        if (len == 0 || (ch < 0x80 && !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", (int)ch)) || ch == 0
            || (ch >= 0x80 && ch < 0xa0))
            return false;
        rest = str_skip(rest, len);
    }
    return n > 0 && n <= PROJECT_MAX;
}
