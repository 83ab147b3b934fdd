// SPDX-License-Identifier: Apache-2.0
#include "agent/past.h"

#include "agent/journal.h"
#include "agent/shorten.h"

enum { SHORT_RESULT = 1000 };

void past_unref(void *arg)
{
    struct past *p = arg;

    if (--p->refs == 0)
        arena_free(p->arena);
}

struct past *past_new(int64_t inbox_id, str user_id, str text)
{
    struct arena *a = arena_new();
    struct past *p = ARENA_NEW(a, struct past);

    *p = (struct past){ .arena = a, .refs = 1, .inbox_id = inbox_id, .user_id = arena_str(a, user_id),
                        .transcript = { .arena = a }, .short_form = { .arena = a } };
    /* a file alone, or nothing: the assistant wrote by itself; providers refuse an empty text */
    transcript_user(&p->transcript, text.len ? arena_str(a, text) : S("(no words)"));
    return p;
}

enum err past_read(struct past *p, const struct rows *journal, size_t *j)
{
    while (*j < journal->n && row_int(journal, *j, 0) < p->inbox_id)
        ++*j;
    for (; *j < journal->n && row_int(journal, *j, 0) == p->inbox_id; ++*j)
        TRY(transcript_row(&p->transcript, row_str(journal, *j, 1), row_str(journal, *j, 2), row_str(journal, *j, 3)));
    return OK;
}

void past_add(struct past *p, const struct chat_message *m)
{
    struct arena *a = p->arena;
    struct tool_call *calls = arena_alloc(a, m->n_calls * sizeof *calls);

    for (size_t i = 0; i < m->n_calls; i++)
        calls[i] = (struct tool_call){ arena_str(a, m->calls[i].id), arena_str(a, m->calls[i].name),
                                       arena_str(a, m->calls[i].arguments) };
    transcript_add(&p->transcript, (struct chat_message){
        .role = m->role, .text = arena_str(a, m->text), .calls = calls, .n_calls = m->n_calls,
        .call_id = arena_str(a, m->call_id), .reasoning = arena_str(a, m->reasoning), .kept = arena_str(a, m->kept),
        .taint = arena_str(a, m->taint) });
}

void past_end(struct past *p)
{
    transcript_repair(&p->transcript);
    p->tokens = p->short_tokens = transcript_tokens(p->transcript.messages, p->transcript.n);
}

uint64_t past_shorten(struct past *p)
{
    if (p->short_form.n)
        return p->short_tokens;
    for (size_t i = 0; i < p->transcript.n; i++) {
        struct chat_message m = p->transcript.messages[i];

        shorten_message(p->arena, &m, SHORT_RESULT);
        transcript_add(&p->short_form, m);
    }
    p->short_tokens = transcript_tokens(p->short_form.messages, p->short_form.n);
    return p->short_tokens;
}

void past_show(struct past *p, bool in_short, str user_id, struct transcript *t)
{
    const struct transcript *form = in_short && p->short_form.n ? &p->short_form : &p->transcript;
    size_t first = t->n;

    p->refs++;
    arena_on_free(t->arena, past_unref, p);
    for (size_t i = 0; i < form->n; i++)
        transcript_add(t, form->messages[i]);
    if (form->n && p->user_id.len && !str_eq(p->user_id, user_id) && t->messages[first].taint.len == 0)
        t->messages[first].taint = str_from(arena_printf(t->arena, "words of %.*s", STR(p->user_id)));
}
