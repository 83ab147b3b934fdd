// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_messages.h"

#include <string.h>

#include "gateway/v1_read.h"

/* One message while its blocks are read.  Results are messages of their own to a prompt, and go before the rest. */
struct reading {
    struct v1_request  *request;
    struct chat_message message;
    struct v1_content   content, thoughts;
};

static void reading_done(struct reading *m)
{
    v1_content_done(&m->content);
    v1_content_done(&m->thoughts);
}

/* ---- blocks ---- */

static enum err read_text(struct reading *m, const json_t *block, const char *where)
{
    str text = S("");

    TRY(v1_read_text(m->request, block, where, "text", &text));
    v1_content_text(&m->content, text);
    return OK;
}

static enum err add_image(struct v1_request *r, struct v1_content *c, const json_t *block, const char *where)
{
    const json_t *source = json_at(block, "source");

    if (strcmp(json_text(source, "type"), "base64") != 0)
        return v1_wrong(r, where, "source", "must be of type base64: images are not fetched from elsewhere");
    return v1_content_image(r, c, v1_path(r, where, "source"), "media_type",
                            (struct image){ json_text_str(source, "media_type"), json_text_str(source, "data") });
}

static enum err read_image(struct reading *m, const json_t *block, const char *where)
{
    return add_image(m->request, &m->content, block, where);
}

static enum err read_document(struct reading *m, const json_t *block, const char *where)
{
    const json_t *source = json_at(block, "source");

    if (strcmp(json_text(source, "type"), "text") != 0)
        return v1_wrong(m->request, where, "source", "must be of type text: other documents are not taken");
    v1_content_text(&m->content, json_text_str(source, "data"));
    return OK;
}

static enum err read_tool_use(struct reading *m, const json_t *block, const char *where)
{
    struct v1_request *r = m->request;
    struct tool_call call = { NO_STR, NO_STR, S("{}") };
    const json_t *input = NULL;

    TRY(v1_read_text(r, block, where, "id", &call.id));
    TRY(v1_read_text(r, block, where, "name", &call.name));
    TRY(v1_read_object(r, block, where, "input", &input));
    if (call.id.len == 0 || call.name.len == 0)
        return v1_wrong(r, where, call.id.len ? "name" : "id", "is missing");
    if (input)
        call.arguments = json_print(r->arena, input);
    v1_add_call(r, &m->message, &call);
    return OK;
}

static enum err read_result_part(struct v1_request *r, struct v1_content *c, const json_t *part, const char *where)
{
    str text = S("");

    if (strcmp(json_text(part, "type"), "image") == 0)
        return add_image(r, c, part, where);
    if (strcmp(json_text(part, "type"), "text") != 0)
        return v1_wrong(r, where, "type", "is '%.40s'; only text and image are taken", json_text(part, "type"));
    TRY(v1_read_text(r, part, where, "text", &text));
    v1_content_text(c, text);
    return OK;
}

/* What a result shows goes with what the user says beside it. */
static enum err read_tool_result(struct reading *m, const json_t *block, const char *where)
{
    struct v1_request *r = m->request;
    CLEANUP(v1_content_done) struct v1_content words = { 0 };
    struct chat_message result = { .role = ROLE_TOOL };
    const json_t *content = json_at(block, "content"), *part;
    size_t i;

    TRY(v1_read_text(r, block, where, "tool_use_id", &result.call_id));
    if (result.call_id.len == 0)
        return v1_wrong(r, where, "tool_use_id", "is missing");
    if (content && !json_is_string(content) && !json_is_array(content))
        return v1_wrong(r, where, "content", "must be a string or an array of blocks");
    if (json_is_string(content))
        v1_content_text(&words, json_strval(content));
    words.images = m->content.images;
    words.n_images = m->content.n_images;
    json_array_foreach((json_t *)content, i, part)
        TRY(read_result_part(r, &words, part, v1_place(r, where, "content", i)));
    m->content.images = words.images;
    m->content.n_images = words.n_images;
    result.text = v1_content_words(&words, r->arena);
    transcript_add(&r->messages, result);
    return OK;
}

