// SPDX-License-Identifier: Apache-2.0
#include "net/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "net/address.h"
#include "net/curl_loop.h"
#include "net/http.h"
#include "net/url.h"
#include "net/websocket_internal.h"
#include "runtime/clock.h"

enum {
    BUFFERED_MAX = 256 << 10,       /* bytes read ahead of a slow reader; then the transfer is paused */
    HEAD_MAX = 64 << 10,
    BODY_MAX = 16 << 20,
    CONNECT_TIMEOUT_MS = 10000,
};

struct http_stream {
    struct transfer    transfer;        /* its news: every callback that changes something below */
    struct curl_slist *fields;
    char              *where;           /* host and port, for error texts; never the path: tokens stand in it */
    uint64_t           sent_at, first_byte_ms, idle_ms;
    unsigned           starts;          /* times libcurl was about to send the request */
    bool               safe;            /* sending it twice does nothing twice */
    bool               redirects, sent, head_in, paused;
    enum err           error;           /* ours, from inside a callback */
    char               text[80];
    int                status;
    struct buf         head;
    struct http_field *head_fields;     /* into head */
    size_t             n_head_fields;
    struct buf         in, out;         /* filled by libcurl; lent to the reader */
    size_t             total, max, high;
    curl_off_t         n_to_send;
    void             (*on_sending)(void *arg);
    void              *on_sending_arg;
    bool             (*allow_address)(void *arg, const struct sockaddr *);
    void              *allow_address_arg;
    char               refused[ADDRESS_TEXT_SIZE];  /* an address that was not allowed; "" */
};

void http_client_stop(void)
{
    transfers_stop();
    websocket_client_stop();
}

/* --- callbacks of one transfer; none of them may wait --- */

static void give_up(struct http_stream *s, enum err e, const char *text)
{
    s->error = e;
    snprintf(s->text, sizeof s->text, "%s", text);
}

/* Connected, and about to send.  A second time for the same request: the kept connection died and libcurl would
 * send again on a new one.  The other side may have acted on the first, so that is for the caller to decide. */
static int on_start(void *arg, char *ip UNUSED, char *local UNUSED, int port UNUSED, int local_port UNUSED)
{
    struct http_stream *s = arg;
    long connects = 0;

    s->sent = true;
    s->sent_at = clock_ms();
    wake_all(&s->transfer.news);
    if (s->starts++ && !s->safe) {
        give_up(s, ERR_NET, "the connection was closed before an answer came");
        return CURL_PREREQFUNC_ABORT;
    }
    if (s->on_sending)
        s->on_sending(s->on_sending_arg);
    if (FAULT(net_write)) {
        give_up(s, ERR_NET, "fault: net_write");
        return CURL_PREREQFUNC_ABORT;
    }
    curl_easy_getinfo(s->transfer.easy, CURLINFO_NUM_CONNECTS, &connects);
    metric_add(METRIC_http_connects, connects);
    return CURL_PREREQFUNC_OK;
}

/* In the place of socket(2): the address is the one that will be connected to, whatever the name says a moment later. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose UNUSED, struct curl_sockaddr *to)
{
    struct http_stream *s = arg;

    if (s->allow_address(s->allow_address_arg, &to->addr))
        return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    address_text(&to->addr, s->refused);
    return CURL_SOCKET_BAD;
}

/* "name: value" CRLF lines, the status line first. */
static void parse_head(struct http_stream *s)
{
    str rest = buf_str(&s->head), line;
    size_t n = 0;

    for (size_t i = 0; i < rest.len; i++)
        n += rest.p[i] == '\n';
    free(s->head_fields);
    s->head_fields = mem_alloc((n + 1) * sizeof *s->head_fields);
    s->n_head_fields = 0;
    while (str_split(&rest, '\n', &line)) {
        size_t colon = str_find_char(line, ':');

        if (colon != STR_NONE && !str_starts(line, S("HTTP/")))
            s->head_fields[s->n_head_fields++] =
                (struct http_field){ str_take(line, colon), str_trim(str_skip(line, colon + 1)) };
    }
}

