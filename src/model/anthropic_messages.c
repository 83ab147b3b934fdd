// SPDX-License-Identifier: Apache-2.0
#include "model/anthropic.h"

#include <string.h>

#include "model/api.h"
#include "model/turns.h"

/* The body is written as text: a conversation is many strings, and a tree of them would cost ten times the writing. */

static void separate(struct buf *b)
{
    if (b->p[b->len - 1] != '[')
        buf_add_char(b, ',');
}

static void add_text(struct buf *b, str text)
{
    separate(b);
    buf_add(b, S("{\"type\":\"text\",\"text\":"));
    json_add_string(b, text);
    buf_add_char(b, '}');
}

/* Text of blanks alone is refused like an empty one. */
static void add_text_if_any(struct buf *b, str text)
{
    if (str_trim(text).len)
        add_text(b, text);
}

void anthropic_add_word(struct buf *b, str word)
{
    buf_add_char(b, '"');
    for (size_t i = 0; i < word.len; i++) {
        char ch = word.p[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-';

        buf_add_char(b, plain ? ch : '_');
    }
    buf_add_char(b, '"');
}

static void add_image(struct buf *b, const struct image *image)
{
    separate(b);
    buf_add(b, S("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":"));
    json_add_string(b, image->mime);
    buf_add(b, S(",\"data\":"));
    json_add_string(b, image->base64);
    buf_add(b, S("}}"));
}

static void add_result(struct buf *b, const struct chat_message *m)
{
    separate(b);
    buf_add(b, S("{\"type\":\"tool_result\",\"tool_use_id\":"));
    anthropic_add_word(b, m->call_id);
    if (str_trim(m->text).len) {
        buf_add(b, S(",\"content\":"));
        json_add_string(b, m->text);
    }
    buf_add_char(b, '}');
}

static void add_call(struct buf *b, const struct tool_call *call)
{
    separate(b);
    buf_add(b, S("{\"type\":\"tool_use\",\"id\":"));
    anthropic_add_word(b, call->id);
    buf_add(b, S(",\"name\":"));
    anthropic_add_word(b, call->name);
    buf_add(b, S(",\"input\":"));
    buf_add(b, api_call_arguments(call->arguments));
    buf_add_char(b, '}');
}

/* --- thoughts --- */

/* The fields of "thinking" and of "redacted_thinking"; what else an item has is ours. */
static const char *const of_thoughts[] = { "type", "thinking", "signature", "data" };

json_t *anthropic_kept_item(const json_t *block, str model, size_t text, size_t calls)
{
    json_t *item = json_object();

    for (size_t i = 0; i < N_ELEMENTS(of_thoughts); i++)
        if (json_at(block, of_thoughts[i]))
            json_object_set(item, of_thoughts[i], json_at(block, of_thoughts[i]));
    json_object_set_new(item, "model", json_from_str(model));
    if (text)
        json_object_set_new(item, "after_text", json_integer((json_int_t)text));
    if (calls)
        json_object_set_new(item, "after_calls", json_integer((json_int_t)calls));
    return item;
}

static void add_thoughts(struct buf *b, const json_t *item)
{
    CLEANUP(json_decrefp) json_t *block = json_object();

    for (size_t i = 0; i < N_ELEMENTS(of_thoughts); i++)
        if (json_at(item, of_thoughts[i]))
            json_object_set(block, of_thoughts[i], json_at(item, of_thoughts[i]));
    separate(b);
    json_print_to(b, block);
}

/* Signatures are good for the model that made them alone.  What answers may call itself longer than it was asked for
 * ("claude-x-20260101"), and was asked for as "claude-x-latest". */
static bool is_of_model(const json_t *item, str model)
{
    str made_by = json_text_str(item, "model");

    if (str_ends(model, S("-latest")))
        model = str_take(model, model.len - strlen("-latest"));
    return str_starts(made_by, model) || str_starts(model, made_by);
}

/* Without its signature a thought was cut short; and none may be the last of its turn. */
static bool is_to_go_back(const json_t *item, const struct chat_message *m, str model)
{
    return is_of_model(item, model) && (json_text_str(item, "signature").len || json_text_str(item, "data").len)
        && ((size_t)json_int(item, "after_text", 0) < m->text.len || (size_t)json_int(item, "after_calls", 0) < m->n_calls);
}

struct place { size_t text, calls; };

static void add_up_to(struct buf *b, const struct chat_message *m, struct place *done, struct place to)
{
    add_text_if_any(b, str_cut(m->text, done->text, to.text));
    for (; done->calls < m->n_calls && done->calls < to.calls; done->calls++)
        add_call(b, &m->calls[done->calls]);
    if (done->text < to.text)
        done->text = to.text;
}

static void add_assistant(struct buf *b, const struct prompt *p, const struct chat_message *m, enum thoughts thoughts)
{
    CLEANUP(json_decrefp) json_t *kept = thoughts == THOUGHTS_BACK ? api_kept(m->kept, "anthropic") : NULL;
    struct place done = {0};
    const json_t *item;
    size_t i;

    json_array_foreach(kept, i, item) {
        if (!is_to_go_back(item, m, p->model))
            continue;
        add_up_to(b, m, &done, (struct place){ (size_t)json_int(item, "after_text", 0), (size_t)json_int(item, "after_calls", 0) });
        add_thoughts(b, item);
    }
    add_up_to(b, m, &done, (struct place){ m->text.len, m->n_calls });
}

bool anthropic_may_think(const struct prompt *p, enum thoughts thoughts)
{
    size_t i = p->n_messages;

    while (i > 0 && (p->messages[i - 1].role != ROLE_ASSISTANT))
        i--;
    if (i == 0 || p->messages[i - 1].n_calls == 0)
        return true;
    const struct chat_message *m = &p->messages[i - 1];
    CLEANUP(json_decrefp) json_t *kept = thoughts == THOUGHTS_BACK ? api_kept(m->kept, "anthropic") : NULL;
    const json_t *first = json_array_get(kept, 0);

    return is_to_go_back(first, m, p->model) && json_int(first, "after_text", 0) == 0 && json_int(first, "after_calls", 0) == 0;
}

/* --- turns --- */

/* Results have to come first in their turn. */
static void add_user_turn(struct buf *b, const struct chat_message *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (m[i].role == ROLE_TOOL)
            add_result(b, &m[i]);
    for (size_t i = 0; i < n; i++) {
        if (m[i].role == ROLE_TOOL || turns_is_assistant(&m[i]))
            continue;
        for (size_t k = 0; k < m[i].n_images; k++)
            add_image(b, &m[i].images[k]);
        add_text_if_any(b, m[i].text);
    }
    if (b->p[b->len - 1] == '[')
        add_text(b, S("(no text)"));
}

static void mark_for_cache(struct buf *b)
{
    buf_cut(b, b->len - 1);
    buf_add(b, S(ANTHROPIC_CACHE_HERE "}"));
}

static void add_turns(struct buf *b, const struct prompt *p, enum thoughts thoughts)
{
    size_t to, user_turns_left = 0;

    for (size_t from = turns_first(p); from < p->n_messages; from = turns_end(p, from))
        user_turns_left += !turns_is_assistant(&p->messages[from]);
    for (size_t from = turns_first(p); from < p->n_messages; from = to) {
        bool assistant = turns_is_assistant(&p->messages[from]);

        to = turns_end(p, from);
        separate(b);
        buf_addf(b, "{\"role\":\"%s\",\"content\":[", assistant ? "assistant" : "user");
        for (size_t i = from; assistant && i < to; i++)
            add_assistant(b, p, &p->messages[i], thoughts);
        if (!assistant)
            add_user_turn(b, p->messages + from, to - from);
        if (!assistant && user_turns_left-- <= 2)
            mark_for_cache(b);
        buf_add(b, S("]}"));
    }
}

static void add_system(struct buf *b, const struct prompt *p)
{
    size_t start = b->len;

    buf_add(b, S("\"system\":["));
    for (size_t i = 0; i < p->n_messages && p->messages[i].role == ROLE_SYSTEM; i++)
        add_text_if_any(b, p->messages[i].text);
    if (b->p[b->len - 1] == '[') {
        buf_cut(b, start);
        return;
    }
    mark_for_cache(b);
    buf_add(b, S("],"));
}

void anthropic_add_conversation(struct buf *b, const struct prompt *p, enum thoughts thoughts)
{
    size_t first = turns_first(p);

    add_system(b, p);
    buf_add(b, S("\"messages\":["));
    if (first == p->n_messages || turns_is_assistant(&p->messages[first]))
        buf_add(b, S("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"(What was said before this is not shown.)\"}]}"));
    add_turns(b, p, thoughts);
    buf_add_char(b, ']');
}

str anthropic_called_tool(const struct prompt *p)
{
    for (size_t i = 0; i < p->n_messages; i++)
        if (p->messages[i].n_calls)
            return p->messages[i].calls[0].name;
    return S("");
}
