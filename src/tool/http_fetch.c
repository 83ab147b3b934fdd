// SPDX-License-Identifier: Apache-2.0
/* http_fetch.c: brings something from the web: pages as Markdown a part at a time, JSON and text, anything into a file. */
#include <string.h>

#include "base/utf8.h"
#include "config/config.h"
#include "runtime/fiber.h"
#include "runtime/offload.h"
#include "tool/download.h"
#include "tool/file_job.h"
#include "document/page.h"

enum { PART = 32 << 10 };

extern const struct tool tool_http_fetch;

/* --- the request --- */

/* Those that say how the message itself is sent, which is ours to say. */
static bool may_be_set(const char *name)
{
    static const char *const ours[] = { "host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "upgrade",
                                        "te", "trailer", "keep-alive", "http2-settings" };

    for (size_t i = 0; i < N_ELEMENTS(ours); i++)
        if (str_eq_nocase(str_from(name), str_from(ours[i])))
            return false;
    return !str_starts(str_from(name), S("proxy-")) && !str_starts(str_from(name), S("Proxy-"));
}

static enum err add_fields(struct download *d, const json_t *arguments)
{
    json_t *headers = json_object_get(arguments, "headers"), *value;
    struct http_field *fields = arena_alloc(d->cx->arena, (json_object_size(headers) + 2) * sizeof *fields);
    bool has_type = false, has_accept = false;
    const char *name;

    json_object_foreach(headers, name, value) {
        if (!json_is_string(value) || !may_be_set(name))
            return failed(ERR_INPUT, "the header '%.60s' cannot be set, or is no text", name);
        fields[d->n_fields++] = (struct http_field){ str_from(name), json_strval(value) };
        has_type |= str_eq_nocase(str_from(name), S("Content-Type"));
        has_accept |= str_eq_nocase(str_from(name), S("Accept"));
    }
    if (d->body.len && !has_type)
        fields[d->n_fields++] = (struct http_field){
            S("Content-Type"), json_object_get(arguments, "json") ? S("application/json") : S("text/plain; charset=utf-8") };
    if (!has_accept)
        fields[d->n_fields++] = (struct http_field){ S("Accept"), S("text/html, text/markdown, text/plain, application/json, */*;q=0.5") };
    d->fields = fields;
    return OK;
}

static enum err make_request(struct download *d, const json_t *arguments)
{
    const json_t *json = json_object_get(arguments, "json");
    bool sends = json || json_object_get(arguments, "body");
    const char *method = json_text(arguments, "method");

    d->url = json_text(arguments, "url");
    d->method = *method ? method : sends ? "POST" : "GET";
    if (json && json_object_get(arguments, "body"))
        return failed(ERR_INPUT, "either json or body, not both");
    if (sends && strcmp(d->method, "GET") == 0)
        return failed(ERR_INPUT, "a GET has no body: method POST");
    if (json_int(arguments, "offset", 0) > 0 && strcmp(d->method, "GET") != 0)
        return failed(ERR_INPUT, "offset would send it again: save_to keeps all of an answer");
    d->body = json ? json_print(d->cx->arena, json) : json_text_str(arguments, "body");
    return add_fields(d, arguments);
}

/* --- the answer --- */

static enum err read_in_pool(void *arg)
{
    return page_read(arg);
}

static enum err save_in_pool(struct file_job *job)
{
    str bytes = json_strval(json_object_get(job->arguments, "bytes"));

    TRY(workspace_replace(&job->workspace, job->path, bytes));
    buf_addf(&job->text, "%zu bytes saved to %s", bytes.len, job->path);
    return OK;
}

static void add_head(const struct download *d, struct buf *out)
{
    str type = http_response_field(&d->response, S("Content-Type"));

    buf_addf(out, "%s (%d%s%.*s, %zu bytes)\n", d->url, d->response.status, type.len ? ", " : "", STR(str_take(type, 100)),
             d->response.body.len);
}

static enum err save(const struct download *d, const char *path, struct buf *text, struct tool_result *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *arguments = json_object();

    json_object_set_new(arguments, "path", json_string(path));
    json_object_set_new(arguments, "bytes", json_stringn_nocheck(d->response.body.p ? d->response.body.p : "", d->response.body.len));
    TRY(file_job_run(d->cx, arguments, save_in_pool, out));
    buf_add(text, out->text);
    return OK;
}

