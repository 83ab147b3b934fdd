// SPDX-License-Identifier: Apache-2.0
#include "model/openai_responses.h"

#include "domain/tool.h"
#include "model/api.h"
#include "model/openai_shared.h"
#include "model/quirks.h"

enum { LEAST_TOKENS = 16 };     /* less is refused */

/* Items and tools are elements of a list that has just been opened, or go on. */
static void add_comma(struct buf *b)
{
    if (b->p[b->len - 1] != '[')
        buf_add_char(b, ',');
}

static void add_text_message(struct buf *b, const char *role, str text, str phase)
{
    add_comma(b);
    buf_addf(b, "{\"role\":\"%s\"", role);
    openai_add_text(b, S(",\"content\":"), text);
    if (phase.len)
        openai_add_text(b, S(",\"phase\":"), phase);
    buf_add_char(b, '}');
}

static void add_user(struct buf *b, const struct chat_message *m)
{
    if (m->n_images == 0) {
        add_text_message(b, "user", m->text, NO_STR);
        return;
    }
    add_comma(b);
    buf_add(b, S("{\"role\":\"user\",\"content\":["));
    if (m->text.len) {
        openai_add_text(b, S("{\"type\":\"input_text\",\"text\":"), m->text);
        buf_add_char(b, '}');
    }
    for (size_t i = 0; i < m->n_images; i++) {
        add_comma(b);
        openai_add_data_url(b, S("{\"type\":\"input_image\",\"image_url\":"), &m->images[i]);
        buf_add_char(b, '}');
    }
    buf_add(b, S("]}"));
}

static void add_call(struct buf *b, const struct tool_call *call)
{
    add_comma(b);
    openai_add_text(b, S("{\"type\":\"function_call\",\"call_id\":"), call->id);
    openai_add_text(b, S(",\"name\":"), call->name);
    openai_add_text(b, S(",\"arguments\":"), api_call_arguments(call->arguments));
    buf_add_char(b, '}');
}

/* A reply on its way back.  What was kept of it says in which order its parts stood: reasoning as it came, {"type": "message",
 * "bytes": of the text, "phase"} and {"type": "function_call", "call_id"}.  Whoever trimmed or mended the message since then is right:
 * a part that is gone takes its reasoning with it (the API refuses reasoning without what it led to), and what is new comes last. */
struct replay {
    struct buf *out;
    const struct chat_message *message;
    str     text;               /* of it, what is not written yet */
    json_t *reasoning;          /* list: waits for what it led to */
};

static void write_reasoning(struct replay *r)
{
    const json_t *item;
    size_t i;

    json_array_foreach(r->reasoning, i, item) {
        add_comma(r->out);
        json_print_to(r->out, item);
    }
    json_array_clear(r->reasoning);
}

static void replay_text(struct replay *r, size_t bytes, str phase)
{
    str piece = str_take(r->text, bytes);

    if (piece.len == 0)
        return;
    r->text = str_skip(r->text, bytes);
    write_reasoning(r);
    add_text_message(r->out, "assistant", piece, phase);
}

static void replay_call(struct replay *r, str id)
{
    for (size_t i = 0; i < r->message->n_calls; i++)
        if (str_eq(r->message->calls[i].id, id)) {
            write_reasoning(r);
            add_call(r->out, &r->message->calls[i]);
        }
}

static bool has_call(const json_t *kept, str id)
{
    const json_t *item;
    size_t i;

    json_array_foreach(kept, i, item)
        if (str_eq(json_text_str(item, "call_id"), id))
            return true;
    return false;
}

/* SIZE_MAX for each of them where the text is not the one they were parts of. */
static size_t bytes_of(const json_t *kept, const json_t *message, size_t text_size)
{
    const json_t *item;
    int64_t sum = 0;
    size_t i;

    json_array_foreach(kept, i, item)
        sum += json_int(item, "bytes", 0);
    return sum == (int64_t)text_size ? (size_t)json_int(message, "bytes", 0) : SIZE_MAX;
}

static void replay_item(struct replay *r, const json_t *kept, json_t *item, unsigned quirks)
{
    str type = json_text_str(item, "type");

    if (str_eq(type, S("reasoning")) && !(quirks & QUIRK_NO_ENCRYPTED))
        json_array_append(r->reasoning, item);
    else if (str_eq(type, S("message")))
        replay_text(r, bytes_of(kept, item, r->message->text.len), json_text_str(item, "phase"));
    else if (str_eq(type, S("function_call")))
        replay_call(r, json_text_str(item, "call_id"));
}

