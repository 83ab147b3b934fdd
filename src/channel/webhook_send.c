// SPDX-License-Identifier: Apache-2.0
/* What goes out: a reply in the shape of messages that come in, or in the shape of the endpoint's template. */
#include <string.h>

#include "base/log.h"
#include "channel/platform_api.h"
#include "channel/webhook.h"
#include "runtime/clock.h"

enum { FIELDS_MAX = PLATFORM_FIELDS_MAX - 2, GRACE_MS = 20 * 1000 };

/* What "{{name}}" in a template stands for. */
enum value { TEXT, MARKDOWN, CHAT, THREAD, REPLY_TO, ID, ENDPOINT, NAME, MIME, TYPE, SIZE, DATA, CHOICES, N_VALUES };
static const char *const value_names[N_VALUES] = {
    "text", "markdown", "chat", "thread", "reply_to", "id", "endpoint", "name", "mime", "type", "size", "data", "choices",
};

static bool find_value(str name, enum value *out)
{
    for (size_t i = 0; i < N_VALUES; i++)
        if (str_eq(name, str_from(value_names[i]))) {
            *out = (enum value)i;
            return true;
        }
    return false;
}

/* The next "{{name}}": what stands before it, and its name.  False: there is none. */
static bool next_place(str *rest, str *ret_before, str *ret_name)
{
    size_t from = str_find(*rest, S("{{")), to;

    if (from == STR_NONE || (to = str_find(str_skip(*rest, from), S("}}"))) == STR_NONE)
        return false;
    *ret_before = str_take(*rest, from);
    *ret_name = str_trim(str_cut(*rest, from + 2, from + to));
    *rest = str_skip(*rest, from + to + 2);
    return true;
}

/* ---- what stands where ---- */

struct rendering {
    struct arena *arena;
    const struct outgoing *m;
    str values[N_VALUES];       /* CHOICES: as JSON text */
    bool used[N_VALUES];
};

static str within(str id)
{
    str name, rest;

    return webhook_split(id, &name, &rest) ? rest : id;
}

static str base64(struct arena *a, str bytes)
{
    CLEANUP(buf_done) struct buf b = { .max = bytes.len * 2 + 16 };

    buf_add_base64(&b, bytes);
    return arena_str(a, buf_str(&b));
}

static void set_values(struct rendering *r, const struct webhook_endpoint *e)
{
    const struct outgoing *m = r->m;
    struct arena *a = r->arena;
    bool file = m->blob.len > 0;

    r->values[TEXT] = file ? S("") : hook_text(a, m, e->format);
    r->values[MARKDOWN] = file ? S("") : m->text;
    r->values[CHAT] = within(m->chat_id);
    r->values[THREAD] = m->thread_id;
    r->values[REPLY_TO] = within(m->reply_to);
    r->values[ID] = str_from(arena_printf(a, "%lld", (long long)m->id));
    r->values[ENDPOINT] = e->name;
    r->values[NAME] = m->name;
    r->values[MIME] = m->mime;
    r->values[TYPE] = file ? str_from(hook_type_of(m->mime)) : S("");
    r->values[SIZE] = file ? str_from(arena_printf(a, "%zu", m->bytes.len)) : S("");
    r->values[DATA] = file ? base64(a, m->bytes) : S("");
    r->values[CHOICES] = m->choices ? json_print(a, m->choices) : S("[]");
}

/* A text that is nothing but the place of a list or a number becomes that. */
static json_t *whole_value(const struct rendering *r, enum value v)
{
    if (v == CHOICES)
        return r->m->choices ? json_deep_copy(r->m->choices) : json_array();
    return v == SIZE ? json_integer((json_int_t)r->m->bytes.len) : json_from_str(r->values[v]);
}

static json_t *render_text(struct rendering *r, str text)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    str rest = text, before, name;
    enum value v;

    while (next_place(&rest, &before, &name)) {
        if (!find_value(name, &v))
            continue;           /* webhook_check_template() refuses these */
        r->used[v] = true;
        if (!before.len && !rest.len && !b.len)
            return whole_value(r, v);
        buf_add(&b, before);
        buf_add(&b, r->values[v]);
    }
    buf_add(&b, rest);
    return json_from_str(buf_str(&b));
}

static json_t *render(struct rendering *r, const json_t *template)
{
    const char *key;
    const json_t *v;
    json_t *out;
    size_t i;

    if (json_is_object(template)) {
        out = json_object();
        json_object_foreach((json_t *)template, key, v)
            json_object_set_new(out, key, render(r, v));
        return out;
    }
    if (!json_is_array(template))
        return json_is_string(template) ? render_text(r, json_strval(template)) : json_deep_copy(template);
    out = json_array();
    json_array_foreach(template, i, v)
        json_array_append_new(out, render(r, v));
    return out;
}

enum err webhook_check_template(const json_t *template)
{
    str rest = json_strval(template), before, name;
    const char *key;
    const json_t *v;
    enum value value;
    size_t i;

