// SPDX-License-Identifier: Apache-2.0
#include "tool/egress_link.h"

#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "runtime/clock.h"

enum { PIECE = 16 << 10, HEAD_MS = 10000, WORDS_MS = 5000, LINGER_MS = 2000 };

/* --- moving bytes --- */

static enum err wait_for(struct transport *from, uint64_t ms, bool *ret_readable) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    deadline_set(&d, ms);
    return transport_wait(from, NULL, ret_readable);
}

/* A connection is idle when nothing moves in either direction. */
static enum err wait_for_bytes(struct egress_link *l, struct transport *from) AWAITS
{
    uint64_t idle_ms = l->egress->options->policy.idle_ms;
    bool readable = false;

    while (!readable) {
        uint64_t still = clock_ms() - l->moved_at;

        if (still >= idle_ms)
            return failed(ERR_TIMEOUT, "idle for %.3g s (sandbox.network.idle_timeout)", (double)idle_ms / 1000);
        enum err e = wait_for(from, idle_ms - still, &readable);

        if (e && e != ERR_TIMEOUT)
            return e;
        TRY(fiber_check());
    }
    return OK;
}

/* The next bytes, into `piece`; none at the end. */
static enum err take(struct egress_link *l, struct transport *from, char *piece, uint64_t *count, str *ret) AWAITS
{
    struct egress *e = l->egress;
    bool end = false;
    size_t n = 0;

    while (n == 0 && !end) {
        TRY(wait_for_bytes(l, from));
        TRY(transport_take(from, piece, PIECE, &n, &end));
    }
    l->moved_at = clock_ms();
    *count += n;
    e->bytes += n;
    if (e->bytes > e->options->policy.bytes)
        return failed(ERR_LIMIT, "the command has moved more than sandbox.network.bytes");
    *ret = str_of(piece, n);
    return OK;
}

static enum err give(struct egress_link *l, struct transport *to, str bytes) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    if (bytes.len == 0)
        return OK;
    deadline_set(&d, l->egress->options->policy.idle_ms);
    TRY(transport_write(to, &bytes, 1));
    l->moved_at = clock_ms();
    return OK;
}

static void stop_sending(struct transport *t)
{
    if (t->ssl == NULL)
        shutdown(fd_raw(t->fd), SHUT_WR);
}

static enum err bring_back(struct egress_link *l) AWAITS
{
    CLEANUP(mem_freep) char *piece = mem_alloc(PIECE);
    CLEANUP(buf_done) struct buf out = { 0 };
    str bytes;

    do {
        TRY(take(l, &l->server, piece, &l->received, &bytes));
        buf_clear(&out);
        egress_mask_feed(&l->mask, bytes, &out);
        if (bytes.len == 0)
            egress_mask_end(&l->mask, &out);
        TRY(give(l, &l->client, buf_str(&out)));
    } while (bytes.len);
    stop_sending(&l->client);
    return OK;
}

/* --- a tunnel --- */

static enum err carry_up(void *arg) AWAITS
{
    struct egress_link *l = arg;
    CLEANUP(mem_freep) char *piece = mem_alloc(PIECE);
    str bytes;

    do {
        TRY(take(l, &l->client, piece, &l->sent, &bytes));
        TRY(give(l, &l->server, bytes));
    } while (bytes.len);
    stop_sending(&l->server);
    return OK;
}

static enum err run_tunnel(struct egress_link *l) AWAITS
{
    CLEANUP(fibers_done) struct fibers up = { .independent = true };

    TRY(give(l, &l->client, S("HTTP/1.1 200 Connection established\r\n\r\n")));
    l->sent += l->rest.len;
    TRY(give(l, &l->server, buf_str(&l->rest)));
    fibers_spawn(&up, "egress.up", carry_up, l);
    return bring_back(l);
}

/* --- a request --- */

/* Sends on what these bytes hold of the body; *ret_whole: it has ended. */
static enum err pass_body(struct egress_link *l, str bytes, bool *ret_whole) AWAITS
{
    bool chunked = egress_is_chunked(&l->parser);
    CLEANUP(buf_done) struct buf out = { 0 };
    size_t used;
    enum http_event event = http_feed(&l->parser, bytes, &used);
    str body = buf_str(&l->parser.body);

