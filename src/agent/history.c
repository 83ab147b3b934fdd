// SPDX-License-Identifier: Apache-2.0
#include "agent/history.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

/* One earlier message.  Turns that show it hold it too, so it may outlive its conversation here. */
struct past {
    struct list       node;
    struct arena     *arena;        /* of everything in it, itself included */
    unsigned          refs;
    int64_t           inbox_id;
    str               user_id;      /* who wrote it */
    uint64_t          tokens;
    struct transcript transcript;
};

struct history {
    struct list  node;              /* of histories.by_use */
    str          session_id;
    struct list  pasts;             /* oldest first */
    size_t       n, size, max_messages;
    int64_t      last;              /* all that ended up to this inbox id is here */
    int64_t      asked;             /* the latest message that was to be answered; once it has ended here .. */
    bool         complete;          /* .. there is nothing newer in the store */
};

struct histories {
    struct map  sessions;           /* struct history, by session id */
    struct list by_use;             /* longest unused first */
    size_t      size, max;
};

static void past_unref(void *arg)
{
    struct past *p = arg;

    if (--p->refs == 0)
        arena_free(p->arena);
}

struct histories *histories_new(size_t max_bytes)
{
    struct histories *hs = NEW(struct histories);

    list_init(&hs->by_use);
    hs->max = max_bytes;
    return hs;
}

static void drop_past(struct histories *hs, struct history *h, struct past *p)
{
    list_remove(&p->node);
    h->n--;
    h->size -= arena_size(p->arena);
    hs->size -= arena_size(p->arena);
    past_unref(p);
}

static void drop_oldest(struct histories *hs, struct history *h)
{
    drop_past(hs, h, list_entry(h->pasts.next, struct past, node));
}

static void history_drop(struct histories *hs, struct history *h)
{
    while (h->n)
        drop_oldest(hs, h);
    list_remove(&h->node);
    map_remove(&hs->sessions, h->session_id);
    hs->size -= sizeof *h;
    free((char *)h->session_id.p);
    free(h);
}

void histories_forget(struct histories *hs)
{
    while (!list_empty(&hs->by_use))
        history_drop(hs, list_entry(hs->by_use.next, struct history, node));
}

void histories_free(struct histories *hs)
{
    if (hs == NULL)
        return;
    histories_forget(hs);
    map_done(&hs->sessions);
    free(hs);
}

size_t histories_size(const struct histories *hs)
{
    return hs->size;
}

static struct history *history_new(struct histories *hs, const struct history_wish *w)
{
    struct history *h = NEW(struct history);

    h->session_id = str_of(str_dup_c(w->session_id), w->session_id.len);
    h->max_messages = w->max_messages;
    list_init(&h->pasts);
    list_init(&h->node);
    map_put(&hs->sessions, h->session_id, h);
    hs->size += sizeof *h;
    return h;
}

static struct past *past_new(int64_t inbox_id, str user_id, str text)
{
    struct arena *a = arena_new();
    struct past *p = ARENA_NEW(a, struct past);

    *p = (struct past){ .arena = a, .refs = 1, .inbox_id = inbox_id, .user_id = arena_str(a, user_id),
                        .transcript = { .arena = a } };
    /* a file alone, or nothing: the assistant wrote by itself; providers refuse an empty text */
    transcript_user(&p->transcript, text.len ? arena_str(a, text) : S("(no words)"));
    return p;
}

/* The rows of one message, beginning with the *j-th of the journal's. */
static enum err read_past(struct past *p, const struct rows *journal, size_t *j)
{
    while (*j < journal->n && row_int(journal, *j, 0) < p->inbox_id)
        ++*j;
    for (; *j < journal->n && row_int(journal, *j, 0) == p->inbox_id; ++*j)
        TRY(transcript_row(&p->transcript, row_str(journal, *j, 1), row_str(journal, *j, 2), row_str(journal, *j, 3)));
    return OK;
}

static void append(struct histories *hs, struct history *h, struct past *p)
{
    transcript_repair(&p->transcript);
    for (size_t i = 0; i < p->transcript.n; i++) {
        const struct chat_message *m = &p->transcript.messages[i];

        p->tokens += tokens_in(m->text);
        for (size_t k = 0; k < m->n_calls; k++)
            p->tokens += tokens_in(m->calls[k].arguments);
    }
    list_push_back(&h->pasts, &p->node);
    h->n++;
    h->size += arena_size(p->arena);
    hs->size += arena_size(p->arena);
    h->last = p->inbox_id;
}

/* users: newest first. */
static enum err append_all(struct histories *hs, struct history *h, const struct rows *users, const struct rows *journal)
{
    size_t j = 0;

    for (size_t i = users->n; i-- > 0; ) {
        struct past *p = past_new(row_int(users, i, 0), row_str(users, i, 2), row_str(users, i, 1));
        enum err e = read_past(p, journal, &j);

        if (e) {
            past_unref(p);
            return e;
        }
        append(hs, h, p);
    }
    return OK;
}

/* What /new has put behind, and what is more than is shown. */
static void trim(struct histories *hs, struct history *h, int64_t context_from)
{
    while (h->n && (h->n > h->max_messages || list_entry(h->pasts.next, struct past, node)->inbox_id <= context_from))
        drop_oldest(hs, h);
}

