// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "model/api.h"
#include "model/gemini.h"
#include "net/sse.h"

/* Where a part with a signature stands: behind `after_text` bytes of text and `after_calls` calls.  The part itself is `text` bytes of
 * the reply's text, its next call, or a thought, whose text is in no other place. */
static enum err keep_signature(struct completion *c, const json_t *part)
{
    str signature = json_text_str(part, "thoughtSignature");

    if (signature.len == 0)
        return OK;
    json_t *item = json_pack("{s:o, s:I, s:I}", "signature", json_from_str(signature), "after_text", (json_int_t)c->text.len,
                             "after_calls", (json_int_t)c->n_calls);

    if (json_at(part, "functionCall"))
        json_object_set_new(item, "part", json_string("call"));
    else if (json_flag(part, "thought"))
        json_object_set_new(item, "thought", json_from_str(json_text_str(part, "text")));
    else
        json_object_set_new(item, "text", json_integer((json_int_t)json_text_str(part, "text").len));
    return completion_keep(c, "gemini", item);
}

static enum err fold_call(struct completion *c, const json_t *call)
{
    CLEANUP(buf_done) struct buf arguments = {0};
    const json_t *given = json_at(call, "args");

    if (given)
        json_print_to(&arguments, given);
    return completion_whole_call(c, json_text_str(call, "id"), json_text_str(call, "name"), buf_str(&arguments));
}

static enum err fold_part(struct completion *c, const json_t *part)
{
    str text = json_text_str(part, "text");

    TRY(keep_signature(c, part));
    if (json_at(part, "functionCall"))
        return fold_call(c, json_at(part, "functionCall"));
    return json_flag(part, "thought") ? completion_reasoning(c, text) : completion_text(c, text);
}

static int64_t tokens(const json_t *usage, const char *path)
{
    int64_t n = json_int(usage, path, 0);

    return n < 0 || n > (int64_t)1 << 40 ? 0 : n;
}

/* promptTokenCount has what came from a cache in it; candidatesTokenCount has no thoughts in it. */
static void fold_usage(struct completion *c, const json_t *usage)
{
    int64_t thoughts = tokens(usage, "thoughtsTokenCount");

    if (json_is_object(usage))
        completion_usage(c, (struct usage){
            .input = tokens(usage, "promptTokenCount") + tokens(usage, "toolUsePromptTokenCount"),
            .cached = tokens(usage, "cachedContentTokenCount"),
            .output = tokens(usage, "candidatesTokenCount") + thoughts, .reasoning = thoughts,
        });
}

/* What the model wrote was no call that the server could read: it may do better the next time. */
static bool is_mishap(const char *reason)
{
    return strcmp(reason, "MALFORMED_FUNCTION_CALL") == 0 || strcmp(reason, "MALFORMED_RESPONSE") == 0
        || strcmp(reason, "UNEXPECTED_TOOL_CALL") == 0;
}

static enum err fold_stop(struct completion *c, const json_t *candidate)
{
    static const char *const filters[] = {
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
    };
    const char *reason = json_text(candidate, "finishReason");

    if (*reason == '\0' || strcmp(reason, "FINISH_REASON_UNSPECIFIED") == 0)
        return OK;
    if (is_mishap(reason))
        return failed(ERR_NET, "the model's tool call makes no sense (%s) %.200s", reason, json_text(candidate, "finishMessage"));
    enum stop_reason stop = strcmp(reason, "MAX_TOKENS") == 0 ? STOP_LENGTH : STOP_END;

    for (size_t i = 0; i < N_ELEMENTS(filters); i++)
        if (strcmp(reason, filters[i]) == 0)
            stop = STOP_FILTER;
    completion_stop(c, stop);
    return OK;
}

static enum err fold_chunk(struct completion *c, const json_t *j)
{
    const json_t *candidate = json_at(j, "candidates.0"), *part;
    size_t i;

    if (json_at(j, "error"))
        return api_broke_off(j);
    completion_model(c, json_text_str(j, "modelVersion"));
    fold_usage(c, json_at(j, "usageMetadata"));
    json_array_foreach(json_at(candidate, "content.parts"), i, part)
        TRY(fold_part(c, part));
    if (json_at(j, "promptFeedback.blockReason"))
        completion_stop(c, STOP_FILTER);
    return fold_stop(c, candidate);
}

enum err gemini_event(void *arg, const struct sse_event *ev)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *chunk;
    size_t i;

    if (json_parse(ev->data, &j) != OK)
        return failed_in(ERR_INPUT, "an event of the stream is not JSON: ");
    if (!json_is_array(j))
        return fold_chunk(arg, j);
    json_array_foreach(j, i, chunk)         /* all of the stream, from a server that knows no alt=sse */
        TRY(fold_chunk(arg, chunk));
    return OK;
}