    if (event == HTTP_REFUSED)
        return failed(ERR_INPUT, "%s", l->parser.reason);
    if (chunked && body.len)
        buf_addf(&out, "%zx\r\n", body.len);
    buf_add(&out, body);
    if (chunked && body.len)
        buf_add(&out, S("\r\n"));
    if (chunked && event == HTTP_REQUEST)
        buf_add(&out, S("0\r\n\r\n"));
    buf_clear(&l->parser.body);
    *ret_whole = event == HTTP_REQUEST;
    return give(l, &l->server, buf_str(&out));
}

static enum err read_body(struct egress_link *l) AWAITS
{
    CLEANUP(mem_freep) char *piece = mem_alloc(PIECE);
    bool whole = false;
    str bytes;

    TRY(pass_body(l, buf_str(&l->rest), &whole));
    while (!whole) {
        TRY(take(l, &l->client, piece, &l->sent, &bytes));
        if (bytes.len == 0)
            return failed(ERR_INPUT, "the request ends in its body");
        TRY(pass_body(l, bytes, &whole));
    }
    return OK;
}

/* A body that breaks off can have no answer; a server that closes early may have sent one. */
static enum err carry_body(void *arg) AWAITS
{
    struct egress_link *l = arg;
    enum err e = read_body(l);

    if (e == ERR_INPUT || e == ERR_LIMIT)
        shutdown(fd_raw(l->server.fd), SHUT_RDWR);
    return e;
}

/* The secret's value, fit for a header; "" where none is asked for. */
static enum err fetch_secret(const struct egress_link *l, str *ret_value)
{
    const struct egress_services *s = egress_services();

    *ret_value = S("");
    if (!l->ask.secret)
        return OK;
    if (!s->secret)
        return failed(ERR_NOT_FOUND, "no secrets are kept here");
    TRY(s->secret(s->arg, l->ask.secret->name, ret_value));
    if (ret_value->len == 0 || !http_is_value(*ret_value))
        return failed(ERR_INPUT, "the secret %.*s is empty or does not fit into a header", STR(l->ask.secret->name));
    return OK;
}

static enum err send_head(struct egress_link *l) AWAITS
{
    CLEANUP(buf_done) struct buf head = { 0 };
    size_t room;
    str value;
    enum err e;

    TRY(fetch_secret(l, &value));
    egress_mask_init(&l->mask, value);
    (void)buf_room(&head, HTTP_HEAD_MAX + value.len + 1024, &room);     /* growing would leave copies of it behind */
    egress_add_head(&head, &l->parser, &l->ask, value);
    e = give(l, &l->server, buf_str(&head));
    l->sent += head.len;
    explicit_bzero(head.p, head.len);
    return e;
}

static enum err run_request(struct egress_link *l, bool has_body) AWAITS
{
    CLEANUP(fibers_done) struct fibers up = { .independent = true };

    TRY(send_head(l));
    l->sent += l->rest.len;
    if (has_body && l->parser.expects_continue)
        TRY(give(l, &l->client, S("HTTP/1.1 100 Continue\r\n\r\n")));
    if (has_body)
        fibers_spawn(&up, "egress.body", carry_body, l);
    return bring_back(l);
}

/* --- from the first byte to the last --- */

static enum err read_head(struct egress_link *l, bool *ret_has_body) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    enum http_event event = HTTP_MORE;

    deadline_set(&d, HEAD_MS);
    while (event == HTTP_MORE) {
        char *piece = transport_scratch();
        bool readable, end;
        size_t n, used;

        TRY(transport_wait(&l->client, NULL, &readable));
        TRY(transport_take(&l->client, piece, SCRATCH_SIZE, &n, &end));
        if (end)
            return failed(ERR_NET, "closed without a request");
        event = http_feed(&l->parser, str_of(piece, n), &used);
        buf_add(&l->rest, str_of(piece + used, n - used));
    }
    if (event == HTTP_REFUSED)
        return failed(ERR_INPUT, "%s", l->parser.reason);
    *ret_has_body = event == HTTP_HEAD;
    return OK;
}

