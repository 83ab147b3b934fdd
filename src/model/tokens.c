// SPDX-License-Identifier: Apache-2.0
#include "model/tokens.h"

#include <string.h>

#include "domain/tool.h"

enum {
    WRAPPING = 4,           /* of a message, a call or a tool: role, separators */
    IMAGE = 1600,           /* what a large one is to Anthropic; the others count less (platform.claude.com/docs, "Vision") */
};

/* In how many of the eight bytes the top bit is set. */
static uint64_t tops_set(uint64_t bytes)
{
    return (bytes >> 7 & 0x0101010101010101) * 0x0101010101010101 >> 56;
}

/* A byte below 0x80 is a quarter, the first one of a longer character (0xc0 and above) four, and those behind it nothing.  Eight at a time:
 * every prompt is counted, the schemas of all tools with it. */
uint64_t tokens_in(str text)
{
    uint64_t ascii = 0, firsts = 0;
    size_t i = 0;

    for (; i + 8 <= text.len; i += 8) {
        uint64_t bytes;

        memcpy(&bytes, text.p + i, 8);
        ascii += 8 - tops_set(bytes);
        firsts += tops_set(bytes & bytes << 1);
    }
    for (; i < text.len; i++) {
        ascii += (unsigned char)text.p[i] < 0x80;
        firsts += (unsigned char)text.p[i] >= 0xc0;
    }
    return (ascii + 4 * firsts) / 4 + 1;
}

static uint64_t tokens_in_calls(const struct tool_call *calls, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += WRAPPING + tokens_in(calls[i].name) + tokens_in(calls[i].arguments);
    return sum;
}

static uint64_t tokens_in_tool(const struct tool *t)
{
    return WRAPPING + tokens_in(str_from(t->name)) + tokens_in(str_from(t->description)) + tokens_in(str_from(t->schema));
}

/* What is handed back for the API alone (signatures, encrypted thoughts) stands for the thoughts: the larger of the two counts. */
static uint64_t tokens_thought(str reasoning, str kept)
{
    uint64_t as_text = reasoning.len ? tokens_in(reasoning) : 0, as_kept = kept.len ? tokens_in(kept) : 0;

    return as_text > as_kept ? as_text : as_kept;
}

uint64_t tokens_in_prompt(const struct prompt *p)
{
    uint64_t sum = p->schema.len ? tokens_in(p->schema) : 0;

    for (size_t i = 0; i < p->n_messages; i++) {
        const struct chat_message *m = &p->messages[i];

        sum += WRAPPING + tokens_in(m->text) + tokens_in_calls(m->calls, m->n_calls) + m->n_images * IMAGE
             + tokens_thought(m->reasoning, m->kept);
    }
    for (size_t i = 0; i < p->n_tools; i++)
        sum += tokens_in_tool(p->tools[i]);
    return sum;
}

uint64_t tokens_in_reply(const struct reply *r)
{
    return tokens_in(r->text) + (r->reasoning.len ? tokens_in(r->reasoning) : 0) + tokens_in_calls(r->calls, r->n_calls);
}