static void add_assistant(struct buf *b, const struct chat_message *m, unsigned quirks)
{
    CLEANUP(json_decrefp) json_t *kept = api_kept(m->kept, RESPONSES_NAME), *reasoning = json_array();
    struct replay r = { .out = b, .message = m, .text = m->text, .reasoning = reasoning };
    json_t *item;
    size_t i;

    json_array_foreach(kept, i, item)
        replay_item(&r, kept, item, quirks);
    replay_text(&r, SIZE_MAX, NO_STR);
    for (i = 0; i < m->n_calls; i++)
        if (!has_call(kept, m->calls[i].id))
            replay_call(&r, m->calls[i].id);
}

static void add_message(struct buf *b, const struct chat_message *m, unsigned quirks)
{
    switch (m->role) {
    case ROLE_SYSTEM:
        add_text_message(b, quirks & QUIRK_DEVELOPER_ROLE ? "developer" : "system", m->text, NO_STR);
        return;
    case ROLE_USER:
        add_user(b, m);
        return;
    case ROLE_ASSISTANT:
        add_assistant(b, m, quirks);
        return;
    case ROLE_TOOL:
        add_comma(b);
        openai_add_text(b, S("{\"type\":\"function_call_output\",\"call_id\":"), m->call_id);
        openai_add_text(b, S(",\"output\":"), m->text);
        buf_add_char(b, '}');
    }
}

/* Here tools are strict unless it is said otherwise, and a schema that cannot be strict is refused. */
static void add_tools(struct buf *b, const struct prompt *p)
{
    buf_add(b, S(",\"tools\":["));
    for (size_t i = 0; i < p->n_tools; i++) {
        add_comma(b);
        openai_add_text(b, S("{\"type\":\"function\",\"name\":"), str_from(p->tools[i]->name));
        openai_add_text(b, S(",\"description\":"), str_from(p->tools[i]->description));
        buf_addf(b, ",\"parameters\":%s,\"strict\":false}", p->tools[i]->schema);       /* is JSON: tools_test */
    }
    buf_add_char(b, ']');
}

static void add_tool_use(struct buf *b, const struct prompt *p, unsigned quirks)
{
    if (!openai_offers_tools(p, quirks))
        return;
    add_tools(b, p);
    openai_add_choice(b, p, quirks, S("{\"type\":\"function\",\"name\":"), S("}"));
}

static void add_sampling(struct buf *b, const struct prompt *p, unsigned quirks)
{
    if (p->max_tokens > 0)
        buf_addf(b, ",\"max_output_tokens\":%lld", (long long)(p->max_tokens < LEAST_TOKENS ? LEAST_TOKENS : p->max_tokens));
    openai_add_randomness(b, p, quirks);
}

/* Its reasoning is told in words only where that is asked for. */
static void add_effort(struct buf *b, str effort, unsigned quirks)
{
    if (effort.len == 0 || (quirks & QUIRK_NO_EFFORT))
        return;
    openai_add_text(b, S(",\"reasoning\":{\"effort\":"), effort);
    if (!str_eq(effort, S("none")) && !(quirks & QUIRK_NO_SUMMARY))
        buf_add(b, S(",\"summary\":\"auto\""));
    buf_add_char(b, '}');
}

static void add_format(struct buf *b, const struct prompt *p, unsigned quirks)
{
    enum openai_format format = openai_format(p, quirks);

    if (format == FORMAT_OBJECT)
        buf_add(b, S(",\"text\":{\"format\":{\"type\":\"json_object\"}}"));
    if (format == FORMAT_SCHEMA) {
        buf_add(b, S(",\"text\":{\"format\":{\"type\":\"json_schema\","));
        openai_add_schema(b, p);
        buf_add(b, S("}}"));
    }
}

/* Texts to stop at have no word in this API. */
void responses_add_body(struct buf *b, const struct prompt *p, unsigned quirks)
{
    openai_add_text(b, S("{\"model\":"), p->model);
    buf_add(b, S(",\"input\":["));
    for (size_t i = 0; i < p->n_messages; i++)
        add_message(b, &p->messages[i], quirks);
    buf_add(b, S("],\"stream\":true,\"store\":false"));
    if (!(quirks & QUIRK_NO_ENCRYPTED))
        buf_add(b, S(",\"include\":[\"reasoning.encrypted_content\"]"));
    add_sampling(b, p, quirks);
    add_effort(b, p->effort, quirks);
    add_format(b, p, quirks);
    if (p->conversation.len && !(quirks & QUIRK_NO_CACHE_KEY))
        openai_add_text(b, S(",\"prompt_cache_key\":"), p->conversation);
    add_tool_use(b, p, quirks);
    buf_add_char(b, '}');
}