static void head_ended(struct http_stream *s)
{
    long status = 0;

    curl_easy_getinfo(s->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200)
        return;
    s->status = (int)status;
    parse_head(s);
    if (s->redirects && status >= 300 && status < 400 && http_field(s, S("Location")).p) {
        s->starts = 0;      /* the next request is another one */
        return;             /* should libcurl stop following here, on_body or the end bring the head in */
    }
    s->head_in = true;
    wake_all(&s->transfer.news);
}

static size_t on_head(char *p, size_t size, size_t n, void *arg)
{
    struct http_stream *s = arg;
    str line = str_of(p, size * n);

    if (s->head_in)         /* a trailer */
        return line.len;
    if (str_starts(line, S("HTTP/")))
        buf_clear(&s->head);
    buf_add(&s->head, line);
    if (s->head.overflowed) {
        give_up(s, ERR_LIMIT, "the head of the answer is too large");
        return 0;
    }
    if (str_trim(line).len == 0)
        head_ended(s);
    return line.len;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct http_stream *s = arg;
    size_t len = size * n;

    if (s->total + len > s->max) {
        give_up(s, ERR_LIMIT, "");
        snprintf(s->text, sizeof s->text, "the answer is longer than %zu bytes", s->max);
        return 0;
    }
    if (s->in.len && s->in.len + len > s->high) {
        s->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    s->head_in = true;
    s->total += len;
    buf_add(&s->in, str_of(p, len));
    wake_all(&s->transfer.news);
    return len;
}

/* --- a request becomes a transfer --- */

static bool has_field(const struct http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->n_fields; i++)
        if (str_eq_nocase(rq->fields[i].name, str_from(name)))
            return true;
    return false;
}

static enum err set_fields(struct http_stream *s, const struct http_request *rq)
{
    for (size_t i = 0; i < rq->n_fields; i++) {
        CLEANUP(buf_done) struct buf line = { .max = HEAD_MAX };
        str name = rq->fields[i].name, value = rq->fields[i].value;

        if (!http_is_token(name) || !http_is_value(value))
            return failed(ERR_INPUT, "%s: a field of the request ('%.*s') may not be sent", s->where, STR(str_take(name, 40)));
        buf_add(&line, name);
        buf_add(&line, value.len ? S(": ") : S(";"));   /* libcurl's way to say "empty" */
        buf_add(&line, value);
        TRY(buf_check(&line, "a field of the request"));
        s->fields = curl_slist_append(s->fields, buf_c(&line));
    }
    /* Not waiting a second for "100 Continue", and no type the caller did not name. */
    s->fields = curl_slist_append(s->fields, "Expect:");
    if (!has_field(rq, "Content-Type"))
        s->fields = curl_slist_append(s->fields, "Content-Type:");
    curl_easy_setopt(s->transfer.easy, CURLOPT_HTTPHEADER, s->fields);
    return OK;
}

static void set_method(struct http_stream *s, const struct http_request *rq)
{
    const char *method = rq->method ? rq->method : rq->body.len ? "POST" : "GET";

    s->safe = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0;
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(s->transfer.easy, CURLOPT_NOBODY, 1L);
        return;
    }
    s->n_to_send = (curl_off_t)rq->body.len;
    if (rq->body.len || strcmp(method, "POST") == 0) {
        curl_easy_setopt(s->transfer.easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.len);
        curl_easy_setopt(s->transfer.easy, CURLOPT_POSTFIELDS, rq->body.len ? rq->body.p : "");
    }
    if (strcmp(method, "POST") != 0 && strcmp(method, "GET") != 0)
        curl_easy_setopt(s->transfer.easy, CURLOPT_CUSTOMREQUEST, method);
    else if (strcmp(method, "GET") == 0 && rq->body.len)
        curl_easy_setopt(s->transfer.easy, CURLOPT_CUSTOMREQUEST, "GET");
}

static enum err set_target(struct http_stream *s, const struct http_request *rq)
{
    CLEANUP(buf_done) struct buf where = {0};
    struct url u;

