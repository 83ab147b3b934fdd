// SPDX-License-Identifier: Apache-2.0
#include "channel/platform_api.h"

#include <string.h>

#include "base/random.h"
#include "net/signature.h"
#include "net/url.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum { RETRY_OTHERWISE_MS = 1000, FILE_NAME_MAX = 255, PHONE_DIGITS_MIN = 6, PHONE_DIGITS_MAX = 15 };

enum err (*channel_fetch)(struct arena *, const struct http_request *, struct http_response *, bool *) = http_fetch;

/* ---- calls ---- */

void platform_request(struct arena *a, const struct platform_call *c, struct http_request *out)
{
    struct http_field *fields = arena_alloc(a, PLATFORM_FIELDS_MAX * sizeof *fields);
    bool has_body = c->body || c->raw.p;
    size_t n = 0;

    if (has_body)
        fields[n++] = (struct http_field){ S("Content-Type"), c->body ? S("application/json; charset=utf-8") : arena_str(a,
                str_from(c->raw_type)) };
    if (c->authorization)
        fields[n++] = (struct http_field){ S("Authorization"), arena_str(a, str_from(c->authorization)) };
    for (size_t i = 0; i < c->n_fields && n < PLATFORM_FIELDS_MAX; i++)
        fields[n++] = c->fields[i];
    *out = (struct http_request){
        .method = c->method ? c->method : has_body ? "POST" : "GET", .url = arena_c(a, str_from(c->url)), .fields = fields, .n_fields = n,
        .body = c->body ? json_print(a, c->body) : c->raw, .max_body = c->max_body,
    };
}

enum err platform_fetch(struct arena *a, const struct platform_call *c, struct http_response *out, json_t **ret_json)
{
    CLEANUP(deadline_clear) struct deadline limit;
    struct http_request request;

    platform_request(a, c, &request);
    deadline_set(&limit, c->timeout_ms ? c->timeout_ms : PLATFORM_TIMEOUT_MS);
    TRY(channel_fetch(a, &request, out, NULL));
    if (ret_json && (!out->body.len || json_parse(out->body, ret_json)))
        *ret_json = NULL;
    return OK;
}

/* Where platforms put their words, most of them. */
static str words_of(const json_t *j)
{
    static const char *const places[] = { "message", "error.message", "errmsg", "msg", "error_description", "description", "error" };

    for (size_t i = 0; i < N_ELEMENTS(places); i++) {
        str words = json_text_str(j, places[i]);

        if (words.len)
            return words;
    }
    return S("");
}

enum err platform_get(struct arena *a, const struct platform_call *c, json_t **ret_json)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;

    TRY(platform_fetch(a, c, &answer, &j));
    TRY(platform_error(c->platform, answer.status, words_of(j)));
    if (!j)
        return failed(ERR_REMOTE, "%s answered %d without JSON", c->platform, answer.status);
    *ret_json = json_incref(j);
    return OK;
}

/* ---- what a status means ---- */

static enum err error_of(int status)
{
    switch (status) {
    case 401: return ERR_AUTH;
    case 403: case 404: case 410: return ERR_NOT_FOUND;
    case 409: return ERR_CONFLICT;
    case 413: return ERR_TOO_LONG;
    case 429: return ERR_LIMIT;
    default: return status >= 200 && status < 300 ? OK : status >= 400 && status < 500 ? ERR_INPUT : ERR_REMOTE;
    }
}

enum err platform_error(const char *platform, int status, str words)
{
    enum err e = error_of(status);

    if (e == OK)
        return OK;
    words = str_take(words, 300);
    return failed(e, "%s answered %d%s%.*s", platform, status, words.len ? ": " : "", STR(words));
}

uint64_t platform_retry_after_ms(const struct http_response *r)
{
    str value = http_response_field(r, S("Retry-After"));
    uint64_t ms = value.p ? http_retry_after_ms(value, clock_wall_ms()) : UINT64_MAX;

    return ms == UINT64_MAX ? RETRY_OTHERWISE_MS : ms;
}

enum err platform_sent(const char *platform, const struct http_response *r, str words, struct sent *out)
{
    enum err e = platform_error(platform, r->status, words);

    *out = (struct sent){
        .remote_id = S(""), .retry_after_ms = e == ERR_LIMIT ? platform_retry_after_ms(r) : 0, .gone = e == ERR_NOT_FOUND,
        .unknown = e == ERR_REMOTE && r->status != 503,     /* 503 is said before anything was done */
    };
    return e;
}

/* The number alone would come again after a restore from a backup, with another text. */
str platform_send_id(struct arena *a, const struct outgoing *m)
{
    str text = m->link_of.len ? m->link_of : m->text, number = str_from(arena_printf(a, "%lld", (long long)m->id));
    str parts[] = { m->session_id, S("\n"), m->chat_id, S("\n"), text, m->blob, S("\n"), number };
    CLEANUP(buf_done) struct buf hex = {0};

    buf_add_hex(&hex, str_take(sha256_of(a, parts, N_ELEMENTS(parts)), 16));
    const char *h = buf_str(&hex).p;
    return str_from(arena_printf(a, "%.8s-%.4s-8%.3s-8%.3s-%.12s", h, h + 8, h + 13, h + 17, h + 20));
}

/* ---- forms ---- */

bool platform_phone(struct arena *a, str written, str *out)
{
    CLEANUP(buf_done) struct buf b = {0};
    str rest = str_trim(written);

    if (!str_eat(&rest, S("+")))
        return false;
    buf_add_char(&b, '+');
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.p[i] >= '0' && rest.p[i] <= '9')
            buf_add_char(&b, rest.p[i]);
        else if (!strchr(" -()./", rest.p[i]))
            return false;
    }
    *out = arena_str(a, buf_str(&b));
    return b.len > PHONE_DIGITS_MIN && b.len <= PHONE_DIGITS_MAX + 1;
}

void platform_form_begin(struct platform_form *f)
{
    char id[UUID_SIZE];

    random_uuid(id);
    *f = (struct platform_form){0};
    snprintf(f->boundary, sizeof f->boundary, "%s", id);
    snprintf(f->type, sizeof f->type, "multipart/form-data; boundary=%s", id);
}

/* A name inside a quoted header value. */
static void add_quoted(struct buf *b, str name)
{
    name = str_take(name, FILE_NAME_MAX);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.p[i];
        buf_add_char(b, c < 0x20 || c == '"' || c == '\\' || c == 0x7f ? '_' : (char)c);
    }
    if (!name.len)
        buf_add(b, S("file"));
}

void platform_form_field(struct platform_form *f, const char *name, str value)
{
    buf_addf(&f->body, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n", f->boundary, name);
    buf_add(&f->body, value);
    buf_add(&f->body, S("\r\n"));
}

void platform_form_file(struct platform_form *f, const char *name, str file_name, str mime, str bytes)
{
    buf_addf(&f->body, "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"", f->boundary, name);
    add_quoted(&f->body, file_name);
    buf_addf(&f->body, "\"\r\nContent-Type: %.*s\r\n\r\n", STR(mime.len && http_is_value(mime) ? mime : S("application/octet-stream")));
    buf_add(&f->body, bytes);
    buf_add(&f->body, S("\r\n"));
}

void platform_form_end(struct platform_form *f)
{
    buf_addf(&f->body, "--%s--\r\n", f->boundary);
}

void platform_form_done(struct platform_form *f)
{
    buf_done(&f->body);
}

void platform_add_pair(struct buf *b, const char *name, str value)
{
    buf_addf(b, "%s%s=", b->len ? "&" : "", name);
    url_add_encoded(b, value);
}