static void add_part(struct buf *out, const struct page *p, size_t offset)
{
    str all = buf_str(&p->text);

    while (offset < all.len && ((unsigned char)all.p[offset] & 0xc0) == 0x80)
        offset++;
    str part = utf8_take(str_skip(all, offset), PART);

    buf_add(out, S("\n"));
    buf_add(out, part);
    if (all.len == 0)
        buf_add(out, S("[there is no text in it]"));
    else if (part.len == 0)
        buf_addf(out, "[there are only %zu bytes of text]", all.len);
    else if (offset + part.len < all.len)
        buf_addf(out, "\n[bytes %zu to %zu of %zu of the text; it goes on: offset=%zu]", offset, offset + part.len - 1, all.len,
                 offset + part.len);
    else if (p->cut)
        buf_add(out, S("\n[the rest is left out: save_to keeps all of it]"));
}

static enum err show(const struct download *d, const json_t *arguments, struct buf *text, struct tool_result *out) AWAITS
{
    CLEANUP(page_done) struct page p = {
        .url = str_from(d->url), .content_type = http_response_field(&d->response, S("Content-Type")), .body = d->response.body,
        .form = json_flag(arguments, "raw") ? PAGE_AS_IT_IS : PAGE_READABLE,
    };
    enum err e = fiber_offload(read_in_pool, &p);

    if (e == ERR_CANCELLED || e == ERR_TIMEOUT || e == ERR_BUG)
        return e;
    if (e && page_is_text(p.content_type, p.body)) {
        buf_addf(text, "%s; raw shows it as it is", failed_text());
        out->is_error = true;
    } else if (e) {
        buf_add(text, S("It is no text: save_to keeps it as a file of the workspace, where other tools can look at it."));
        out->is_error = true;
    } else {
        if (p.title.len)
            buf_addf(text, "title: %s\n", buf_c(&p.title));
        add_part(text, &p, (size_t)json_int(arguments, "offset", 0));
    }
    return OK;
}

static enum err report(const struct download *d, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(buf_done) struct buf text = {0}, clean = {0};
    const char *path = json_text(arguments, "save_to");

    add_head(d, &text);
    *out = (struct tool_result){ 0 };
    TRY(*path && d->response.status < 400 ? save(d, path, &text, out) : show(d, arguments, &text, out));
    out->is_error |= d->response.status >= 400;
    utf8_add_repaired(&clean, buf_str(&text));
    out->text = arena_str(d->cx->arena, buf_str(&clean));
    return OK;
}

/* --- */

/* The time is for the way there and back; a deadline of the turn itself goes on to whoever set it. */
static enum err download_in_time(struct download *d, bool *ret_late) AWAITS
{
    CLEANUP(deadline_clear) struct deadline deadline = {0};

    deadline_set(&deadline, config_now()->http_fetch_timeout);
    enum err e = download(d);

    deadline_clear(&deadline);
    *ret_late = e == ERR_TIMEOUT && fiber_check() == OK;
    return e;
}

static enum err http_fetch_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct download d = {
        .tool = &tool_http_fetch, .cx = cx, .max_size = (size_t)config_now()->http_fetch_max_size,
        .private_hosts = &config_now()->http_fetch_private_hosts,
    };
    bool late = false;
    enum err e = make_request(&d, arguments);

    if (e == OK)
        e = download_in_time(&d, &late);
    if (e == ERR_CANCELLED || e == ERR_BUG || (e == ERR_TIMEOUT && !late))
        return e;
    if (late)
        *out = tool_refusal(cx, "%.300s: %s (tools.http_fetch.timeout is %.3g s)", d.url, failed_text(),
                            (double)config_now()->http_fetch_timeout / 1000);
    else if (e)
        *out = tool_refusal(cx, "%s", failed_text());
    else
        TRY(report(&d, arguments, out));
    out->transient = late || e == ERR_NET;
    out->taint = str_from(arena_printf(cx->arena, "web page %.300s", d.url));
    return OK;
}

const struct tool tool_http_fetch = {
    .name = "http_fetch",
    .description = "Gets a page or a file from the web: HTML as Markdown, JSON and text as they are, a part at a time; "
                   "the end of a part says how to read on.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"url\"],\"properties\":{"
              "\"url\":{\"type\":\"string\",\"description\":\"http:// or https:// address\"},"
              "\"method\":{\"type\":\"string\",\"enum\":[\"GET\",\"POST\"]},"
              "\"headers\":{\"type\":\"object\",\"description\":\"Names and values of request headers\"},"
              "\"body\":{\"type\":\"string\",\"description\":\"Text to send with POST\"},"
              "\"json\":{\"description\":\"Sent as JSON with POST, instead of body\"},"
              "\"offset\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"First byte of the text to show\"},"
              "\"raw\":{\"type\":\"boolean\",\"description\":\"HTML and JSON as they were sent\"},"
              "\"save_to\":{\"type\":\"string\","
              "\"description\":\"Path of a file in the workspace to keep the answer in, instead of showing it\"}}}",
    /* Not repeatable: a POST may do something.  A GET whose end nobody knows is simply called again by the model. */
    .risk = RISK_OUTSIDE, .run = http_fetch_run,
};
