// SPDX-License-Identifier: Apache-2.0
/* test_transcript.h: for tests: transcripts as text, a line each:
 *   s TEXT    u TEXT    a TEXT    system, user, assistant
 *   i MIME                        an image, of the user's message before it or of its own
 *   c ID|NAME|ARGUMENTS           a call, of the assistant's message before it or of its own
 *   r ID|TEXT                     a result */
#pragma once
#include <string.h>

#include "agent/transcript.h"

static inline struct chat_message *test_last(struct transcript *t, enum role role)
{
    if (t->n == 0 || t->messages[t->n - 1].role != role)
        transcript_add(t, (struct chat_message){ .role = role });
    return &t->messages[t->n - 1];
}

static inline void test_add_call(struct transcript *t, str line)
{
    struct chat_message *m = test_last(t, ROLE_ASSISTANT);
    struct tool_call *calls = arena_alloc(t->arena, (m->n_calls + 1) * sizeof *calls);
    str id = NO_STR, name = NO_STR;

    if (m->n_calls)
        memcpy(calls, m->calls, m->n_calls * sizeof *calls);
    str_split(&line, '|', &id);
    str_split(&line, '|', &name);
    calls[m->n_calls++] = (struct tool_call){ id, name, line };
    m->calls = calls;
}

static inline void test_add_image(struct transcript *t, str mime)
{
    struct chat_message *m = test_last(t, ROLE_USER);
    struct image *images = arena_alloc(t->arena, (m->n_images + 1) * sizeof *images);

    if (m->n_images)
        memcpy(images, m->images, m->n_images * sizeof *images);
    images[m->n_images++] = (struct image){ mime, S("bWVvdw==") };
    m->images = images;
}

static inline void test_add_line(struct transcript *t, char kind, str rest)
{
    str id = NO_STR;

    if (kind == 's')
        transcript_add(t, (struct chat_message){ .role = ROLE_SYSTEM, .text = rest });
    else if (kind == 'u')
        transcript_user(t, rest);
    else if (kind == 'a')
        transcript_add(t, (struct chat_message){ .role = ROLE_ASSISTANT, .text = rest });
    else if (kind == 'c')
        test_add_call(t, rest);
    else if (kind == 'i')
        test_add_image(t, rest);
    else if (kind == 'r' && str_split(&rest, '|', &id))
        transcript_result(t, id, rest, NO_STR);
}

static inline struct transcript test_transcript(struct arena *a, str text)
{
    struct transcript t = { .arena = a };
    str line;

    while (str_split(&text, '\n', &line))
        if (line.len)
            test_add_line(&t, line.p[0], str_skip(line, 2));
    return t;
}

static inline str test_transcript_text(const struct transcript *t)
{
    static const char kinds[] = { [ROLE_SYSTEM] = 's', [ROLE_USER] = 'u', [ROLE_ASSISTANT] = 'a' };
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    for (size_t i = 0; i < t->n; i++) {
        const struct chat_message *m = &t->messages[i];

        if (m->role == ROLE_TOOL)
            buf_addf(&b, "r %.*s|%.*s\n", STR(m->call_id), STR(m->text));
        else if (m->text.len || (m->n_calls == 0 && m->n_images == 0))
            buf_addf(&b, "%c %.*s\n", kinds[m->role], STR(m->text));
        for (size_t k = 0; k < m->n_images; k++)
            buf_addf(&b, "i %.*s\n", STR(m->images[k].mime));
        for (size_t k = 0; k < m->n_calls; k++)
            buf_addf(&b, "c %.*s|%.*s|%.*s\n", STR(m->calls[k].id), STR(m->calls[k].name), STR(m->calls[k].arguments));
    }
    return arena_str(t->arena, buf_str(&b));
}
