// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_act.h"

#include "base/utf8.h"
#include "model/tokens.h"
#include "runtime/clock.h"

enum { FORGET_MAX = 100 };

static const double said_importance = 0.7;      /* somebody asked for it: more than what was overheard */

enum err memory_actor_begin(struct memory_actor *m)
{
    return memory_scopes_of(m->gateway, m->arena, m->session_id, &m->person, &m->scopes);
}

bool memory_act_refused(enum err e)
{
    return e == ERR_INPUT || e == ERR_AUTH || e == ERR_NOT_FOUND || e == ERR_CONFLICT;
}

/* ---- remembering ---- */

static enum err check_tainted(const struct memory_actor *m, const struct memory_wish *w)
{
    if (m->taint.len == 0 || (w->scope.len == 0 && w->replaces == 0 && !w->pinned))
        return OK;
    return failed(ERR_AUTH, "words that are not this person's are in the conversation (%.*s): it can be saved, but not pinned, not in the "
                            "place of another memory and not in another scope; the person can do that with /remember",
                  STR(utf8_take(m->taint, 200)));
}

/* What a model writes may hold anything. */
static str clean(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf repaired = { .max = SIZE_MAX / 2 }, whole = { .max = SIZE_MAX / 2 };

    utf8_add_repaired(&repaired, str_trim(text));
    for (size_t i = 0; i < repaired.len; i++)
        if (repaired.p[i])
            buf_add_char(&whole, repaired.p[i]);
    return arena_str(a, str_trim(buf_str(&whole)));
}

/* What it takes the place of says where it belongs. */
static enum err scope_of_replaced(const struct memory_actor *m, int64_t id, struct scope *out) AWAITS
{
    struct memory_item old;

    TRY(memory_get(m->gateway->memory, m->arena, id, m->scopes.visible, m->scopes.n, &old));
    if (!memory_scopes_may_change(&m->scopes, &old))
        return failed(ERR_AUTH, "memory %lld is not this person's to change", (long long)id);
    *out = old.scope;
    return OK;
}

enum err memory_act_save(const struct memory_actor *m, const struct memory_wish *w, struct memory_item *ret_saved)
{
    struct memory_item item = {
        .kind = w->kind, .origin = m->origin, .text = clean(m->arena, w->text), .person = m->person.id, .session_id = m->session_id,
        .inbox_id = m->inbox_id, .taint = m->taint, .confidence = 1, .importance = said_importance, .pinned = w->pinned,
        .created_at = clock_wall_ms(), .expires_at = w->expires_at,
    };

    TRY(memory_scopes_choose(&m->scopes, w->scope, &item.scope));
    TRY(check_tainted(m, w));
    if (w->replaces) {
        TRY(scope_of_replaced(m, w->replaces, &item.scope));
        TRY(memory_replace(m->gateway->memory, w->replaces, &item, &item.id));
    } else {
        TRY(memory_save(m->gateway->memory, &item, 1, NULL, &item.id));
    }
    *ret_saved = item;
    return OK;
}

/* ---- looking ---- */

enum err memory_act_look(const struct memory_actor *m, const struct memory_look *l, struct recall_result *out)
{
    struct recall_query q = {
        .text = l->text, .scopes = m->scopes.visible, .n_scopes = m->scopes.n, .collections = l->collections,
        .n_collections = l->n_collections, .kinds = l->kinds, .since = l->since, .k = l->k, .max_tokens = l->max_tokens,
        .tokens = tokens_in,
    };

    return recall(m->gateway->memory, m->arena, &q, out);
}

/* ---- forgetting ---- */

enum err memory_act_forget(const struct memory_actor *m, const int64_t *ids, size_t n, const struct memory_item **ret_items)
{
    struct memory_item *items = arena_alloc(m->arena, (n + 1) * sizeof *items);
    size_t gone;

    if (n > FORGET_MAX)
        return failed(ERR_INPUT, "at most %d memories are forgotten at a time", FORGET_MAX);
    for (size_t i = 0; i < n; i++) {
        TRY(memory_get(m->gateway->memory, m->arena, ids[i], m->scopes.visible, m->scopes.n, &items[i]));
        if (!memory_scopes_may_change(&m->scopes, &items[i]))
            return failed(ERR_AUTH, "memory %lld is not this person's to forget", (long long)ids[i]);
    }
    TRY(memory_delete(m->gateway->memory, ids, n, &gone));
    *ret_items = items;
    return OK;
}