static enum err read_thinking(struct reading *m, const json_t *block, const char *where)
{
    str thought = S("");

    TRY(v1_read_text(m->request, block, where, "thinking", &thought));
    v1_content_text(&m->thoughts, thought);
    return OK;
}

/* Ours, handed back (v1_messages_write.c); another server's says nothing to us. */
static enum err read_redacted(struct reading *m, const json_t *block, const char *where)
{
    str data = NO_STR;

    TRY(v1_read_text(m->request, block, where, "data", &data));
    m->message.kept = v1_kept_from(m->request->arena, data);
    return OK;
}

enum { OF_USER = 1, OF_ASSISTANT = 2 };

static const struct {
    const char *type;
    unsigned    whose;
    enum err  (*read)(struct reading *, const json_t *, const char *where);
} types[] = {
    { "text", OF_USER | OF_ASSISTANT, read_text },      { "image", OF_USER, read_image },
    { "document", OF_USER, read_document },             { "tool_result", OF_USER, read_tool_result },
    { "tool_use", OF_ASSISTANT, read_tool_use },        { "thinking", OF_ASSISTANT, read_thinking },
    { "redacted_thinking", OF_ASSISTANT, read_redacted },
};

static enum err read_block(struct reading *m, const json_t *block, const char *where)
{
    const char *type = json_text(block, "type");
    unsigned whose = m->message.role == ROLE_USER ? OF_USER : OF_ASSISTANT;

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (strcmp(type, types[i].type) == 0 && (types[i].whose & whose))
            return types[i].read(m, block, where);
    return v1_wrong(m->request, where, "type", "is '%.40s', which a message of the %s cannot have here", type,
                    role_name(m->message.role));
}

/* ---- messages ---- */

static enum err read_blocks(struct reading *m, const json_t *content, const char *where)
{
    const json_t *block;
    size_t i;

    if (json_is_string(content)) {
        v1_content_text(&m->content, json_strval(content));
        return OK;
    }
    if (!json_is_array(content))
        return v1_wrong(m->request, where, "content", "must be a string or an array of blocks");
    json_array_foreach((json_t *)content, i, block)
        TRY(read_block(m, block, v1_place(m->request, where, "content", i)));
    return OK;
}

static enum err read_message(struct v1_request *r, const json_t *j, const char *where)
{
    CLEANUP(reading_done) struct reading m = { .request = r, .message.role = ROLE_USER };
    const char *role = json_text(j, "role");

    if (strcmp(role, "assistant") == 0)
        m.message.role = ROLE_ASSISTANT;
    else if (strcmp(role, "user") != 0)
        return v1_wrong(r, where, "role", "must be user or assistant");
    TRY(read_blocks(&m, json_at(j, "content"), where));
    m.message.text = v1_content_words(&m.content, r->arena);
    m.message.reasoning = v1_content_words(&m.thoughts, r->arena);
    m.message.images = m.content.images;
    m.message.n_images = m.content.n_images;
    if (m.message.text.len || m.message.n_images || m.message.n_calls)
        transcript_add(&r->messages, m.message);
    return OK;
}

static enum err read_system(struct v1_request *r, const json_t *body)
{
    CLEANUP(v1_content_done) struct v1_content words = { 0 };

    TRY(v1_read_content(r, body, "", "system", &words));
    if (words.n_images)
        return v1_wrong(r, "", "system", "must be text");
    if (words.n_texts)
        transcript_add(&r->messages, (struct chat_message){ .role = ROLE_SYSTEM, .text = v1_content_words(&words, r->arena) });
    return OK;
}

static enum err read_messages(struct v1_request *r, const json_t *body)
{
    const json_t *list = NULL, *one;
    size_t i;