    TRY(url_parse(str_from(rq->url), &u));
    if (str_eq_nocase(u.scheme, S("ws")) || str_eq_nocase(u.scheme, S("wss")))
        return failed(ERR_INPUT, "a WebSocket address where http:// or https:// belongs");
    if (rq->unix_socket)
        buf_add(&where, str_from(rq->unix_socket));
    else
        url_add_authority(&where, &u);
    s->where = str_dup_c(buf_str(&where));
    curl_easy_setopt(s->transfer.easy, CURLOPT_URL, rq->url);
    curl_easy_setopt(s->transfer.easy, CURLOPT_UNIX_SOCKET_PATH, rq->unix_socket);
    if (url_is_loopback(&u))
        curl_easy_setopt(s->transfer.easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(s->transfer.easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->transfer.easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->transfer.easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    return OK;
}

static void set_limits(struct http_stream *s, const struct http_request *rq)
{
    s->max = rq->max_body ? rq->max_body : (size_t)BODY_MAX;
    s->high = BUFFERED_MAX;
    s->in.max = s->out.max = SIZE_MAX / 2;      /* bounded by high, and for http_fetch by max */
    s->head.max = HEAD_MAX;
    s->first_byte_ms = rq->first_byte_timeout_ms;
    s->idle_ms = rq->idle_timeout_ms;
    s->redirects = rq->max_redirects > 0;
    curl_easy_setopt(s->transfer.easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(rq->connect_timeout_ms ? rq->connect_timeout_ms : (uint64_t)CONNECT_TIMEOUT_MS));
    if (s->redirects) {
        curl_easy_setopt(s->transfer.easy, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(s->transfer.easy, CURLOPT_MAXREDIRS, (long)rq->max_redirects);
    }
}

static void set_callbacks(struct http_stream *s)
{
    curl_easy_setopt(s->transfer.easy, CURLOPT_PREREQFUNCTION, on_start);
    curl_easy_setopt(s->transfer.easy, CURLOPT_PREREQDATA, s);
    curl_easy_setopt(s->transfer.easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(s->transfer.easy, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(s->transfer.easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(s->transfer.easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->transfer.easy, CURLOPT_USERAGENT, "clawdbot");
}

static void set_addresses(struct http_stream *s, const struct http_request *rq)
{
    if (rq->allow_address == NULL)
        return;
    s->allow_address = rq->allow_address;
    s->allow_address_arg = rq->allow_address_arg;
    curl_easy_setopt(s->transfer.easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(s->transfer.easy, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(s->transfer.easy, CURLOPT_PROXY, "");
    curl_easy_setopt(s->transfer.easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(s->transfer.easy, CURLOPT_FORBID_REUSE, 1L);
}

static enum err prepare(struct http_stream *s, const struct http_request *rq)
{
    transfer_begin(&s->transfer);
    TRY(set_target(s, rq));
    TRY(set_fields(s, rq));
    set_method(s, rq);
    set_limits(s, rq);
    set_callbacks(s);
    set_addresses(s, rq);
    if (rq->decompress)
        curl_easy_setopt(s->transfer.easy, CURLOPT_ACCEPT_ENCODING, "");
    s->on_sending = rq->on_sending;
    s->on_sending_arg = rq->on_sending_arg;
    return OK;
}

void http_close(struct http_stream *s)
{
    if (s == NULL)
        return;
    transfer_end(&s->transfer);
    curl_slist_free_all(s->fields);
    free(s->where);
    free(s->head_fields);
    buf_done(&s->head);
    buf_done(&s->in);
    buf_done(&s->out);
    free(s);
}

void http_closep(struct http_stream **s)
{
    http_close(*s);
    *s = NULL;
}

/* --- waiting --- */

/* How the transfer ended. */
static enum err outcome(const struct http_stream *s)
{
    if (s->error)
        return failed(s->error, "%s: %s", s->where, s->text);
    if (s->transfer.result && !s->sent && *s->refused)
        return failed(ERR_AUTH, "%s: %s is an address that may not be connected to", s->where, s->refused);
    return transfer_outcome(&s->transfer, s->where);
}

static enum err wait_head(struct http_stream *s) AWAITS
{
    while (!s->head_in && !s->transfer.done) {
        uint64_t left = 0;

        if (s->sent && s->first_byte_ms) {
            uint64_t waited = clock_ms() - s->sent_at;

            left = waited < s->first_byte_ms ? s->first_byte_ms - waited : 1;
        }
        enum err e = transfer_wait(&s->transfer, left, s->where, "answer");

        if (e == ERR_TIMEOUT && left && fiber_check() == OK)
            return failed(ERR_TIMEOUT, "%s: no answer within %.3g s", s->where, (double)s->first_byte_ms / 1000);
        TRY(e);
    }
    if (s->head_in)
        return OK;
    TRY(outcome(s));
    return failed(ERR_NET, "%s: closed without an answer", s->where);
}

static enum err open_stream(const struct http_request *rq, struct http_stream **out, bool *ret_sent) AWAITS
{
    CLEANUP(http_closep) struct http_stream *s = NEW(struct http_stream);

    *ret_sent = false;
    TRY(fiber_check());
    TRY(prepare(s, rq));
    if (FAULT(net_connect))
        return failed(ERR_NET, "%s: fault: net_connect", s->where);
    transfer_start(&s->transfer);
    enum err e = wait_head(s);

    *ret_sent = s->sent;
    TRY(e);
    *out = s;
    s = NULL;
    return OK;
}

enum err http_open(const struct http_request *rq, struct http_stream **out) AWAITS
{
    bool sent;

    return open_stream(rq, out, &sent);
}

bool http_sent(const struct http_stream *s)
{
    curl_off_t sent = 0;

    curl_easy_getinfo(s->transfer.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    return sent >= s->n_to_send;
}

int http_status(const struct http_stream *s)
{
    return s->status;
}

static str find_field(const struct http_field *fields, size_t n, str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(fields[i].name, name))
            return fields[i].value;
    return NO_STR;
}

str http_field(const struct http_stream *s, str name)
{
    return find_field(s->head_fields, s->n_head_fields, name);
}

str http_response_field(const struct http_response *r, str name)
{
    return find_field(r->fields, r->n_fields, name);
}

enum err http_read(struct http_stream *s, str *ret_bytes) AWAITS
{
    if (FAULT(net_read))
        return failed(ERR_NET, "%s: fault: net_read", s->where);
    while (s->in.len == 0 && !s->transfer.done)
        TRY(transfer_wait(&s->transfer, s->idle_ms, s->where, "more of the answer"));
    if (s->in.len == 0) {
        TRY(outcome(s));
        *ret_bytes = S("");
        return OK;
    }
    struct buf full = s->in;

    s->in = s->out;
    s->out = full;
    buf_clear(&s->in);
    if (s->paused) {
        s->paused = false;
        curl_easy_pause(s->transfer.easy, CURLPAUSE_CONT);   /* may fill s->in on the spot */
    }
    *ret_bytes = buf_str(&s->out);
    return OK;
}

static void copy_response(struct arena *a, const struct http_stream *s, struct http_response *out)
{
    struct http_field *fields = arena_alloc(a, (s->n_head_fields + 1) * sizeof *fields);

    for (size_t i = 0; i < s->n_head_fields; i++)
        fields[i] = (struct http_field){ arena_str(a, s->head_fields[i].name), arena_str(a, s->head_fields[i].value) };
    *out = (struct http_response){
        .status = s->status, .fields = fields, .n_fields = s->n_head_fields, .body = arena_str(a, buf_str(&s->in)),
    };
}

enum err http_fetch(struct arena *a, const struct http_request *rq, struct http_response *out, bool *ret_sent) AWAITS
{
    CLEANUP(http_closep) struct http_stream *s = NULL;
    bool sent;
    enum err e = open_stream(rq, &s, &sent);

    if (ret_sent)
        *ret_sent = sent;
    TRY(e);
    if (FAULT(net_read))
        return failed(ERR_NET, "%s: fault: net_read", s->where);
    s->high = s->max;       /* it is kept whole anyway */
    if (s->paused) {
        s->paused = false;
        curl_easy_pause(s->transfer.easy, CURLPAUSE_CONT);
    }
    while (!s->transfer.done)
        TRY(transfer_wait(&s->transfer, s->idle_ms, s->where, "more of the answer"));
    TRY(outcome(s));
    copy_response(a, s, out);
    return OK;
}
