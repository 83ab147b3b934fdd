// SPDX-License-Identifier: Apache-2.0
#include "domain/prompt.h"

static const char *const roles[] = {
    [ROLE_SYSTEM] = "system", [ROLE_USER] = "user", [ROLE_ASSISTANT] = "assistant", [ROLE_TOOL] = "tool",
};

static const char *const stops[] = {
    [STOP_NONE] = "none", [STOP_END] = "end", [STOP_CALLS] = "calls", [STOP_LENGTH] = "length", [STOP_FILTER] = "filter",
};

const char *role_name(enum role r)
{
    return roles[r];
}

const char *stop_reason_name(enum stop_reason r)
{
    return stops[r];
}

static json_t *usage_to_json(const struct usage *u)
{
    json_t *o = json_pack("{s:I, s:I, s:I}", "input", (json_int_t)u->input, "output", (json_int_t)u->output, "cached",
                          (json_int_t)u->cached);

    if (u->written)
        json_object_set_new(o, "written", json_integer((json_int_t)u->written));
    if (u->reasoning)
        json_object_set_new(o, "reasoning", json_integer((json_int_t)u->reasoning));
    return o;
}

json_t *reply_to_json(const struct reply *r)
{
    json_t *o = json_object();

    json_object_set_new(o, "text", json_from_str(r->text));
    if (r->reasoning.len)
        json_object_set_new(o, "reasoning", json_from_str(r->reasoning));
    if (r->kept.len)
        json_object_set_new(o, "kept", json_from_str(r->kept));
    if (r->n_calls) {
        json_t *calls = json_array();

        for (size_t i = 0; i < r->n_calls; i++) {
            json_t *call = json_object();

            json_object_set_new(call, "id", json_from_str(r->calls[i].id));
            json_object_set_new(call, "name", json_from_str(r->calls[i].name));
            json_object_set_new(call, "arguments", json_from_str(r->calls[i].arguments));
            json_array_append_new(calls, call);
        }
        json_object_set_new(o, "calls", calls);
    }
    json_object_set_new(o, "stop", json_string(stop_reason_name(r->stop)));
    json_object_set_new(o, "usage", usage_to_json(&r->usage));
    json_object_set_new(o, "model", json_from_str(r->model));
    if (r->taint.len)
        json_object_set_new(o, "taint", json_from_str(r->taint));
    return o;
}

/* The journal is our own, but a disk is not: what does not fit is an error, not a guess. */
static enum err take_text(struct arena *a, const json_t *o, const char *key, str *out)
{
    const json_t *v = json_at(o, key);

    if (v && !json_is_string(v))
        return failed(ERR_INPUT, "reply: %s must be a string", key);
    *out = arena_str(a, json_text_str(o, key));
    return OK;
}

static enum err take_calls(struct arena *a, const json_t *list, struct reply *r)
{
    size_t n = json_array_size(list);
    struct tool_call *calls = n ? arena_alloc(a, n * sizeof *calls) : NULL;

    if (list && !json_is_array(list))
        return failed(ERR_INPUT, "reply: calls must be an array");
    for (size_t i = 0; i < n; i++) {
        const json_t *call = json_array_get(list, i);

        TRY(take_text(a, call, "id", &calls[i].id));
        TRY(take_text(a, call, "name", &calls[i].name));
        TRY(take_text(a, call, "arguments", &calls[i].arguments));
        if (calls[i].id.len == 0 || calls[i].name.len == 0)
            return failed(ERR_INPUT, "reply: calls.%zu has no id or no name", i);
    }
    r->calls = calls;
    r->n_calls = n;
    return OK;
}

static enum err take_stop(const json_t *j, enum stop_reason *out)
{
    str name = json_text_str(j, "stop");

    for (size_t i = 0; i < N_ELEMENTS(stops); i++)
        if (str_eq(name, str_from(stops[i]))) {
            *out = (enum stop_reason)i;
            return OK;
        }
    return failed(ERR_INPUT, "reply: '%.*s' is no reason to stop", STR(str_take(name, 40)));
}

enum err reply_from_json(struct arena *a, const json_t *j, struct reply *out)
{
    struct reply r = {0};

    if (!json_is_object(j))
        return failed(ERR_INPUT, "a reply must be a JSON object");
    TRY(take_text(a, j, "text", &r.text));
    TRY(take_text(a, j, "reasoning", &r.reasoning));
    TRY(take_text(a, j, "kept", &r.kept));
    TRY(take_text(a, j, "model", &r.model));
    TRY(take_text(a, j, "taint", &r.taint));
    TRY(take_calls(a, json_at(j, "calls"), &r));
    TRY(take_stop(j, &r.stop));
    r.usage.input = json_int(j, "usage.input", 0);
    r.usage.output = json_int(j, "usage.output", 0);
    r.usage.cached = json_int(j, "usage.cached", 0);
    r.usage.written = json_int(j, "usage.written", 0);
    r.usage.reasoning = json_int(j, "usage.reasoning", 0);
    *out = r;
    return OK;
}
