// SPDX-License-Identifier: Apache-2.0
/* forget_person.c: all of somebody. */
#include <string.h>

#include "agent/history.h"
#include "gateway/access.h"
#include "gateway/approvals.h"
#include "gateway/forget.h"
#include "gateway/people.h"
#include "gateway/policy_rules.h"
#include "gateway/sessions.h"
#include "memory/knowledge.h"
#include "memory/memory.h"
#include "runtime/clock.h"
#include "store/audit.h"
#include "store/blobs.h"
#include "store/data_keys.h"
#include "store/secrets.h"

enum { PAGE = 500, STOP_MS = 30 * 1000, LOOK_MS = 20 };

static bool is_owner(str person)
{
    return str_eq(person, S("owner"));
}

/* Those of the owner's own surfaces are nowhere in the tables. */
static void add_own(json_t *list)
{
    static const char *const own[] = { "rest", "ws", "web", "cli", "openai" };

    for (size_t i = 0; i < N_ELEMENTS(own); i++)
        json_array_append_new(list, json_pack("[s, s]", own[i], "owner"));
}

str forget_accounts(struct gateway *g, struct arena *a, str person)
{
    CLEANUP(json_decrefp) json_t *who = person_json(access_people(g->access), person), *list = json_array();
    const json_t *account;
    size_t i;

    json_array_foreach(json_at(who, "accounts"), i, account)
        json_array_append_new(list, json_pack("[O, O]", json_object_get(account, "platform"), json_object_get(account, "user_id")));
    if (is_owner(person))
        add_own(list);
    return json_print(a, list);
}

/* ---- what they have running ---- */

static enum err stop_some(struct gateway *g, str accounts, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;
    bool stopped;

    TRY(store_read(g->store, a, &r, "forget.at_work", "s", accounts));
    for (size_t i = 0; i < r.n; i++)
        TRY(approvals_stop(g, a, row_str(&r, i, 0), &stopped));
    *ret_n = r.n;
    return OK;
}

enum err forget_stop(struct gateway *g, str accounts)
{
    uint64_t end = clock_ms() + STOP_MS;
    size_t n;

    for (;;) {
        TRY(stop_some(g, accounts, &n));
        if (n == 0)
            return OK;
        if (clock_ms() > end)
            return failed(ERR_CONFLICT, "%zu of their conversations are still at work: nothing is forgotten yet; try again", n);
        TRY(fiber_sleep(LOOK_MS));
    }
}

/* ---- their memories ---- */

/* A page after the other, until the statement finds none. */
static enum err forget_found(struct gateway *g, const char *statement, str key, int64_t partition, struct forgotten *f) AWAITS
{
    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct batch *b = batch_new(a);
        int64_t ids[PAGE];
        size_t n;

        if (partition)
            batch_add(b, statement, "ii", partition, (int64_t)PAGE);
        else
            batch_add(b, statement, "si", key, (int64_t)PAGE);
        TRY(store_query(g->memory_store, b));
        const struct rows *r = batch_rows(b, 0);

        if (r->n == 0)
            return OK;
        for (size_t i = 0; i < r->n; i++)
            ids[i] = row_int(r, i, 0);
        TRY(memory_delete(g->memory, ids, r->n, &n));
        f->items += n;
    }
}

static enum err forget_scope(struct gateway *g, struct scope scope, struct forgotten *f) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct memory_partition *p;
    size_t n;

    TRY(memory_partitions(g->memory, a, &scope, 1, &p, &n));
    for (size_t i = 0; i < n; i++)
        if (!str_starts(p[i].collection, S("workspace")))       /* files of the owner's, which are there to be edited */
            TRY(forget_found(g, "forget.of_partition", NO_STR, p[i].id, f));
    return OK;
}

static enum err forget_session_memories(struct gateway *g, struct arena *a, const struct rows *s, size_t i, struct forgotten *f) AWAITS
{
    struct batch *b = batch_new(a);
    str key = scope_chat_key(a, row_str(s, i, 1), row_str(s, i, 2), row_str(s, i, 3));

    TRY(forget_scope(g, (struct scope){ SCOPE_CHAT, key }, f));
    TRY(forget_found(g, "forget.of_session", row_str(s, i, 0), 0, f));
    batch_add(b, "forget.absorbed", "s", row_str(s, i, 0));
    batch_add(b, "forget.rebuilds", "s", row_str(s, i, 0));
    return store_commit(g->memory_store, b);
}

