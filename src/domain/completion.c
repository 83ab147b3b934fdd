// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "domain/provider.h"

enum { CALLS_MAX = 128, TEXT_MAX = 4 << 20, NAME_MAX_LEN = 256, KEPT_MAX = 1024 };

struct completion_call {
    size_t     index;           /* the provider's number for it */
    struct buf id, name, arguments;
};

void completion_done(struct completion *c)
{
    buf_done(&c->text);
    buf_done(&c->reasoning);
    json_decref(c->kept);
    c->kept = NULL;
    buf_done(&c->kept_tail);
    buf_done(&c->pending);
    for (size_t i = 0; i < c->n_calls; i++) {
        buf_done(&c->calls[i].id);
        buf_done(&c->calls[i].name);
        buf_done(&c->calls[i].arguments);
    }
    free(c->calls);
    c->calls = NULL;
    c->n_calls = 0;
}

static size_t held(const struct completion *c)
{
    size_t n = c->text.len + c->reasoning.len;

    for (size_t i = 0; i < c->n_calls; i++)
        n += c->calls[i].arguments.len;
    return n;
}

static enum err check_room(const struct completion *c, str piece)
{
    size_t max = c->max_text ? c->max_text : (size_t)TEXT_MAX;

    if (held(c) + c->kept_size + piece.len > max)
        return failed(ERR_LIMIT, "the model's reply is longer than %zu bytes", max);
    return OK;
}

enum err completion_text(struct completion *c, str piece)
{
    if (piece.len == 0)
        return OK;
    TRY(check_room(c, piece));
    buf_add(&c->text, piece);
    if (c->on_delta)
        c->on_delta(c->arg, piece);
    return OK;
}

enum err completion_reasoning(struct completion *c, str piece)
{
    TRY(check_room(c, piece));
    buf_add(&c->reasoning, piece);
    if (c->on_reasoning && piece.len)
        c->on_reasoning(c->arg, piece);
    return OK;
}

/* The latest call with this index, unless another id says that a new one begins: some servers number every
 * parallel call 0 and tell them apart by id alone. */
static struct completion_call *find_call(struct completion *c, size_t index, str id)
{
    for (size_t i = c->n_calls; i-- > 0; ) {
        struct completion_call *call = &c->calls[i];

        if (call->index == index)
            return id.len == 0 || call->id.len == 0 || str_eq(buf_str(&call->id), id) ? call : NULL;
    }
    return NULL;
}

static enum err new_call(struct completion *c, size_t index, struct completion_call **out)
{
    if (c->n_calls == CALLS_MAX)
        return failed(ERR_LIMIT, "the model asked for more than %d tool calls at once", CALLS_MAX);
    c->calls = mem_resize(c->calls, (c->n_calls + 1) * sizeof *c->calls);
    c->calls[c->n_calls] = (struct completion_call){
        .index = index, .id.max = NAME_MAX_LEN, .name.max = NAME_MAX_LEN,
    };
    *out = &c->calls[c->n_calls++];
    return OK;
}

enum err completion_call(struct completion *c, size_t index, str id, str name, str arguments_piece)
{
    struct completion_call *call = find_call(c, index, id);

    if (c->text_call && index == c->text_call - 1)
        return completion_text(c, arguments_piece);
    TRY(check_room(c, arguments_piece));
    if (call == NULL)
        TRY(new_call(c, index, &call));
    if (call->id.len == 0)
        buf_add(&call->id, id);
    if (call->name.len == 0)
        buf_add(&call->name, name);
    buf_add(&call->arguments, arguments_piece);
    TRY(buf_check(&call->id, "the id of a tool call"));
    return buf_check(&call->name, "the name of a tool call");
}

enum err completion_whole_call(struct completion *c, str id, str name, str arguments)
{
    size_t index = 0;

    for (size_t i = 0; i < c->n_calls; i++)
        if (c->calls[i].index >= index)
            index = c->calls[i].index + 1;
    return completion_call(c, index, id, name, arguments);
}

void completion_call_is_text(struct completion *c, size_t index)
{
    c->text_call = index + 1;
}

size_t completion_arguments_size(const struct completion *c, size_t index)
{
    for (size_t i = c->n_calls; i-- > 0; )
        if (c->calls[i].index == index)
            return c->calls[i].arguments.len;
    return 0;
}

json_t *completion_last_kept(const struct completion *c)
{
    return c->kept ? json_array_get(c->kept, json_array_size(c->kept) - 1) : NULL;
}

/* Pieces are collected first: to make the text anew for each would cost their number squared. */
static void put_tail(struct completion *c)
{
    json_t *item = completion_last_kept(c);
    CLEANUP(buf_done) struct buf whole = { .max = SIZE_MAX / 2 };

    if (c->kept_key == NULL)
        return;
    buf_add(&whole, json_text_str(item, c->kept_key));
    buf_add(&whole, buf_str(&c->kept_tail));
    json_object_set_new(item, c->kept_key, json_from_str(buf_str(&whole)));
    buf_clear(&c->kept_tail);
    c->kept_key = NULL;
}