static enum err check_allowed(struct egress_link *l, str *ret_decision)
{
    const struct egress_rule *r = egress_allows(&l->egress->options->policy, l->ask.host, l->ask.port);

    if (l->egress->bytes > l->egress->options->policy.bytes)
        return failed(ERR_LIMIT, "the command has moved more than sandbox.network.bytes");
    if (!r)
        return failed(ERR_AUTH, "%.*s:%u is not in sandbox.network.allow", STR(l->ask.host), l->ask.port);
    *ret_decision = str_from(arena_printf(l->arena, "sandbox.network.allow %s%s%.*s", r->below ? "*" : "",
                                          r->below && r->host.len ? "." : "", STR(r->host)));
    return OK;
}

static enum err connect_out(struct egress_link *l, bool *ret_has_body) AWAITS
{
    struct fd *fd;
    str decision, value;

    TRY(read_head(l, ret_has_body));
    TRY(egress_ask(l->arena, &l->egress->options->policy, &l->parser, &l->ask));
    TRY(check_allowed(l, &decision));
    TRY(fetch_secret(l, &value));       /* nothing goes out when there is none */
    TRY(egress_dial(l, &fd));
    l->server.fd = fd;
    l->moved_at = clock_ms();
    l->opened = true;
    egress_tell(l->egress, l, EGRESS_OPENED, decision);
    return l->ask.kind == EGRESS_SECURED ? egress_dial_tls(l) : OK;
}

static const char *status_of(enum err e)
{
    switch (e) {
    case ERR_INPUT:   return "400";
    case ERR_AUTH:
    case ERR_LIMIT:   return "403";
    case ERR_TIMEOUT: return "504";
    default:          return "502";
    }
}

/* As a reason phrase: programs show that more often than the body. */
static str on_one_line(struct arena *a, const char *text)
{
    char *line = arena_c(a, str_take(str_from(text), 200));

    for (char *c = line; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return str_from(line);
}

/* Says why, and reads on a little: closing at once could lose the answer. */
static void refuse(struct egress_link *l, enum err e, str why) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    char *answer = arena_printf(l->arena, "HTTP/1.1 %s %.*s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                                "Connection: close\r\n\r\nclawdbot: %.*s\n", status_of(e), STR(why), why.len + 11, STR(why));
    str text = str_from(answer);
    bool end = false;
    size_t n;

    deadline_set(&d, LINGER_MS);
    if (transport_write(&l->client, &text, 1) != OK)
        return;
    stop_sending(&l->client);
    while (!end && transport_wait(&l->client, NULL, &(bool){ false }) == OK
           && transport_take(&l->client, transport_scratch(), SCRATCH_SIZE, &n, &end) == OK)
        continue;
}

static void serve(struct egress_link *l) AWAITS
{
    bool has_body = false;
    enum err e = connect_out(l, &has_body);

    if (e == OK) {
        e = l->ask.kind == EGRESS_TUNNEL ? run_tunnel(l) : run_request(l, has_body);
        if (l->received || l->ask.kind == EGRESS_TUNNEL)    /* too late for an answer of ours */
            return;
    }
    if (e == OK || e == ERR_CANCELLED)
        return;
    str why = on_one_line(l->arena, failed_text());

    if (!l->opened && !(e == ERR_NET && l->ask.host.len == 0))      /* whoever leaves without a word asked for nothing */
        egress_tell(l->egress, l, EGRESS_REFUSED, why);
    refuse(l, e, why);
}

static void link_free(struct egress_link *l)
{
    egress_mask_done(&l->mask);
    http_parser_done(&l->parser);
    buf_done(&l->rest);
    transport_close(&l->server);
    transport_close(&l->client);
    arena_free(l->arena);
}

enum err egress_link_run(void *arg)
{
    struct egress_link *l = arg;
    struct egress *e = l->egress;

    serve(l);
    if (l->opened)
        egress_tell(e, l, EGRESS_ENDED, S("ended"));
    link_free(l);
    e->open--;
    wake_one(&e->room);
    return OK;
}
