// SPDX-License-Identifier: Apache-2.0
/* What goes out.  Signal has no markup: its text is plain, and ranges of it have a style. */
#include <stdio.h>

#include "base/log.h"
#include "base/utf8.h"
#include "channel/hook.h"
#include "channel/markup.h"
#include "channel/platform_api.h"
#include "channel/signal.h"
#include "net/url.h"

enum {
    STYLES = 4, NAME_BYTES_MAX = 255, TIME_SIZE = 24, CHAINS = 64, EDITS_MAX = 8, RETRY_OTHERWISE_MS = 60 * 1000,
    FILE_TEXT_MAX = 32 << 20,
};

/* ---- styles ---- */

/* MARKUP_IRC's marks are one character each that its writer lets through nowhere else; each begins what it begins and ends it. */
static const struct { char mark; const char *style; } styles_of[STYLES] = {
    { 0x02, "BOLD" }, { 0x1d, "ITALIC" }, { 0x1e, "STRIKETHROUGH" }, { 0x11, "MONOSPACE" },
};

struct ranges {
    json_t *out;
    size_t  at;                 /* UTF-16 units so far */
    bool    open[STYLES];
    struct { size_t from, to; bool any; } range[STYLES];        /* open, or closed and not written: it may go on in the next line */
};

static void write_range(struct ranges *r, size_t k)
{
    char text[64];

    if (!r->range[k].any)
        return;
    r->range[k].any = false;
    if (r->range[k].to == r->range[k].from)
        return;
    snprintf(text, sizeof text, "%zu:%zu:%s", r->range[k].from, r->range[k].to - r->range[k].from, styles_of[k].style);
    json_array_append_new(r->out, json_string(text));
}

/* line: nothing but a line's end came since the range was closed. */
static void toggle(struct ranges *r, size_t k, bool line)
{
    if (r->open[k])
        r->range[k].to = r->at;
    else if (!r->range[k].any || !line || r->range[k].to + 1 != r->at) {
        write_range(r, k);
        r->range[k].from = r->range[k].to = r->at;
        r->range[k].any = true;
    }
    r->open[k] = !r->open[k];
}

static bool take_mark(struct ranges *r, char c, bool line)
{
    for (size_t k = 0; k < STYLES; k++)
        if (styles_of[k].mark == c) {
            toggle(r, k, line);
            return true;
        }
    return false;
}

str signal_styled(struct arena *a, str marked, json_t *styles)
{
    CLEANUP(buf_done) struct buf b = {0};
    struct ranges r = { .out = styles };

    for (size_t n; marked.len; marked = str_skip(marked, n)) {
        uint32_t ch = 0;

        n = utf8_next(marked, &ch);
        n = n ? n : 1;
        if (take_mark(&r, marked.p[0], str_ends(buf_str(&b), S("\n"))))
            continue;
        buf_add(&b, str_take(marked, n));
        r.at += ch > 0xffff ? 2 : 1;
    }
    for (size_t k = 0; k < STYLES; k++) {
        if (r.open[k])
            toggle(&r, k, false);
        write_range(&r, k);
    }
    return arena_str(a, buf_str(&b));
}

/* ---- edits ---- */

/* An edit names the newest edition of its message, not the first; and apps take ten.  What is forgotten here (a restart, or many
 * others since) cannot be edited any more, and is sent as a message of its own. */
static struct chain { char first[TIME_SIZE], newest[TIME_SIZE]; unsigned edits; } chains[CHAINS];
static size_t next_chain;

static struct chain *chain_of(str first)
{
    for (size_t i = 0; first.len && i < CHAINS; i++)
        if (str_eq(first, str_from(chains[i].first)))
            return &chains[i];
    return NULL;
}

static void chain_begin(str first)
{
    struct chain *c = &chains[next_chain++ % CHAINS];

    *c = (struct chain){0};
    snprintf(c->first, sizeof c->first, "%.*s", STR(first));
    snprintf(c->newest, sizeof c->newest, "%.*s", STR(first));
}

