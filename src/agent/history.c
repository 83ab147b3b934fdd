// SPDX-License-Identifier: Apache-2.0
#include "agent/history.h"

#include <stdlib.h>

#include "agent/past.h"
#include "base/map.h"
#include "base/mem.h"

enum { NEVER_SHORT = 2 };       /* of the newest messages */

struct history {
    struct list  node;              /* of histories.by_use */
    str          session_id;
    struct list  pasts;             /* oldest first */
    size_t       n, size, max_messages;
    int64_t      last;              /* all that ended up to this inbox id is here */
    int64_t      asked;             /* the latest message that was to be answered; once it has ended here .. */
    bool         complete;          /* .. there is nothing newer in the store */
    struct past *summary;           /* of what was before, up to its inbox_id; NULL: none */
    int64_t      short_to;          /* messages up to this one are shown in short form */
    enum history_notes notes;
};

struct histories {
    struct map  sessions;           /* struct history, by session id */
    struct list by_use;             /* longest unused first */
    size_t      size, max;
};

/* What of it is looked after here grows when it is shortened. */
static void count_size(struct histories *hs, struct history *h, struct past *p)
{
    size_t now = arena_size(p->arena);

    h->size += now - p->size;
    hs->size += now - p->size;
    p->size = now;
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
    h->size -= p->size;
    hs->size -= p->size;
    past_unref(p);
}

static void set_summary(struct histories *hs, struct history *h, struct past *p)
{
    if (h->summary) {
        h->size -= h->summary->size;
        hs->size -= h->summary->size;
        past_unref(h->summary);
    }
    h->summary = p;
    if (p)
        count_size(hs, h, p);
}

static void drop_oldest(struct histories *hs, struct history *h)
{
    drop_past(hs, h, list_entry(h->pasts.next, struct past, node));
}

