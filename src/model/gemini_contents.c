// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "model/api.h"
#include "model/gemini.h"
#include "model/turns.h"

/* Taken instead of a signature for calls of another model (https://ai.google.dev/gemini-api/docs/thought-signatures). */
#define NO_SIGNATURE "skip_thought_signature_validator"

/* The body is written as text: a conversation is many strings, and a tree of them would cost ten times the writing. */

static void separate(struct buf *b)
{
    if (b->p[b->len - 1] != '[')
        buf_add_char(b, ',');
}

static void end_part(struct buf *b, str signature)
{
    if (signature.len) {
        buf_add(b, S(",\"thoughtSignature\":"));
        json_add_string(b, signature);
    }
    buf_add_char(b, '}');
}

static void add_text(struct buf *b, str text, str signature)
{
    if (text.len == 0 && signature.len == 0)
        return;
    separate(b);
    buf_add(b, S("{\"text\":"));
    json_add_string(b, text);
    end_part(b, signature);
}

static void add_image(struct buf *b, const struct image *image)
{
    separate(b);
    buf_add(b, S("{\"inlineData\":{\"mimeType\":"));
    json_add_string(b, image->mime);
    buf_add(b, S(",\"data\":"));
    json_add_string(b, image->base64);
    buf_add(b, S("}}"));
}

static void add_call(struct buf *b, const struct tool_call *call, str signature)
{
    separate(b);
    buf_add(b, S("{\"functionCall\":{\"id\":"));
    json_add_string(b, call->id);
    buf_add(b, S(",\"name\":"));
    json_add_string(b, call->name);
    buf_add(b, S(",\"args\":"));
    buf_add(b, api_call_arguments(call->arguments));
    buf_add_char(b, '}');
    end_part(b, signature);
}

/* --- the model's turns --- */

struct reply_part { const struct chat_message *m; size_t text, calls; unsigned quirks; };

static void add_next_call(struct buf *b, struct reply_part *at, str signature)
{
    if (signature.len == 0 && at->calls == 0 && (at->quirks & GEMINI_SIGNATURES_WANTED))
        signature = S(NO_SIGNATURE);
    add_call(b, &at->m->calls[at->calls++], signature);
}

static void add_up_to(struct buf *b, struct reply_part *at, size_t text, size_t calls)
{
    add_text(b, str_cut(at->m->text, at->text, text), S(""));
    at->text = text > at->text ? text : at->text;
    while (at->calls < calls && at->calls < at->m->n_calls)
        add_next_call(b, at, S(""));
}

/* A part that came with a signature, if the message still has it. */
static void add_signed(struct buf *b, struct reply_part *at, const json_t *item)
{
    str signature = json_text_str(item, "signature"), thought = json_text_str(item, "thought");
    size_t text = (size_t)json_int(item, "after_text", 0), calls = (size_t)json_int(item, "after_calls", 0);
    size_t size = (size_t)json_int(item, "text", 0);

    if (text > at->m->text.len || calls > at->m->n_calls || size > at->m->text.len - text)
        return;
    add_up_to(b, at, text, calls);
    if (json_at(item, "thought")) {
        separate(b);
        buf_add(b, S("{\"text\":"));
        json_add_string(b, thought);
        buf_add(b, S(",\"thought\":true"));
        end_part(b, signature);
    } else if (json_at(item, "text")) {
        add_text(b, str_cut(at->m->text, text, text + size), signature);
        at->text = text + size;
    } else if (at->calls < at->m->n_calls) {
        add_next_call(b, at, signature);
    }
}

static void add_reply(struct buf *b, const struct chat_message *m, unsigned quirks)
{
    CLEANUP(json_decrefp) json_t *kept = quirks & GEMINI_SIGNATURES_REFUSED ? NULL : api_kept(m->kept, "gemini");
    struct reply_part at = { .m = m, .quirks = quirks };
    const json_t *item;
    size_t i;

    json_array_foreach(kept, i, item)
        add_signed(b, &at, item);
    add_up_to(b, &at, m->text.len, m->n_calls);
}

/* --- the user's turns --- */

