// SPDX-License-Identifier: Apache-2.0
/* The settings of an endpoint.  They are read anew for each call: a map of some ten keys, next to the work of a turn. */
#include <string.h>

#include "channel/webhook.h"
#include "config/config.h"

static const struct { const char *key, *pointers; } fields[WEBHOOK_N_FIELDS] = {
    [WEBHOOK_TEXT] = { "text", "/content/text" }, [WEBHOOK_USER] = { "user", "/sender/user_id" },
    [WEBHOOK_USER_NAME] = { "user_name", "/sender/user_name" }, [WEBHOOK_CHAT] = { "chat", "/chat_id /session_id" },
    [WEBHOOK_CHAT_TYPE] = { "chat_type", "/chat_type" }, [WEBHOOK_THREAD] = { "thread", "/thread_id" },
    [WEBHOOK_ID] = { "id", "/external_id /id" }, [WEBHOOK_TIME] = { "time", "/created_at" },
    [WEBHOOK_REPLY_TO] = { "reply_to", "/reply_to" }, [WEBHOOK_CONTEXT] = { "context", "/context/prev_messages" },
    [WEBHOOK_CHALLENGE] = { "challenge", "" }, [WEBHOOK_FILES] = { "files", "/content/attachments" },
    [WEBHOOK_FILE_URL] = { "file_url", "/url" }, [WEBHOOK_FILE_NAME] = { "file_name", "/name" },
    [WEBHOOK_FILE_MIME] = { "file_mime", "/mime" }, [WEBHOOK_FILE_TYPE] = { "file_type", "/type" },
};

bool webhook_split(str id, str *ret_name, str *ret_rest)
{
    size_t slash = str_find_char(id, '/');

    if (slash == STR_NONE)
        return false;
    *ret_name = str_take(id, slash);
    *ret_rest = str_skip(id, slash + 1);
    return true;
}

/* ---- one value each ---- */

static enum err take_text(const json_t *j, const char *key, str *out)
{
    const json_t *v = json_object_get(j, key);

    if (!v)
        return OK;
    if (!json_is_string(v))
        return failed(ERR_INPUT, "%s: a text is wanted", key);
    *out = json_strval(v);
    return OK;
}

static enum err take_flag(const json_t *j, const char *key, bool *out)
{
    const json_t *v = json_object_get(j, key);

    if (v && !json_is_boolean(v))
        return failed(ERR_INPUT, "%s: true or false is wanted", key);
    *out = json_is_true(v);
    return OK;
}

static enum err take_map(const json_t *j, const char *key, const json_t **out)
{
    const json_t *v = json_object_get(j, key);

    if (v && !json_is_object(v))
        return failed(ERR_INPUT, "%s: a map is wanted", key);
    *out = v;
    return OK;
}

static enum err only_these(const json_t *j, const char *const *names)
{
    const char *key;
    const json_t *v;

    json_object_foreach((json_t *)j, key, v) {
        size_t i = 0;

        while (names[i] && strcmp(names[i], key))
            i++;
        if (!names[i])
            return failed(ERR_INPUT, "%s: there is no such key", key);
    }
    return OK;
}

/* ---- in ---- */

static void take_defaults(struct webhook_endpoint *e)
{
    for (size_t f = 0; f < WEBHOOK_N_FIELDS; f++) {
        str rest = str_from(fields[f].pointers), pointer;

        for (size_t n = 0; rest.len && n < WEBHOOK_POINTERS_MAX && str_split(&rest, ' ', &pointer); n++)
            e->in[f][n] = pointer;
    }
}

static enum err take_pointer(const json_t *v, str *out)
{
    if (!json_is_string(v) || !json_pointer_valid(json_strval(v)))
        return failed(ERR_INPUT, "a JSON pointer such as /message/text is wanted");
    *out = json_strval(v);
    return OK;
}

/* One pointer, or a list: the first that finds something counts. */
static enum err take_pointers(const json_t *v, str *out)
{
    size_t n = json_is_array(v) ? json_array_size(v) : 1;

    if (n > WEBHOOK_POINTERS_MAX)
        return failed(ERR_INPUT, "more than %d JSON pointers", WEBHOOK_POINTERS_MAX);
    memset(out, 0, WEBHOOK_POINTERS_MAX * sizeof *out);
    for (size_t i = 0; i < n; i++)
        TRY(take_pointer(json_is_array(v) ? json_array_get(v, i) : v, &out[i]));
    return OK;
}

static enum err take_in(const json_t *in, struct webhook_endpoint *e)
{
    const char *key;
    const json_t *v;

    take_defaults(e);
    json_object_foreach((json_t *)in, key, v) {
        size_t f = 0;

        while (f < WEBHOOK_N_FIELDS && strcmp(fields[f].key, key))
            f++;
        if (f == WEBHOOK_N_FIELDS)
            return failed(ERR_INPUT, "in.%s: there is no such key", key);
        if (take_pointers(v, e->in[f]))
            return failed_in(ERR_INPUT, "in.%s: ", key);
    }
    return OK;
}

/* ---- out ---- */

