// SPDX-License-Identifier: Apache-2.0
#include "agent/steer.h"

#include "agent/attachments.h"
#include "agent/persona.h"
#include "agent/speech.h"
#include "base/fault.h"
#include "base/metrics.h"
#include "runtime/clock.h"

/* What the sender quotes, what an attachment is called, and what an image shows a model that sees, may be anybody's words. */
static str taint_of(const struct message *m)
{
    if (m->n_attachments)
        return S("an attachment");
    return json_array_size(m->prev_messages) ? S("earlier messages, as the sender quotes them") : NO_STR;
}

enum err steer_show(const struct turn *t, const struct message *m, struct chat_message *out)
{
    bool sees = t->asker.route && asker_can(&t->asker, CAP_VISION);
    struct placed p = { 0 };
    const str *words = NULL;

    if (m->n_attachments) {
        TRY(attachments_place(t->arena, t->blobs, t->workspace, m, sees, &p));
        TRY(speech_read(t, m, &words));
    }
    *out = (struct chat_message){ .role = ROLE_USER, .text = persona_message(t->arena, m, p.paths, words), .images = p.images,
                                  .n_images = p.n_images, .taint = taint_of(m) };
    return OK;
}

/* The text is what the model was shown.  Images are shown anew from the message's attachments. */
static json_t *row_of(const struct waiting_message *w, const struct chat_message *shown)
{
    json_t *j = json_object();

    json_object_set_new(j, "inbox_id", json_integer(w->inbox_id));
    json_object_set_new(j, "text", json_from_str(shown->text));
    json_object_set_new(j, "user", json_from_str(w->message.user_id));
    if (shown->taint.len)
        json_object_set_new(j, "taint", json_from_str(shown->taint));
    if (w->message.n_attachments)
        json_object_set_new(j, "message", message_to_json(&w->message));
    return j;
}

static void add_rows(struct turn *t, struct batch *b, const struct waiting_message *w, const struct chat_message *shown)
{
    journal_steer(&t->journal, b, row_of(w, shown));
    batch_add(b, "inbox.absorb", "iii", w->inbox_id, t->inbox_id, clock_wall_ms());
    batch_expect(b, 1);
}

static void tell(struct turn *t, const struct waiting_message *w)
{
    CLEANUP(json_decrefp) json_t *j = json_object();

    json_object_set_new(j, "type", json_string("absorbed"));
    json_object_set_new(j, "message_id", json_from_str(w->message.id));
    json_object_set_new(j, "session_id", json_from_str(t->message.session_id));
    json_object_set_new(j, "by", json_from_str(t->message.id));
    json_object_set_new(j, "by_inbox_id", json_integer(t->inbox_id));
    bus_publish(t->bus, t->message.session_id, "absorbed", w->inbox_id, json_print(t->arena, j));
}

static enum err take(struct turn *t, const struct waiting_message *w, size_t n) AWAITS
{
    struct chat_message *shown = arena_alloc(t->arena, n * sizeof *shown);
    struct batch *b = batch_new(t->arena);
    struct journal before = t->journal;

    for (size_t i = 0; i < n; i++)
        TRY(steer_show(t, &w[i].message, &shown[i]));
    for (size_t i = 0; i < n; i++)
        add_rows(t, b, &w[i], &shown[i]);
    (void)FAULT(turn_absorbing);
    enum err e = store_commit(t->store, b);

    if (e) {
        t->journal = before;
        return e == ERR_CONFLICT ? OK : e;      /* one was dropped meanwhile: the next look finds the others */
    }
    (void)FAULT(turn_absorbed);
    t->waiting->taken(t->waiting->arg, w, n);
    for (size_t i = 0; i < n; i++) {
        transcript_add(&t->transcript, shown[i]);
        tell(t, &w[i]);
    }
    metric_add(METRIC_messages_absorbed, (int64_t)n);
    return OK;
}

enum err steer_take(struct turn *t)
{
    const struct waiting_message *w;
    size_t n = 0;

    if (t->waiting == NULL)
        return OK;
    TRY(t->waiting->look(t->waiting->arg, t, &w, &n));
    return n ? take(t, w, n) : OK;
}

enum err steer_load(struct turn *t, const json_t *body)
{
    const json_t *stored = json_at(body, "message");
    struct chat_message shown = { .role = ROLE_USER };
    struct message m;

    if (stored && message_from_json(t->arena, stored, &m) == OK)
        TRY(steer_show(t, &m, &shown));
    shown.text = arena_str(t->arena, json_text_str(body, "text"));
    shown.taint = arena_str(t->arena, json_text_str(body, "taint"));
    transcript_add(&t->transcript, shown);
    return OK;
}
