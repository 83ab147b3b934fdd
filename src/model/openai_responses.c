// SPDX-License-Identifier: Apache-2.0
/* openai_responses.c: translates between our prompt and OpenAI's responses (https://platform.openai.com/docs/api-reference/responses and
 * .../responses-streaming).  Nothing is stored there (store: false): the whole conversation goes with every request. */
#include <string.h>

#include "model/api.h"
#include "model/openai_responses.h"
#include "model/openai_shared.h"
#include "model/quirks.h"
#include "net/sse.h"

static enum err responses_request(struct arena *a, const struct model_target *t, const struct prompt *p, struct http_request *out)
{
    CLEANUP(buf_done) struct buf body = { .max = SIZE_MAX / 2 };
    struct prompt adapted = *p;

    openai_adapt(a, &adapted, t->quirks);
    responses_add_body(&body, &adapted, t->quirks);
    api_request(a, t, &(struct api_head){ "responses", "Authorization" }, buf_str(&body), out);
    return OK;
}

static size_t index_of(const json_t *event)
{
    int64_t index = json_int(event, "output_index", 0);

    return index < 0 ? 0 : (size_t)index;
}

static enum err fold_text(struct completion *c, const json_t *event)
{
    return completion_text(c, json_text_str(event, "delta"));
}

static enum err fold_refusal(struct completion *c, const json_t *event)
{
    completion_stop(c, STOP_FILTER);
    return completion_text(c, json_text_str(event, "delta"));
}

static enum err fold_thought(struct completion *c, const json_t *event)
{
    return completion_reasoning(c, json_text_str(event, "delta"));
}

/* A summary has paragraphs. */
static enum err fold_thought_begins(struct completion *c, const json_t *event UNUSED)
{
    return completion_reasoning(c, c->reasoning.len ? S("\n\n") : NO_STR);
}

static enum err fold_arguments(struct completion *c, const json_t *event)
{
    return completion_call(c, index_of(event), NO_STR, NO_STR, json_text_str(event, "delta"));
}

/* Only what did not come in pieces. */
static enum err fold_whole_arguments(struct completion *c, size_t index, str whole)
{
    return completion_arguments_size(c, index) ? OK : completion_call(c, index, NO_STR, NO_STR, whole);
}

static enum err fold_arguments_done(struct completion *c, const json_t *event)
{
    return fold_whole_arguments(c, index_of(event), json_text_str(event, "arguments"));
}

static enum err fold_item_begins(struct completion *c, const json_t *event)
{
    const json_t *item = json_at(event, "item");

    if (!str_eq(json_text_str(item, "type"), S("function_call")))
        return OK;
    return completion_call(c, index_of(event), json_text_str(item, "call_id"), json_text_str(item, "name"), NO_STR);
}

/* Without its content reasoning would be looked up by its id, where nothing is stored. */
static enum err keep_reasoning(struct completion *c, const json_t *item)
{
    static const char *const fields[] = { "type", "id", "summary", "encrypted_content", "content" };

    if (*json_text(item, "encrypted_content") == '\0' && json_array_size(json_at(item, "content")) == 0)
        return OK;
    json_t *kept = json_object();

    for (size_t i = 0; i < N_ELEMENTS(fields); i++)
        if (json_at(item, fields[i]))
            json_object_set(kept, fields[i], json_at(item, fields[i]));
    return completion_keep(c, RESPONSES_NAME, kept);
}

static size_t size_of_text(const json_t *message)
{
    const json_t *part;
    size_t i, size = 0;

    json_array_foreach(json_at(message, "content"), i, part)
        size += json_text_str(part, "text").len + json_text_str(part, "refusal").len;
    return size;
}

/* The place of a part is worth a note where there is reasoning before it, or a phase. */
static enum err keep_item(struct completion *c, const json_t *item)
{
    str type = json_text_str(item, "type"), phase = json_text_str(item, "phase");

    if (str_eq(type, S("reasoning")))
        return keep_reasoning(c, item);
    if (completion_last_kept(c) == NULL && phase.len == 0)
        return OK;
    if (str_eq(type, S("function_call")))
        return completion_keep(c, RESPONSES_NAME, json_pack("{s:s, s:o}", "type", "function_call", "call_id",
                                                            json_from_str(json_text_str(item, "call_id"))));
    if (!str_eq(type, S("message")))
        return OK;
    json_t *note = json_pack("{s:s, s:I}", "type", "message", "bytes", (json_int_t)size_of_text(item));

    if (phase.len)
        json_object_set_new(note, "phase", json_from_str(phase));
    return completion_keep(c, RESPONSES_NAME, note);
}

static enum err fold_item_done(struct completion *c, const json_t *event)
{
    const json_t *item = json_at(event, "item");

    if (str_eq(json_text_str(item, "type"), S("function_call"))) {
        TRY(fold_item_begins(c, event));
        TRY(fold_whole_arguments(c, index_of(event), json_text_str(item, "arguments")));
    }
    return keep_item(c, item);
}

/* An item of an answer that did not come in pieces. */
static enum err fold_item(struct completion *c, const json_t *item)
{
    const json_t *part;
    size_t i;