static void history_drop(struct histories *hs, struct history *h)
{
    while (h->n)
        drop_oldest(hs, h);
    set_summary(hs, h, NULL);
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

static void append(struct histories *hs, struct history *h, struct past *p)
{
    past_end(p);
    list_push_back(&h->pasts, &p->node);
    h->n++;
    count_size(hs, h, p);
    h->last = p->inbox_id;
}

/* users: newest first. */
static enum err append_all(struct histories *hs, struct history *h, const struct rows *users, const struct rows *journal)
{
    size_t j = 0;

    for (size_t i = users->n; i-- > 0; ) {
        struct past *p = past_new(row_int(users, i, 0), row_str(users, i, 2), row_str(users, i, 1));
        enum err e = past_read(p, journal, &j);

        if (e) {
            past_unref(p);
            return e;
        }
        append(hs, h, p);
    }
    return OK;
}

static struct past *oldest_of(const struct history *h)
{
    return list_entry(h->pasts.next, struct past, node);
}

/* What /new has put behind, what the summary stands for, and what is more than is shown. */
static void trim(struct histories *hs, struct history *h, int64_t context_from)
{
    if (h->summary && h->summary->inbox_id <= context_from)
        set_summary(hs, h, NULL);
    int64_t from = h->summary ? h->summary->inbox_id : context_from;

    while (h->n && (h->n > h->max_messages || oldest_of(h)->inbox_id <= from))
        drop_oldest(hs, h);
}

static struct past *summary_new(const struct history_summary *s)
{
    static const char heading[] = "[What was said before this, in short. It is a summary, made by the assistant; the words themselves "
                                  "are not shown any more.]\n";
    struct past *p = past_new(s->up_to, s->user_id, NO_STR);
    struct chat_message *m = &p->transcript.messages[0];

    m->text = str_from(arena_printf(p->arena, "%s%.*s", heading, STR(s->text)));
    m->taint = arena_str(p->arena, s->taint);
    past_end(p);
    return p;
}

static bool is_short(const struct history *h, const struct past *p)
{
    return p->inbox_id <= h->short_to && p->short_form.n;
}

static uint64_t tokens_now(const struct history *h, const struct past *p)
{
    return is_short(h, p) ? p->short_tokens : p->tokens;
}

/* The oldest of the newest that have at most so many tokens together. */
static struct list *newest_within(const struct history *h, uint64_t max_tokens)
{
    const struct list *first = &h->pasts;
    uint64_t used = 0;

    while (first->prev != &h->pasts) {
        used += tokens_now(h, list_entry(first->prev, struct past, node));
        if (used > max_tokens)
            break;
        first = first->prev;
    }
    return (struct list *)first;
}

static void show_past(const struct history *h, struct past *p, str user_id, struct transcript *t, struct history_shown *out)
{
    size_t first = t->n;

    past_show(p, is_short(h, p), user_id, t);
    out->tokens += tokens_now(h, p);
    for (size_t i = first; i < t->n; i++)
        if (t->messages[i].role == ROLE_TOOL)
            out->results += (t->messages[i].text.len + 3) / 4;
}

static void show(struct history *h, const struct history_wish *w, struct transcript *t, struct history_shown *out)
{
    uint64_t summary = h->summary && h->summary->tokens < w->max_tokens ? h->summary->tokens : 0;

    if (summary)
        show_past(h, h->summary, w->user_id, t, out);
    out->summary = summary;
    for (struct list *p = newest_within(h, w->max_tokens - summary); p != &h->pasts; p = p->next) {
        struct past *past = list_entry(p, struct past, node);

        show_past(h, past, w->user_id, t, out);
        if (out->n_messages++ == 0)
            out->from = past->inbox_id;
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

static void give(struct histories *hs, struct history *h, const struct history_wish *w, struct transcript *t,
                 struct history_shown *out)
{
    h->complete = false;
    h->asked = w->before;
    show(h, w, t, out);
    make_room(hs, h);
}

/* The latest, unless it is there. */
static void take_summary(struct histories *hs, struct history *h, const struct rows *r)
{
    if (r->n == 0 || (h->summary && h->summary->inbox_id == row_int(r, 0, 0)))
        return;
    set_summary(hs, h, summary_new(&(struct history_summary){ row_int(r, 0, 0), row_str(r, 0, 1), row_str(r, 0, 2), row_str(r, 0, 3) }));
}

static enum err take_rows(struct histories *hs, const struct history_wish *w, const struct batch *b, struct transcript *t,
                          struct history_shown *out)
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
    take_summary(hs, h, batch_rows(b, 4));
    trim(hs, h, session->n ? row_int(session, 0, 0) : 0);
    give(hs, h, w, t, out);
    return OK;
}

static bool take_kept(struct histories *hs, const struct history_wish *w, struct transcript *t, struct history_shown *out)
{
    struct history *h = find(hs, w);

    if (h == NULL || !h->complete || !w->is_new)
        return false;
    give(hs, h, w, t, out);
    return true;
}

bool history_again(struct histories *hs, const struct history_wish *w, struct transcript *t, struct history_shown *out)
{
    struct history *h = find(hs, w);

    if (h == NULL || h->asked != w->before)
        return false;
    *out = (struct history_shown){ 0 };
    give(hs, h, w, t, out);
    return true;
}

enum err history_add(struct histories *hs, struct store *store, const struct history_wish *w, struct transcript *t,
                     struct history_shown *out)
{
    *out = (struct history_shown){ 0 };
    if (take_kept(hs, w, t, out))
        return OK;
    for (;;) {
        const struct history *h = find(hs, w);
        int64_t after = h ? h->last : 0;
        struct batch *b = batch_new(t->arena);

        batch_add(b, "turn.context", "s", w->session_id);
        batch_add(b, "turn.history", "siii", w->session_id, w->before, (int64_t)w->max_messages, after);
        batch_add(b, "turn.history_journal", "siii", w->session_id, w->before, (int64_t)w->max_messages, after);
        batch_add(b, "journal.of", "i", w->before);
        batch_add(b, "turn.summary", "si", w->session_id, w->before);
        TRY(store_query(store, b));
        h = find(hs, w);
        if ((h ? h->last : 0) != after)     /* it was dropped or read meanwhile: what came does not fit */
            continue;
        out->journal = *batch_rows(b, 3);
        return take_rows(hs, w, b, t, out);
    }
}

void history_forget(struct histories *hs, str session_id)
{
    struct history *h = map_get(&hs->sessions, session_id);

    if (h)
        history_drop(hs, h);
}

void history_ended(struct histories *hs, const struct history_wish *w, str text, const struct chat_message *messages, size_t n)
{
    struct history *h = map_get(&hs->sessions, w->session_id);
    int64_t inbox_id = w->before;

    if (h == NULL || h->asked != inbox_id || h->last >= inbox_id)
        return;
    struct past *p = past_new(inbox_id, w->user_id, text);

    for (size_t i = 0; i < n; i++)
        past_add(p, &messages[i]);
    append(hs, h, p);
    trim(hs, h, 0);
    h->complete = true;
    make_room(hs, h);
}

enum history_notes history_notes(const struct histories *hs, str session_id)
{
    const struct history *h = map_get(&hs->sessions, session_id);

    return h ? h->notes : NOTES_UNKNOWN;
}

void history_set_notes(struct histories *hs, str session_id, enum history_notes notes)
{
    struct history *h = map_get(&hs->sessions, session_id);

    if (h)
        h->notes = notes;
}

bool history_shorten(struct histories *hs, str session_id, uint64_t tokens)
{
    struct history *h = map_get(&hs->sessions, session_id);
    uint64_t all = 0;

    if (h == NULL)
        return false;
    list_each(node, &h->pasts)
        all += tokens_now(h, list_entry(node, struct past, node));
    uint64_t before = all;
    struct list *node = h->pasts.next;

    for (size_t left = h->n; left > NEVER_SHORT && all > tokens; node = node->next, left--) {
        struct past *p = list_entry(node, struct past, node);

        if (p->inbox_id <= h->short_to)
            continue;
        all -= p->tokens - past_shorten(p);
        h->short_to = p->inbox_id;
        count_size(hs, h, p);
    }
    return all < before;
}

static void add_part(struct history_part *part, struct past *p)
{
    struct arena *a = part->transcript.arena;

    past_show(p, false, p->user_id, &part->transcript);
    if (part->user_id.len && p->user_id.len && !str_eq(part->user_id, p->user_id))
        part->several = true;
    if (p->user_id.len)
        part->user_id = arena_str(a, p->user_id);
    part->up_to = p->inbox_id;
    part->tokens += p->tokens;
    part->n_messages++;
}

bool history_older(struct histories *hs, str session_id, uint64_t keep, struct arena *a, struct history_part *out)
{
    struct history *h = map_get(&hs->sessions, session_id);

    *out = (struct history_part){ .transcript = { .arena = a } };
    if (h == NULL || h->n == 0 || newest_within(h, keep) == h->pasts.next)
        return false;
    if (h->summary)
        add_part(out, h->summary);
    for (struct list *node = h->pasts.next, *end = newest_within(h, keep); node != end; node = node->next) {
        struct past *p = list_entry(node, struct past, node);

        add_part(out, p);
        out->last_words = arena_str(a, p->transcript.messages[0].text);
    }
    out->n_messages -= h->summary != NULL;
    return true;
}

void history_compacted(struct histories *hs, str session_id, const struct history_summary *s)
{
    struct history *h = map_get(&hs->sessions, session_id);

    if (h == NULL || s->up_to > h->last)
        return;
    set_summary(hs, h, summary_new(s));
    trim(hs, h, 0);
}