/* In a group, what others wrote is not the words of whoever asks now.  What nobody wrote the assistant has sent by itself. */
static void show_past(const struct past *p, str user_id, struct transcript *t)
{
    size_t first = t->n;

    for (size_t i = 0; i < p->transcript.n; i++)
        transcript_add(t, p->transcript.messages[i]);
    if (p->transcript.n && p->user_id.len && !str_eq(p->user_id, user_id) && t->messages[first].taint.len == 0)
        t->messages[first].taint = str_from(arena_printf(t->arena, "words of %.*s", STR(p->user_id)));
}

static void show(struct history *h, const struct history_wish *w, struct transcript *t)
{
    struct list *first = &h->pasts;
    uint64_t used = 0;

    while (first->prev != &h->pasts) {
        used += list_entry(first->prev, struct past, node)->tokens;
        if (used > w->max_tokens)
            break;
        first = first->prev;
    }
    for (; first != &h->pasts; first = first->next) {
        struct past *p = list_entry(first, struct past, node);

        p->refs++;
        arena_on_free(t->arena, past_unref, p);
        show_past(p, w->user_id, t);
    }
}

static void make_room(struct histories *hs, struct history *used)
{
    list_remove(&used->node);
    list_push_back(&hs->by_use, &used->node);
    while (hs->size > hs->max && !list_empty(&hs->by_use))
        history_drop(hs, list_entry(hs->by_use.next, struct history, node));
}

/* The history that may be continued: not one that was kept for fewer messages than are wanted now. */
static struct history *find(struct histories *hs, const struct history_wish *w)
{
    struct history *h = map_get(&hs->sessions, w->session_id);

    if (h == NULL || (h->max_messages == w->max_messages && h->last < w->before))
        return h;
    history_drop(hs, h);
    return NULL;
}

static void give(struct histories *hs, struct history *h, const struct history_wish *w, struct transcript *t)
{
    h->complete = false;
    h->asked = w->before;
    show(h, w, t);
    make_room(hs, h);
}

static enum err take_rows(struct histories *hs, const struct history_wish *w, const struct batch *b, struct transcript *t)
{
    const struct rows *session = batch_rows(b, 0);
    struct history *h = find(hs, w);

    if (h == NULL)
        h = history_new(hs, w);
    enum err e = append_all(hs, h, batch_rows(b, 1), batch_rows(b, 2));

    if (e) {
        history_drop(hs, h);
        return e;
    }
    trim(hs, h, session->n ? row_int(session, 0, 0) : 0);
    give(hs, h, w, t);
    return OK;
}

static bool take_kept(struct histories *hs, const struct history_wish *w, struct transcript *t)
{
    struct history *h = find(hs, w);

    if (h == NULL || !h->complete || !w->is_new)
        return false;
    give(hs, h, w, t);
    return true;
}

enum err history_add(struct histories *hs, struct store *store, const struct history_wish *w, struct transcript *t,
                     struct rows *ret_journal)
{
    *ret_journal = (struct rows){ 0 };
    if (take_kept(hs, w, t))
        return OK;
    for (;;) {
        const struct history *h = find(hs, w);
        int64_t after = h ? h->last : 0;
        struct batch *b = batch_new(t->arena);

        batch_add(b, "turn.context", "s", w->session_id);
        batch_add(b, "turn.history", "siii", w->session_id, w->before, (int64_t)w->max_messages, after);
        batch_add(b, "turn.history_journal", "siii", w->session_id, w->before, (int64_t)w->max_messages, after);
        batch_add(b, "journal.of", "i", w->before);
        TRY(store_query(store, b));
        h = find(hs, w);
        if ((h ? h->last : 0) != after)     /* it was dropped or read meanwhile: what came does not fit */
            continue;
        *ret_journal = *batch_rows(b, 3);
        return take_rows(hs, w, b, t);
    }
}

void history_forget(struct histories *hs, str session_id)
{
    struct history *h = map_get(&hs->sessions, session_id);

    if (h)
        history_drop(hs, h);
}

static struct chat_message copy_message(struct arena *a, const struct chat_message *m)
{
    struct tool_call *calls = arena_alloc(a, m->n_calls * sizeof *calls);

    for (size_t i = 0; i < m->n_calls; i++)
        calls[i] = (struct tool_call){ arena_str(a, m->calls[i].id), arena_str(a, m->calls[i].name),
                                       arena_str(a, m->calls[i].arguments) };
    return (struct chat_message){ .role = m->role, .text = arena_str(a, m->text), .calls = calls, .n_calls = m->n_calls,
                                  .call_id = arena_str(a, m->call_id), .reasoning = arena_str(a, m->reasoning),
                                  .kept = arena_str(a, m->kept), .taint = arena_str(a, m->taint) };
}

void history_ended(struct histories *hs, const struct history_wish *w, str text, const struct chat_message *messages, size_t n)
{
    struct history *h = map_get(&hs->sessions, w->session_id);
    int64_t inbox_id = w->before;

    if (h == NULL || h->asked != inbox_id || h->last >= inbox_id)
        return;
    struct past *p = past_new(inbox_id, w->user_id, text);

    for (size_t i = 0; i < n; i++)
        transcript_add(&p->transcript, copy_message(p->arena, &messages[i]));
    append(hs, h, p);
    trim(hs, h, 0);
    h->complete = true;
    make_room(hs, h);
}