    json_array_foreach(json_at(item, "summary"), i, part)
        TRY(completion_reasoning(c, json_text_str(part, "text")));
    if (str_eq(json_text_str(item, "type"), S("function_call")))
        TRY(completion_whole_call(c, json_text_str(item, "call_id"), json_text_str(item, "name"), json_text_str(item, "arguments")));
    if (str_eq(json_text_str(item, "type"), S("message")))
        json_array_foreach(json_at(item, "content"), i, part) {
            TRY(completion_text(c, json_text_str(part, "text")));
            if (*json_text(part, "refusal"))
                completion_stop(c, STOP_FILTER);
            TRY(completion_text(c, json_text_str(part, "refusal")));
        }
    return OK;
}

static enum err fold_items(struct completion *c, const json_t *items)
{
    bool kept = completion_last_kept(c) != NULL;
    const json_t *item;
    size_t i;

    json_array_foreach(items, i, item) {
        TRY(fold_item(c, item));
        if (!kept)
            TRY(keep_item(c, item));
    }
    return OK;
}

static void fold_usage(struct completion *c, const json_t *usage)
{
    if (json_is_object(usage))
        completion_usage(c, (struct usage){
            .input = json_int(usage, "input_tokens", 0), .output = json_int(usage, "output_tokens", 0),
            .cached = json_int(usage, "input_tokens_details.cached_tokens", 0),
            .written = json_int(usage, "input_tokens_details.cache_write_tokens", 0),
            .reasoning = json_int(usage, "output_tokens_details.reasoning_tokens", 0),
        });
}

static void fold_stop(struct completion *c, const json_t *response)
{
    const char *why = json_text(response, "incomplete_details.reason");

    if (strcmp(why, "content_filter") == 0)
        completion_stop(c, STOP_FILTER);
    else if (strcmp(json_text(response, "status"), "incomplete") == 0)
        completion_stop(c, STOP_LENGTH);
    else if (c->stop == STOP_NONE)
        completion_stop(c, STOP_END);
}

/* The response as a whole: at the end of a stream, or instead of one. */
static enum err fold_response(struct completion *c, const json_t *response)
{
    if (json_at(response, "error"))
        return api_broke_off(response);
    if (strcmp(json_text(response, "status"), "failed") == 0 || strcmp(json_text(response, "status"), "cancelled") == 0)
        return failed(ERR_NET, "the server broke off: the response is %s", json_text(response, "status"));
    completion_model(c, json_text_str(response, "model"));
    fold_usage(c, json_at(response, "usage"));
    if (!completion_begun(c))
        TRY(fold_items(c, json_at(response, "output")));
    fold_stop(c, response);
    return completion_finish(c);
}

static enum err fold_end(struct completion *c, const json_t *event)
{
    return fold_response(c, json_at(event, "response"));
}

static enum err fold_begin(struct completion *c, const json_t *event)
{
    completion_model(c, json_text_str(event, "response.model"));
    return OK;
}

/* Of some fifty events those that say what no other does (https://platform.openai.com/docs/api-reference/responses-streaming). */
static const struct event_kind { const char *type; enum err (*fold)(struct completion *, const json_t *event); } kinds[] = {
    { "response.created", fold_begin },
    { "response.output_text.delta", fold_text },
    { "response.refusal.delta", fold_refusal },
    { "response.reasoning_summary_part.added", fold_thought_begins },
    { "response.reasoning_summary_text.delta", fold_thought },
    { "response.reasoning_text.delta", fold_thought },
    { "response.output_item.added", fold_item_begins },
    { "response.output_item.done", fold_item_done },
    { "response.function_call_arguments.delta", fold_arguments },
    { "response.function_call_arguments.done", fold_arguments_done },
    { "response.completed", fold_end },
    { "response.incomplete", fold_end },
    { "response.failed", fold_end },
    { "response.cancelled", fold_end },
};

static enum err fold_event(struct completion *c, str type, const json_t *event)
{
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq(type, str_from(kinds[i].type)))
            return kinds[i].fold(c, event);
    return OK;
}

static enum err responses_event(void *arg, const struct sse_event *ev)
{
    struct completion *c = arg;
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (str_eq(str_trim(ev->data), S("[DONE]")))
        return completion_finish(c);
    if (json_parse(ev->data, &j) != OK)
        return failed_in(ERR_INPUT, "an event of the stream is not JSON: ");
    str type = json_at(j, "type") ? json_text_str(j, "type") : ev->name;

    if (json_at(j, "error") || str_eq(type, S("error")))
        return api_broke_off(j);
    return str_eq(json_text_str(j, "object"), S("response")) ? fold_response(c, j) : fold_event(c, type, j);
}

const struct provider provider_openai_responses = {
    .name = RESPONSES_NAME, .caps = CAP_TOOLS | CAP_VISION,
    .request = responses_request, .event = responses_event, .refused = api_refused, .quirks = quirks_learned,
    .list_models = openai_list_models, .listed = openai_listed, .embed = openai_embed, .embedded = openai_embedded,
};