/* ---- requests ---- */

static void add_text(struct arena *a, json_t *params, const struct outgoing *m)
{
    CLEANUP(json_decrefp) json_t *styles = json_array();
    str text = hook_text(a, m, MARKUP_IRC);

    if (!m->plain)
        text = signal_styled(a, text, styles);

    json_object_set_new(params, "message", json_from_str(text));
    if (json_array_size(styles))
        json_object_set(params, "textStyles", styles);
}

/* data:TYPE;filename=NAME;base64,...: the name is URL-decoded by signal-cli. */
static void add_file(json_t *params, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf b = { .max = FILE_TEXT_MAX };
    bool fit = m->mime.len && str_find_char(m->mime, '/') != STR_NONE && str_find_char(m->mime, ',') == STR_NONE
               && str_find_char(m->mime, ';') == STR_NONE;

    buf_addf(&b, "data:%.*s;filename=", STR(fit ? m->mime : S("application/octet-stream")));
    url_add_encoded(&b, utf8_take(m->name.len ? m->name : S("file"), NAME_BYTES_MAX));
    buf_add(&b, S(";base64,"));
    buf_add_base64(&b, m->bytes);
    json_object_set_new(params, "attachments", json_pack("[o]", json_from_str(buf_str(&b))));
}

/* In a conversation of two every message answers the one before it: saying so would only be noise. */
static void add_quote(json_t *params, const struct outgoing *m)
{
    str time = m->reply_to, author;
    int64_t at;

    if (!signal_is_group(m->chat_id) || !str_split(&time, ':', &author) || str_i64(time, &at))
        return;
    if (!uuid_valid(author) && !signal_is_number(author))
        return;
    json_object_set_new(params, "quoteTimestamp", json_integer(at));
    json_object_set_new(params, "quoteAuthor", json_from_str(author));
}

/* What the answer is to say again: whether a message was begun that will grow, or which one was edited. */
static enum err add_edit(struct arena *a, json_t *params, const struct outgoing *m, const char **ret_id)
{
    struct chain *c = chain_of(m->remote_id);
    int64_t at;

    *ret_id = m->final ? "send" : "open";
    if (!m->remote_id.len)
        return OK;
    if (!m->final && (!c || c->edits >= EDITS_MAX))
        return failed(ERR_LIMIT, "Signal's apps take ten edits of a message: the rest comes at its end");
    *ret_id = c ? arena_printf(a, "edit:%s", c->first) : "send";
    if (c && str_i64(str_from(c->newest), &at) == OK)
        json_object_set_new(params, "editTimestamp", json_integer(at));
    return OK;
}

enum err signal_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *params = json_object();
    const char *id;

    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    TRY(signal_add_chat(params, m->chat_id));
    TRY(add_edit(a, params, m, &id));
    if (m->blob.len)
        add_file(params, m);
    else
        add_text(a, params, m);
    if (!m->remote_id.len)
        add_quote(params, m);
    signal_request(a, "send", params, id, out);
    return OK;
}

enum err signal_encode_typing(struct arena *a, str chat_id, str thread_id UNUSED, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *params = json_object();

    TRY(signal_add_chat(params, chat_id));
    signal_request(a, "sendTyping", params, "typing", out);
    return OK;
}

/* ---- answers ---- */

static size_t count(const json_t *results, const char *type)
{
    const json_t *r;
    size_t i, n = 0;

    json_array_foreach(results, i, r)
        n += str_eq(json_text_str(r, "type"), str_from(type));
    return n;
}

static const json_t *first_of(const json_t *results, const char *type)
{
    const json_t *r;
    size_t i;

    json_array_foreach(results, i, r)
        if (str_eq(json_text_str(r, "type"), str_from(type)))
            return r;
    return NULL;
}