static enum err take_format(const json_t *out, struct webhook_endpoint *e)
{
    static const struct { const char *name; enum markup markup; } formats[] = {
        { "markdown", MARKUP_MARKDOWN }, { "plain", MARKUP_PLAIN }, { "html", MARKUP_HTML },
    };
    str format = S("markdown");

    TRY(take_text(out, "format", &format));
    for (size_t i = 0; i < N_ELEMENTS(formats); i++)
        if (str_eq(format, str_from(formats[i].name))) {
            e->format = formats[i].markup;
            return OK;
        }
    return failed(ERR_INPUT, "format: markdown, plain or html is wanted");
}

static enum err check_headers(const json_t *headers)
{
    const char *key;
    const json_t *v;

    json_object_foreach((json_t *)headers, key, v)
        if (!json_is_string(v) || !http_is_value(json_strval(v)) || !http_is_value(str_from(key)))
            return failed(ERR_INPUT, "headers.%s: a text is wanted", key);
    return OK;
}

static enum err take_out(const json_t *out, struct webhook_endpoint *e)
{
    static const char *const keys[] = { "url", "secret", "id", "format", "headers", "body", NULL };

    e->out_secret = e->secret;
    TRY(only_these(out, keys));
    TRY(take_text(out, "url", &e->url));
    TRY(take_text(out, "secret", &e->out_secret));
    TRY(take_text(out, "id", &e->out_id));
    if (!json_pointer_valid(e->out_id))
        return failed(ERR_INPUT, "id: a JSON pointer such as /message_id is wanted");
    TRY(take_map(out, "headers", &e->headers));
    TRY(check_headers(e->headers));
    TRY(take_format(out, e));
    e->body = json_object_get(out, "body");
    return e->body ? webhook_check_template(e->body) : OK;
}

/* ---- all ---- */

static enum err take_reply(const json_t *j, struct webhook_endpoint *e)
{
    str reply = e->url.len ? S("url") : S("sync");

    TRY(take_text(j, "reply", &reply));
    if (!str_eq(reply, S("sync")) && !str_eq(reply, S("url")))
        return failed(ERR_INPUT, "reply: sync or url is wanted");
    e->sync = str_eq(reply, S("sync"));
    return e->sync || e->url.len ? OK : failed(ERR_INPUT, "out.url: replies go nowhere without it");
}

static enum err take_endpoint(const json_t *j, struct webhook_endpoint *e)
{
    static const char *const keys[] = { "secret", "header", "timestamp", "reply", "private_files", "in", "out", NULL };
    const json_t *in, *out;

    if (!json_is_object(j))
        return failed(ERR_INPUT, "a map is wanted");
    TRY(only_these(j, keys));
    TRY(take_text(j, "secret", &e->secret));
    if (!e->secret.len)
        return failed(ERR_INPUT, "secret: it is missing, and anybody could call");
    TRY(take_text(j, "header", &e->header));
    TRY(take_flag(j, "timestamp", &e->timestamp));
    TRY(take_flag(j, "private_files", &e->private_files));
    TRY(take_map(j, "in", &in));
    TRY(take_map(j, "out", &out));
    TRY(take_in(in, e));
    if (take_out(out, e))
        return failed_in(ERR_INPUT, "out.");
    return take_reply(j, e);
}

enum err webhook_endpoint_read(struct arena *a, const json_t *endpoints, str name, struct webhook_endpoint *out)
{
    const json_t *j = json_object_getn(endpoints, name.p ? name.p : "", name.len);
    struct webhook_endpoint e = {
        .name = arena_str(a, name), .secret = S(""), .header = S("X-Signature"), .url = S(""), .out_secret = S(""), .out_id = S(""),
    };

    if (!j)
        return failed(ERR_NOT_FOUND, "there is no endpoint %.*s in platforms.webhook.endpoints", STR(str_take(name, 60)));
    if (take_endpoint(j, &e))
        return failed_in(ERR_INPUT, "platforms.webhook.endpoints.%.*s.", STR(str_take(name, 60)));
    *out = e;
    return OK;
}

/* platforms.webhook.secret alone makes one that is named "default". */
static enum err the_default(struct arena *a, const struct config *c, struct webhook_endpoint *out)
{
    *out = (struct webhook_endpoint){
        .name = S("default"), .secret = arena_str(a, str_from(c->platforms_webhook_secret)), .header = S("X-Signature"), .out_id = S(""),
        .timestamp = c->platforms_webhook_timestamp, .url = arena_str(a, str_from(c->platforms_webhook_url)), .format = MARKUP_MARKDOWN,
    };
    out->out_secret = out->secret;
    out->sync = !out->url.len;
    take_defaults(out);
    return OK;
}

enum err webhook_endpoint(struct arena *a, str name, struct webhook_endpoint *out)
{
    const struct config *c = config_now();

    if (str_eq(name, S("default")) && c->platforms_webhook_secret[0] && !json_object_get(c->platforms_webhook_endpoints, "default"))
        return the_default(a, c, out);
    return webhook_endpoint_read(a, c->platforms_webhook_endpoints, name, out);
}