static enum err keep(struct completion *c, json_t *item)
{
    size_t size = json_dumpb(item, NULL, 0, JSON_COMPACT);

    if (json_array_size(c->kept) == KEPT_MAX)
        return failed(ERR_LIMIT, "the model gave more than %d items to keep", KEPT_MAX);
    TRY(check_room(c, str_of(NULL, size)));
    c->kept_size += size;
    json_array_append(c->kept, item);
    return OK;
}

enum err completion_keep(struct completion *c, const char *api, json_t *item)
{
    CLEANUP(json_decrefp) json_t *taken = item;

    put_tail(c);
    if (c->kept == NULL)
        c->kept = json_array();
    c->kept_by = api;
    return keep(c, taken);
}

enum err completion_keep_more(struct completion *c, const char *key, str piece)
{
    if (piece.len == 0)
        return OK;
    if (c->kept_key && strcmp(key, c->kept_key) != 0)
        put_tail(c);
    TRY(check_room(c, piece));
    c->kept_key = key;
    c->kept_tail.max = SIZE_MAX / 2;
    buf_add(&c->kept_tail, piece);
    c->kept_size += piece.len;
    return OK;
}

void completion_stop(struct completion *c, enum stop_reason stop)
{
    c->stop = stop;
}

void completion_usage(struct completion *c, struct usage u)
{
    c->usage = u;
}

void completion_model(struct completion *c, str model)
{
    if (c->model.len == 0 && model.len)
        c->model = arena_str(c->arena, str_take(model, NAME_MAX_LEN));
}

enum err completion_finish(struct completion *c)
{
    c->finished = true;
    return OK;
}

bool completion_begun(const struct completion *c)
{
    return c->text.len || c->reasoning.len || c->n_calls;
}

size_t completion_size(const struct completion *c)
{
    size_t sum = c->text.len + c->reasoning.len;

    for (size_t i = 0; i < c->n_calls; i++)
        sum += c->calls[i].arguments.len;
    return sum;
}

/* A call is found again by its id: in the journal, and by the provider. */
static bool id_is_taken(const struct tool_call *calls, size_t n, str id)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(calls[i].id, id))
            return true;
    return id.len == 0;
}

static enum err calls_of(struct completion *c, struct tool_call **out)
{
    struct tool_call *calls = c->n_calls ? arena_alloc(c->arena, c->n_calls * sizeof *calls) : NULL;

    for (size_t i = 0; i < c->n_calls; i++) {
        struct completion_call *from = &c->calls[i];

        if (from->name.len == 0)
            return failed(ERR_REMOTE, "the model asked for a tool call without naming the tool");
        if (id_is_taken(calls, i, buf_str(&from->id))) {
            char uuid[UUID_SIZE];

            random_uuid(uuid);
            buf_clear(&from->id);
            buf_addf(&from->id, "call_%s", uuid);
        }
        calls[i] = (struct tool_call){
            .id = arena_str(c->arena, buf_str(&from->id)), .name = arena_str(c->arena, buf_str(&from->name)),
            .arguments = from->arguments.len ? arena_str(c->arena, buf_str(&from->arguments)) : S("{}"),
        };
    }
    *out = calls;
    return OK;
}

static str kept_of(struct completion *c)
{
    if (completion_last_kept(c) == NULL)
        return S("");
    put_tail(c);
    CLEANUP(json_decrefp) json_t *o = json_pack("{s:s, s:O}", "api", c->kept_by, "items", c->kept);

    return json_print(c->arena, o);
}

enum err completion_reply(struct completion *c, struct reply *out)
{
    struct tool_call *calls = NULL;

    if (!c->finished && c->stop == STOP_NONE)
        return failed(ERR_NET, "the model's answer was cut off after %zu bytes", held(c));
    TRY(completion_end_thoughts(c));
    if (!completion_begun(c) && c->stop != STOP_FILTER && c->stop != STOP_LENGTH)
        return failed(ERR_REMOTE, "the model's answer is empty");
    TRY(calls_of(c, &calls));
    enum stop_reason stop = c->stop;

    /* Some servers say "stop" although they ask for calls, and some say nothing. */
    if (c->n_calls && (stop == STOP_NONE || stop == STOP_END))
        stop = STOP_CALLS;
    *out = (struct reply){
        .text = arena_str(c->arena, buf_str(&c->text)), .reasoning = arena_str(c->arena, buf_str(&c->reasoning)),
        .kept = kept_of(c), .calls = calls, .n_calls = c->n_calls, .stop = stop == STOP_NONE ? STOP_END : stop,
        .usage = c->usage, .model = c->model.p ? c->model : S(""),
    };
    return OK;
}