/* Whoever reads them in is told, and stops. */
static enum err forget_knowledge(struct gateway *g, struct scope scope) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct knowledge_collection *list;
    size_t n;

    if (g->knowledge == NULL)       /* at the start */
        return OK;
    TRY(knowledge_list(g->knowledge, a, &scope, 1, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (list[i].kind != COLLECTION_WORKSPACE)
            TRY(knowledge_remove(g->knowledge, list[i].id));
    return OK;
}

static enum err forget_memories(struct gateway *g, struct arena *a, str person, const struct rows *sessions, struct forgotten *f) AWAITS
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < sessions->n; i++)
        TRY(forget_session_memories(g, a, sessions, i, f));
    TRY(forget_knowledge(g, (struct scope){ SCOPE_USER, person }));
    TRY(forget_scope(g, (struct scope){ SCOPE_USER, person }, f));
    TRY(forget_found(g, "forget.of_person", person, 0, f));
    batch_add(b, "forget.scope_rebuilds", "s", person);
    batch_add(b, "forget.collections", "s", person);
    batch_add(b, "forget.added_by", "s", person);
    return store_commit(g->memory_store, b);
}

/* ---- their conversations ---- */

static enum err forget_session(struct gateway *g, str id) AWAITS
{
    static const char *const steps[] = {
        "forget.session_blobs", "forget.session_outbox", "forget.session_approvals", "forget.session_inbox", "forget.session_usage",
        "forget.session_agent", "forget.session",
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < N_ELEMENTS(steps); i++)
        batch_add(b, steps[i], "s", id);
    TRY(store_commit(g->store, b));
    history_forget(g->histories, id);
    sessions_forget(g->sessions, id);
    return OK;
}

/* In conversations with others: the words, and who said them. */
static enum err forget_page(struct gateway *g, str accounts, int64_t *after, struct forgotten *f) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *list = json_array();
    struct batch *b = batch_new(a);
    int64_t ids[PAGE];
    struct rows r;

    TRY(store_read(g->store, a, &r, "forget.messages_of", "sii", accounts, *after, (int64_t)PAGE));
    for (size_t i = 0; i < r.n; i++) {
        ids[i] = *after = row_int(&r, i, 0);
        json_array_append_new(list, json_integer(ids[i]));
    }
    if (r.n == 0) {
        *after = 0;
        return OK;
    }
    TRY(forget_words(g, ids, r.n, f));
    batch_add(b, "forget.senders", "s", json_print(a, list));
    return store_commit(g->store, b);
}

static enum err forget_conversations(struct gateway *g, str accounts, const struct rows *sessions, struct forgotten *f) AWAITS
{
    int64_t after = 0;
    size_t n;

    for (size_t i = 0; i < sessions->n; i++) {
        TRY(forget_session(g, row_str(sessions, i, 0)));
        f->sessions++;
    }
    do
        TRY(forget_page(g, accounts, &after, f));
    while (after);
    do
        TRY(blobs_expire(g->blobs, clock_wall_ms(), &n));
    while (n);
    return OK;
}

/* ---- who they are ---- */

static enum err forget_who(struct gateway *g, str person, str accounts, const struct forgotten *f) AWAITS
{
    static const char *const of_person[] = {
        "forget.timers", "forget.lists", "forget.keepsakes", "forget.usage", "forget.approvals_of", "forget.decisions",
        "forget.policy", "forget.policy_made", "forget.warnings",
    };
    static const char *const of_accounts[] = { "forget.told", "forget.pairings", "forget.users" };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < N_ELEMENTS(of_person); i++)
        if (!is_owner(person) || i < 6)         /* the owner's word on others holds */
            batch_add(b, of_person[i], "s", person);
    for (size_t i = 0; i < N_ELEMENTS(of_accounts); i++)
        if (!is_owner(person))
            batch_add(b, of_accounts[i], "s", accounts);
    if (!is_owner(person))
        batch_add(b, "person.remove", "s", person);
    audit_add(b, &(struct audit_row){ .person = S("owner"), .event = "person.forgotten", .subject = person,
                                      .detail = json_pack("{s:I, s:I}", "items", (json_int_t)f->items, "messages",
                                                          (json_int_t)f->messages) });
    TRY(store_commit(g->store, b));
    TRY(people_reload(access_people(g->access)));
    if (g->secrets && !is_owner(person))    /* whose own files' passages stay */
        TRY(data_keys_drop_person(secrets_data_keys(g->secrets), person));
    return policy_rules_load(g);
}

enum err forget_all_of(struct gateway *g, str person, str accounts, struct forgotten *f)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows sessions;

    TRY(store_read(g->store, a, &sessions, "forget.private_sessions", "s", accounts));
    TRY(forget_memories(g, a, person, &sessions, f));
    TRY(forget_conversations(g, accounts, &sessions, f));
    return forget_who(g, person, accounts, f);
}
