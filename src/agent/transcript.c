// SPDX-License-Identifier: Apache-2.0
#include "agent/transcript.h"

#include <string.h>

#include "model/tokens.h"

/* Most transcripts are one message that is kept and what was answered to it. */
enum { FIRST_CAP = 2 };

void transcript_add(struct transcript *t, struct chat_message m)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : FIRST_CAP;
        struct chat_message *bigger = arena_alloc(t->arena, cap * sizeof *bigger);

        if (t->n)
            memcpy(bigger, t->messages, t->n * sizeof *bigger);
        t->messages = bigger;
        t->cap = cap;
    }
    t->messages[t->n++] = m;
}

void transcript_user(struct transcript *t, str text)
{
    transcript_add(t, (struct chat_message){ .role = ROLE_USER, .text = text });
}

void transcript_reply(struct transcript *t, const struct reply *r)
{
    transcript_add(t, (struct chat_message){ .role = ROLE_ASSISTANT, .text = r->text, .calls = r->calls,
                                             .n_calls = r->n_calls, .reasoning = r->reasoning, .kept = r->kept,
                                             .taint = r->taint });
}

void transcript_result(struct transcript *t, str call_id, str text, str taint)
{
    transcript_add(t, (struct chat_message){ .role = ROLE_TOOL, .call_id = call_id, .text = text, .taint = taint });
}

str transcript_taint(const struct transcript *t)
{
    for (size_t i = t->n; i-- > 0; )
        if (t->messages[i].taint.len)
            return t->messages[i].taint;
    return NO_STR;
}

uint64_t transcript_tokens(const struct chat_message *m, size_t n)
{
    return tokens_in_prompt(&(struct prompt){ .messages = m, .n_messages = n });
}

static bool has_result(const struct transcript *t, size_t from, str call_id)
{
    for (size_t i = from; i < t->n; i++)
        if (t->messages[i].role == ROLE_TOOL && str_eq(t->messages[i].call_id, call_id))
            return true;
    return false;
}

void transcript_repair(struct transcript *t)
{
    size_t last = t->n;

    while (last && t->messages[last - 1].role == ROLE_TOOL)
        last--;
    if (last == 0 || t->messages[last - 1].role != ROLE_ASSISTANT)
        return;
    struct chat_message reply = t->messages[last - 1];      /* adding may move the array */

    for (size_t i = 0; i < reply.n_calls; i++)
        if (!has_result(t, last, reply.calls[i].id))
            transcript_result(t, reply.calls[i].id, S("(the result of this call was not recorded)"), NO_STR);
}
