// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_responses.h"

#include <string.h>

#include "gateway/v1_read.h"

/* What the assistant said is one message to a prompt, and several items here: thoughts, words, and a call each. */
static struct chat_message *open_reply(struct v1_request *r)
{
    struct transcript *t = &r->messages;

    if (t->n == 0 || t->messages[t->n - 1].role != ROLE_ASSISTANT)
        transcript_add(t, (struct chat_message){ .role = ROLE_ASSISTANT, .text = S(""), .reasoning = S("") });
    return &t->messages[t->n - 1];
}

static enum err read_role(struct v1_request *r, const json_t *item, const char *where, enum role *out)
{
    static const struct { const char *word; enum role role; } words[] = {
        { "system", ROLE_SYSTEM }, { "developer", ROLE_SYSTEM }, { "user", ROLE_USER }, { "assistant", ROLE_ASSISTANT },
    };
    const char *word = json_text(item, "role");

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (strcmp(word, words[i].word) == 0) {
            *out = words[i].role;
            return OK;
        }
    return v1_wrong(r, where, "role", "must be system, developer, user or assistant");
}

static enum err read_message(struct v1_request *r, const json_t *item, const char *where)
{
    CLEANUP(v1_content_done) struct v1_content content = { 0 };
    struct chat_message m = { .reasoning = S("") };

    TRY(read_role(r, item, where, &m.role));
    TRY(v1_read_content(r, item, where, "content", &content));
    m.text = v1_content_words(&content, r->arena);
    m.images = content.images;
    m.n_images = content.n_images;
    if (m.n_images && m.role != ROLE_USER)
        return v1_wrong(r, where, "content", "has an image, which only a user's message may have");
    if (m.role == ROLE_ASSISTANT) {
        struct chat_message *open = open_reply(r);

        if (open->text.len == 0 && open->n_calls == 0) {
            open->text = m.text;
            return OK;
        }
    }
    transcript_add(&r->messages, m);
    return OK;
}

static enum err read_call(struct v1_request *r, const json_t *item, const char *where)
{
    struct tool_call call = { NO_STR, NO_STR, S("{}") };

    TRY(v1_read_text(r, item, where, "call_id", &call.id));
    TRY(v1_read_text(r, item, where, "name", &call.name));
    TRY(v1_read_text(r, item, where, "arguments", &call.arguments));
    if (call.id.len == 0 || call.name.len == 0)
        return v1_wrong(r, where, call.id.len ? "name" : "call_id", "is missing");
    v1_add_call(r, open_reply(r), &call);
    return OK;
}

static enum err read_output(struct v1_request *r, const json_t *item, const char *where)
{
    CLEANUP(v1_content_done) struct v1_content content = { 0 };
    struct chat_message m = { .role = ROLE_TOOL };

    TRY(v1_read_text(r, item, where, "call_id", &m.call_id));
    if (m.call_id.len == 0)
        return v1_wrong(r, where, "call_id", "is missing");
    TRY(v1_read_content(r, item, where, "output", &content));
    m.text = v1_content_words(&content, r->arena);
    transcript_add(&r->messages, m);
    if (content.n_images)       /* a result is text to a prompt; what it shows follows it */
        transcript_add(&r->messages, (struct chat_message){ .role = ROLE_USER, .text = S(""), .images = content.images,
                                                            .n_images = content.n_images });
    return OK;
}

static enum err read_reasoning(struct v1_request *r, const json_t *item, const char *where)
{
    CLEANUP(v1_content_done) struct v1_content thoughts = { 0 };
    str encrypted = NO_STR;

    TRY(v1_read_text(r, item, where, "encrypted_content", &encrypted));
    for (size_t i = 0; i < json_array_size(json_at(item, "summary")); i++)
        v1_content_text(&thoughts, json_text_str(json_array_get(json_at(item, "summary"), i), "text"));
    struct chat_message *open = open_reply(r);

    if (thoughts.n_texts)
        open->reasoning = v1_content_words(&thoughts, r->arena);
    if (encrypted.len)
        open->kept = v1_kept_from(r->arena, encrypted);
    return OK;
}