    json_object_foreach((json_t *)template, key, v)
        TRY(webhook_check_template(v));
    json_array_foreach(template, i, v)
        TRY(webhook_check_template(v));
    while (rest.p && next_place(&rest, &before, &name))
        if (!find_value(name, &value))
            return failed(ERR_INPUT, "body: nothing is called {{%.*s}}", STR(str_take(name, 60)));
    return OK;
}

/* ---- without a template ---- */

static void set(json_t *o, const char *key, str value)
{
    if (value.len)
        json_object_set_new(o, key, json_from_str(value));
}

static json_t *file_json(const struct rendering *r)
{
    json_t *file = json_object();

    set(file, "type", r->values[TYPE]);
    set(file, "name", r->values[NAME]);
    set(file, "mime", r->values[MIME]);
    json_object_set_new(file, "size", json_integer((json_int_t)r->m->bytes.len));
    set(file, "data", r->values[DATA]);
    return file;
}

static json_t *plain_shape(const struct rendering *r)
{
    json_t *out = json_object(), *content = json_object();

    set(out, "id", r->values[ID]);
    set(out, "chat_id", r->values[CHAT]);
    set(out, "thread_id", r->values[THREAD]);
    set(out, "reply_to", r->values[REPLY_TO]);
    set(content, "text", r->values[TEXT]);
    if (r->m->blob.len)
        json_object_set_new(content, "attachments", json_pack("[o]", file_json(r)));
    if (json_array_size(r->m->choices))
        json_object_set_new(content, "choices", json_deep_copy(r->m->choices));
    json_object_set_new(out, "content", content);
    return out;
}

enum err webhook_body(struct arena *a, const struct webhook_endpoint *e, const struct outgoing *m, str *out)
{
    struct rendering *r = ARENA_NEW(a, struct rendering);
    CLEANUP(json_decrefp) json_t *body = NULL;

    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    *r = (struct rendering){ .arena = a, .m = m };
    set_values(r, e);
    body = e->body ? render(r, e->body) : plain_shape(r);
    if (e->body && m->blob.len && !r->used[DATA])
        return failed(ERR_INPUT, "the body of the endpoint %.*s has no {{data}}, so it takes no files", STR(e->name));
    *out = json_print(a, body);
    return OK;
}

/* ---- sending ---- */

static size_t set_fields(struct arena *a, const struct webhook_endpoint *e, str body, struct http_field *fields)
{
    str now = e->timestamp ? str_from(arena_printf(a, "%lld", (long long)(clock_wall_ms() / 1000))) : S("");
    size_t n = 0;
    const char *key;
    const json_t *v;

    fields[n++] = (struct http_field){ e->header, webhook_sign(a, e->out_secret, now, body) };
    if (now.len)
        fields[n++] = (struct http_field){ S("X-Timestamp"), now };
    json_object_foreach((json_t *)e->headers, key, v)
        if (n < FIELDS_MAX)
            fields[n++] = (struct http_field){ str_from(key), json_strval(v) };
    return n;
}

static enum err decode_answer(struct arena *a, const struct webhook_endpoint *e, const struct http_response *answer, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *id;

    TRY(platform_sent(arena_c(a, e->name), answer, str_take(answer->body, 200), out));
    if (!e->out_id.len || !answer->body.len || json_parse(answer->body, &j))
        return OK;
    id = json_pointer(j, e->out_id);
    if (json_is_integer(id))
        out->remote_id = str_from(arena_printf(a, "%lld", (long long)json_integer_value(id)));
    else if (json_is_string(id))
        out->remote_id = arena_str(a, json_strval(id));
    return OK;
}

static enum err post(struct arena *a, const struct webhook_endpoint *e, struct outgoing *m, str body, void (*begun)(void *),
                     struct sent *out) AWAITS
{
    struct http_field fields[FIELDS_MAX];
    struct http_request request;
    struct http_response answer;
    bool left = false;
    enum err err;

    platform_request(a, &(struct platform_call){ .url = arena_c(a, e->url), .fields = fields, .n_fields = set_fields(a, e, body, fields),
                                                 .raw = body, .raw_type = "application/json; charset=utf-8" }, &request);
    request.on_sending = begun;
    request.on_sending_arg = m;
    err = channel_fetch(a, &request, &answer, &left);
    if (err) {
        out->unknown = left;
        return err;
    }
    return decode_answer(a, e, &answer, out);
}

enum err webhook_send(const struct channel_host *host UNUSED, struct arena *a, struct outgoing *m, void (*begun)(void *), struct sent *out)
{
    struct webhook_endpoint e;
    str name, chat, body;
    bool given = false;

    if (!webhook_split(m->chat_id, &name, &chat))
        return failed(ERR_INPUT, "a chat is named ENDPOINT/CHAT");
    TRY(webhook_endpoint(a, name, &e));
    TRY(webhook_body(a, &e, m, &body));
    if (e.sync)
        TRY(webhook_hand_over(m, body, e.url.len ? 0 : GRACE_MS, begun, &given));
    if (given)
        return OK;
    if (!e.url.len)
        return failed(ERR_NOT_FOUND, "nobody waits for it any more, and the endpoint %.*s has no out.url", STR(e.name));
    return post(a, &e, m, body, begun, out);
}