static void add_result(struct buf *b, str name, const struct chat_message *m)
{
    separate(b);
    buf_add(b, S("{\"functionResponse\":{\"id\":"));
    json_add_string(b, m->call_id);
    buf_add(b, S(",\"name\":"));
    json_add_string(b, name);
    buf_add(b, S(",\"response\":{\"output\":"));
    json_add_string(b, m->text);
    buf_add(b, S("}}}"));
}

/* Results belong to the calls by name and order: in the order of the calls, and in a content of their own. */
static void add_results(struct buf *b, const struct prompt *p, size_t from, size_t to)
{
    size_t turn = from;

    while (turn > 0 && (turns_is_assistant(&p->messages[turn - 1])))
        turn--;
    for (; turn < from; turn++)
        for (size_t k = 0; k < p->messages[turn].n_calls; k++)
            for (size_t i = from; i < to; i++)
                if (p->messages[i].role == ROLE_TOOL && str_eq(p->messages[i].call_id, p->messages[turn].calls[k].id))
                    add_result(b, p->messages[turn].calls[k].name, &p->messages[i]);
}

static void begin_content(struct buf *b, const char *role)
{
    separate(b);
    buf_addf(b, "{\"role\":\"%s\",\"parts\":[", role);
}

/* What turned out to have no part is no content. */
static void end_content(struct buf *b, size_t start)
{
    if (b->p[b->len - 1] == '[')
        buf_cut(b, start);
    else
        buf_add(b, S("]}"));
}

static void add_said(struct buf *b, const struct chat_message *m)
{
    for (size_t i = 0; i < m->n_images; i++)
        add_image(b, &m->images[i]);
    add_text(b, m->text, S(""));
}

static void add_user_turn(struct buf *b, const struct prompt *p, size_t from, size_t to)
{
    size_t first = b->len, start = b->len;

    begin_content(b, "user");
    add_results(b, p, from, to);
    end_content(b, start);
    start = b->len;
    begin_content(b, "user");
    for (size_t i = from; i < to; i++)
        if (p->messages[i].role != ROLE_TOOL && !turns_is_assistant(&p->messages[i]))
            add_said(b, &p->messages[i]);
    end_content(b, start);
    if (b->len == first) {
        begin_content(b, "user");
        buf_add(b, S("{\"text\":\"(no text)\"}]}"));
    }
}

static void add_turns(struct buf *b, const struct prompt *p, unsigned quirks)
{
    size_t to;

    for (size_t from = turns_first(p); from < p->n_messages; from = to) {
        size_t start = b->len;

        to = turns_end(p, from);
        if (!turns_is_assistant(&p->messages[from])) {
            add_user_turn(b, p, from, to);
            continue;
        }
        begin_content(b, "model");
        for (size_t i = from; i < to; i++)
            add_reply(b, &p->messages[i], quirks);
        end_content(b, start);
    }
}

/* --- the whole --- */

static void add_system_parts(struct buf *b, const struct prompt *p, str instruction)
{
    for (size_t i = 0; i < p->n_messages && p->messages[i].role == ROLE_SYSTEM; i++)
        add_text(b, p->messages[i].text, S(""));
    add_text(b, instruction, S(""));
}

void gemini_add_conversation(struct buf *b, const struct prompt *p, unsigned quirks, str instruction)
{
    size_t first = turns_first(p), start = b->len;

    if (!(quirks & GEMINI_SYSTEM_AS_USER)) {
        buf_add(b, S("\"systemInstruction\":{\"parts\":["));
        add_system_parts(b, p, instruction);
        if (b->p[b->len - 1] == '[')
            buf_cut(b, start);
        else
            buf_add(b, S("]},"));
    }
    buf_add(b, S("\"contents\":["));
    start = b->len;
    if (quirks & GEMINI_SYSTEM_AS_USER) {
        begin_content(b, "user");
        add_system_parts(b, p, instruction);
        end_content(b, start);
    }
    if (b->len == start && (first == p->n_messages || turns_is_assistant(&p->messages[first]))) {
        begin_content(b, "user");
        buf_add(b, S("{\"text\":\"(What was said before this is not shown.)\"}]}"));
    }
    add_turns(b, p, quirks);
    buf_add_char(b, ']');
}