static const struct { const char *type; enum err (*read)(struct v1_request *, const json_t *, const char *where); } types[] = {
    { "message", read_message }, { "function_call", read_call }, { "function_call_output", read_output },
    { "reasoning", read_reasoning }, { "", read_message },
};

static enum err read_item(struct v1_request *r, const json_t *item, const char *where)
{
    const char *type = json_text(item, "type");

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (strcmp(type, types[i].type) == 0)
            return types[i].read(r, item, where);
    return v1_wrong(r, where, "type", "is '%.40s'; only message, function_call, function_call_output and reasoning are taken", type);
}

/* Thoughts that nothing came of. */
static void drop_empty_reply(struct transcript *t)
{
    const struct chat_message *last = t->n ? &t->messages[t->n - 1] : NULL;

    if (last && last->role == ROLE_ASSISTANT && last->text.len == 0 && last->n_calls == 0)
        t->n--;
}

static enum err read_input(struct v1_request *r, const json_t *body)
{
    const json_t *input = json_at(body, "input"), *item;
    str instructions = NO_STR;
    size_t i;

    TRY(v1_read_text(r, body, "", "instructions", &instructions));
    if (instructions.len)
        transcript_add(&r->messages, (struct chat_message){ .role = ROLE_SYSTEM, .text = instructions });
    if (json_is_string(input)) {
        transcript_user(&r->messages, json_strval(input));
        return OK;
    }
    if (json_array_size(input) == 0)
        return v1_wrong(r, "", "input", "must be a string, or an array with at least one item");
    json_array_foreach((json_t *)input, i, item)
        TRY(read_item(r, item, v1_place(r, "", "input", i)));
    drop_empty_reply(&r->messages);
    return OK;
}

static enum err read_tools(struct v1_request *r, const json_t *body)
{
    const json_t *list = NULL, *one;
    size_t i;

    TRY(v1_read_list(r, body, "", "tools", &list));
    v1_tools_room(r, json_array_size(list));
    json_array_foreach((json_t *)list, i, one) {
        const char *where = v1_place(r, "", "tools", i);

        if (strcmp(json_text(one, "type"), "function") != 0)
            return v1_wrong(r, where, "type", "must be function: the caller runs its tools itself");
        TRY(v1_add_tool(r, where, one, "parameters"));
    }
    return OK;
}

/* A conversation by its name, or what went before by its answer's id. */
static enum err read_conversation(struct v1_request *r, const json_t *body)
{
    const json_t *conversation = json_at(body, "conversation");

    TRY(v1_read_text(r, body, "", "user", &r->user));
    TRY(v1_read_text(r, body, "", "previous_response_id", &r->previous));
    if (conversation == NULL)
        return OK;
    str name = json_is_string(conversation) ? json_strval(conversation) : json_text_str(conversation, "id");

    if (name.len == 0)
        return v1_wrong(r, "", "conversation", "must be a name, or an object with an id");
    r->user = name;
    return OK;
}

static enum err read_rest(struct v1_request *r, const json_t *body)
{
    const json_t *reasoning = NULL, *text = NULL, *format = NULL;
    str effort = NO_STR;
    bool background = false;

    TRY(v1_read_sampling(r, body, 2));
    TRY(v1_read_count(r, body, "max_output_tokens", &r->prompt.max_tokens));
    TRY(v1_read_object(r, body, "", "reasoning", &reasoning));
    TRY(v1_read_text(r, reasoning, "reasoning", "effort", &effort));
    TRY(v1_read_effort(r, "reasoning", "effort", effort));
    TRY(v1_read_object(r, body, "", "text", &text));
    TRY(v1_read_object(r, text, "text", "format", &format));
    if (format)
        TRY(v1_read_format(r, format, "text.format", json_text_str(format, "type")));
    TRY(v1_read_flag(r, body, "", "background", &background));
    if (background)
        return v1_wrong(r, "", "background", "is not supported: answers are not kept to be fetched");
    return v1_read_flag(r, body, "", "stream", &r->stream);
}

enum err v1_responses_read(struct v1_request *r, const json_t *body)
{
    TRY(v1_read_text(r, body, "", "model", &r->model));
    TRY(read_input(r, body));
    TRY(read_tools(r, body));
    TRY(v1_read_tool_choice(r, body, "name"));
    TRY(read_conversation(r, body));
    return read_rest(r, body);
}