    TRY(read_system(r, body));
    TRY(v1_read_list(r, body, "", "messages", &list));
    if (json_array_size(list) == 0)
        return v1_wrong(r, "", "messages", "must be an array with at least one message");
    json_array_foreach((json_t *)list, i, one)
        TRY(read_message(r, one, v1_place(r, "", "messages", i)));
    return OK;
}

/* ---- the rest ---- */

static enum err read_tools(struct v1_request *r, const json_t *body)
{
    const json_t *list = NULL, *one;
    size_t i;

    TRY(v1_read_list(r, body, "", "tools", &list));
    v1_tools_room(r, json_array_size(list));
    json_array_foreach((json_t *)list, i, one) {
        const char *where = v1_place(r, "", "tools", i), *type = json_text(one, "type");

        if (*type && strcmp(type, "custom") != 0)
            return v1_wrong(r, where, "type", "must be custom: the caller runs its tools itself");
        TRY(v1_add_tool(r, where, one, "input_schema"));
    }
    return OK;
}

static enum err read_tool_choice(struct v1_request *r, const json_t *body)
{
    static const struct { const char *word; enum tool_choice choice; } words[] = {
        { "auto", CHOOSE_AUTO }, { "none", CHOOSE_NONE }, { "any", CHOOSE_REQUIRED },
    };
    const json_t *choice = NULL;

    TRY(v1_read_object(r, body, "", "tool_choice", &choice));
    if (choice == NULL)
        return OK;
    TRY(v1_read_flag(r, choice, "tool_choice", "disable_parallel_tool_use", &r->prompt.one_call));
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (strcmp(json_text(choice, "type"), words[i].word) == 0) {
            r->prompt.tool_choice = words[i].choice;
            return OK;
        }
    if (strcmp(json_text(choice, "type"), "tool") == 0)
        return v1_choose_tool(r, "tool_choice", json_text_str(choice, "name"));
    return v1_wrong(r, "tool_choice", "type", "must be auto, any, tool or none");
}

/* A budget of tokens is an effort to the others. */
static enum err read_thinking_wish(struct v1_request *r, const json_t *body)
{
    enum { LOW = 4096, MEDIUM = 16384 };
    const json_t *thinking = NULL, *output = NULL;
    str effort = NO_STR;

    TRY(v1_read_object(r, body, "", "thinking", &thinking));
    TRY(v1_read_object(r, body, "", "output_config", &output));
    TRY(v1_read_text(r, output, "output_config", "effort", &effort));
    TRY(v1_read_effort(r, "output_config", "effort", effort));
    int64_t budget = json_int(thinking, "budget_tokens", 0);

    if (strcmp(json_text(thinking, "type"), "disabled") == 0)
        r->prompt.effort = S("none");
    else if (strcmp(json_text(thinking, "type"), "enabled") == 0)
        r->prompt.effort = budget <= LOW ? S("low") : budget <= MEDIUM ? S("medium") : S("high");
    const json_t *format = json_at(output, "format");

    return format ? v1_read_format(r, format, "output_config.format", json_text_str(format, "type")) : OK;
}

enum err v1_messages_read(struct v1_request *r, const json_t *body)
{
    const json_t *metadata = NULL;

    TRY(v1_read_text(r, body, "", "model", &r->model));
    TRY(v1_read_count(r, body, "max_tokens", &r->prompt.max_tokens));
    if (r->prompt.max_tokens == 0)
        return v1_wrong(r, "", "max_tokens", "is missing");
    TRY(read_messages(r, body));
    TRY(read_tools(r, body));
    TRY(read_tool_choice(r, body));
    TRY(read_thinking_wish(r, body));
    TRY(v1_read_sampling(r, body, 1));
    TRY(v1_read_stops(r, body, "stop_sequences"));
    TRY(v1_read_object(r, body, "", "metadata", &metadata));
    TRY(v1_read_text(r, metadata, "metadata", "user_id", &r->user));
    return v1_read_flag(r, body, "", "stream", &r->stream);
}