static enum err limited(const json_t *result, struct sent *out)
{
    int64_t seconds = json_int(result, "retryAfterSeconds", 0);
    str token = str_take(json_text_str(result, "token"), 100);

    out->retry_after_ms = seconds > 0 && seconds < 86400 ? (uint64_t)seconds * 1000 : RETRY_OTHERWISE_MS;
    if (token.len)
        return failed(ERR_LIMIT, "Signal wants a proof that no machine sends: signal-cli submitRateLimitChallenge --challenge %.*s "
                      "--captcha ...", STR(token));
    return failed(ERR_LIMIT, "Signal's rate limit");
}

/* Nobody has it.  The first that may mend itself decides, for a group is tried again as a whole. */
static enum err none_reached(const json_t *results, struct sent *out)
{
    if (count(results, "RATE_LIMIT_FAILURE"))
        return limited(first_of(results, "RATE_LIMIT_FAILURE"), out);
    if (count(results, "NETWORK_FAILURE"))
        return failed(ERR_REMOTE, "signal-cli does not reach Signal");
    if (count(results, "INVALID_PRE_KEY_FAILURE"))
        return failed(ERR_REMOTE, "Signal has no usable key of the recipient");
    if (count(results, "IDENTITY_FAILURE"))
        return failed(ERR_CONFLICT, "the recipient's safety number changed: check it, then signal-cli trust");
    out->gone = count(results, "UNREGISTERED_FAILURE") > 0;
    return failed(ERR_NOT_FOUND, "%s", out->gone ? "the recipient is not registered at Signal" : "Signal did not take the message");
}

static enum err judge_results(const json_t *results, struct sent *out)
{
    size_t n = json_array_size(results), ok = count(results, "SUCCESS");

    if (n && !ok)
        return none_reached(results, out);
    if (ok < n)
        log_event(LOG_WARN, "signal.partly_sent", F("recipients", n), F("reached", ok));
    return OK;
}

static enum err judge_error(const json_t *error, struct sent *out)
{
    const json_t *results = json_at(error, "data.response.results");

    if (json_array_size(results) && !count(results, "SUCCESS"))
        return none_reached(results, out);
    enum err e = signal_rpc_error(error);

    if (e == ERR_LIMIT)
        out->retry_after_ms = RETRY_OTHERWISE_MS;
    out->unknown = json_int(error, "code", 0) == -32603;        /* anything may have happened before it */
    return e == ERR_NOT_FOUND ? ERR_INPUT : e;
}

static void note_sent(struct arena *a, const json_t *answer, struct sent *out)
{
    str id = json_text_str(answer, "id"), now;
    int64_t at = json_int(answer, "result.timestamp", 0);
    struct chain *c;

    now = at > 0 ? str_from(arena_printf(a, "%lld", (long long)at)) : S("");
    out->remote_id = now;
    if (str_eq(id, S("open")) && now.len)
        chain_begin(now);
    if (!str_eat(&id, S("edit:")) || !(c = chain_of(id)))
        return;
    c->edits++;
    if (now.len)
        snprintf(c->newest, sizeof c->newest, "%.*s", STR(now));
    out->remote_id = arena_str(a, id);
}

enum err signal_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    *out = (struct sent){ .remote_id = S("") };
    if (r->status != 200) {
        enum err e = platform_sent("signal-cli", r, S(""), out);

        return r->status == 401 || r->status == 403 || r->status == 421 ? signal_status_error(r->status) : e;
    }
    if (json_parse(r->body, &j) || (!json_at(j, "result") && !json_at(j, "error"))) {
        out->unknown = true;
        return failed(ERR_REMOTE, "signal-cli did not say whether it sent the message");
    }
    if (json_at(j, "error"))
        return judge_error(json_at(j, "error"), out);
    TRY(judge_results(json_at(j, "result.results"), out));
    note_sent(a, j, out);
    return OK;
}
