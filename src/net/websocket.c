// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.h"

#include <stdlib.h>

#include <openssl/sha.h>

#include "base/mem.h"
#include "base/random.h"
#include "net/frames.h"
#include "net/websocket_internal.h"
#include "runtime/clock.h"

enum {
    MAX_MESSAGE = 1 << 20, PING_EVERY_MS = 30000, PONG_TIMEOUT_MS = 20000, WRITE_TIMEOUT_MS = 30000, CLOSE_TIMEOUT_MS = 1000,
    JOIN_MAX = 16 << 10,    /* up to here a payload is copied behind its head, to be one write and one TLS record */
    REASON_MAX = FRAME_CONTROL_MAX - 2,
};

struct websocket {
    struct transport   *io;
    enum websocket_role role;
    struct websocket_options options;   /* with the defaults filled in */
    struct frames  frames;
    struct buf     rest;                /* read, but not taken by `frames` yet */
    uint16_t       close_code;          /* the peer's */
    bool           receiving, writing;
    bool           broken;              /* a frame may have been cut in the middle: nothing can follow it */
    bool           over;                /* the peer will say nothing more */
    bool           close_sent;
    uint64_t       heard_at;            /* clock_ms() of the latest byte */
    uint64_t       pinged_at;           /* 0: no ping is out */
    uint64_t       closed_at;           /* when our close frame went */
    struct waiters may_write, ended;
};

/* --- the handshake's two computations, RFC 6455 section 4.2.2 --- */

bool websocket_key_ok(str key)
{
    CLEANUP(buf_done) struct buf raw = { 0 };

    return key.len == 24 && str_ends(key, S("==")) && buf_add_unbase64(&raw, key) == OK && raw.len == 16;
}

void websocket_add_accept(struct buf *out, str key)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_add(&text, key);
    buf_add(&text, S("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    SHA1((const unsigned char *)text.p, text.len, digest);
    buf_add_base64(out, str_of(digest, sizeof digest));
}

/* --- life --- */

void websocket_configure(struct websocket *w, const struct websocket_options *o)
{
    w->options = (struct websocket_options){
        .max_message = o->max_message ? o->max_message : MAX_MESSAGE,
        .ping_every_ms = o->ping_every_ms ? o->ping_every_ms : PING_EVERY_MS,
        .pong_timeout_ms = o->pong_timeout_ms ? o->pong_timeout_ms : PONG_TIMEOUT_MS,
        .goodbye = o->goodbye ? o->goodbye : CLOSE_GOING_AWAY,
    };
    w->frames.max_message = w->options.max_message;
}

struct websocket *websocket_new(struct transport *io, enum websocket_role role, struct buf *rest)
{
    struct websocket *w = NEW(struct websocket);

    w->io = io;
    w->role = role;
    w->frames.masked = role == WEBSOCKET_SERVER;
    w->close_code = CLOSE_ABNORMAL;
    w->heard_at = clock_ms();
    if (rest) {
        buf_add(&w->rest, buf_str(rest));
        buf_done(rest);
    }
    websocket_configure(w, &(struct websocket_options){ 0 });
    return w;
}

static void add_frame(const struct websocket *w, struct buf *out, unsigned opcode, str payload)
{
    unsigned char mask[4];

    if (w->role == WEBSOCKET_CLIENT)
        random_bytes(mask, sizeof mask);
    frames_add(out, opcode, payload, w->role == WEBSOCKET_CLIENT ? mask : NULL);
}

static void add_close(const struct websocket *w, struct buf *out, unsigned code, str reason)
{
    CLEANUP(buf_done) struct buf payload = { 0 };

    if (code != CLOSE_NO_CODE) {
        buf_add(&payload, str_of((char[]){ (char)(code >> 8), (char)code }, 2));
        buf_add(&payload, utf8_take(reason, REASON_MAX));
    }
    add_frame(w, out, FRAME_CLOSE, buf_str(&payload));
}

/* Parting words for a peer that was told nothing; a fiber that was cancelled cannot wait. */
static void say_goodbye(struct websocket *w)
{
    CLEANUP(buf_done) struct buf out = { 0 };

    if (w->close_sent || w->broken || w->writing)
        return;
    add_close(w, &out, w->options.goodbye, NO_STR);
    transport_try_write(w->io, buf_str(&out));
}

void websocket_free(struct websocket *w)
{
    if (w == NULL)
        return;
    say_goodbye(w);
    if (w->role == WEBSOCKET_CLIENT) {
        transport_close(w->io);
        free(w->io);
    }
    frames_done(&w->frames);
    buf_done(&w->rest);
    free(w);
}

uint16_t websocket_close_code(const struct websocket *w)
{
    return w->close_code;
}

/* --- writing --- */

static enum err write_in_turn(struct websocket *w, const str *parts, size_t n) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    size_t size = 0;

    while (w->writing)
        TRY(wait_on(&w->may_write, "another message to be written"));
    if (w->broken)
        return failed(ERR_NET, "the WebSocket broke while a message was written");
    for (size_t i = 0; i < n; i++)
        size += parts[i].len;
    w->writing = true;
    deadline_set(&d, WRITE_TIMEOUT_MS + size / 16);
    enum err e = transport_write(w->io, parts, n);

    w->writing = false;
    w->broken = e != OK;
    wake_one(&w->may_write);
    return e;
}

static enum err send_frame(struct websocket *w, unsigned opcode, str payload) AWAITS
{
    CLEANUP(buf_done) struct buf out = { .max = SIZE_MAX / 4 };
    str parts[2] = { NO_STR, payload };

    if (w->role == WEBSOCKET_SERVER && payload.len > JOIN_MAX) {
        frames_add_head(&out, opcode, payload.len);
        parts[0] = buf_str(&out);
        return write_in_turn(w, parts, 2);
    }
    add_frame(w, &out, opcode, payload);
    parts[0] = buf_str(&out);
    return write_in_turn(w, parts, 1);
}

static enum err send_close(struct websocket *w, unsigned code, str reason) AWAITS
{
    CLEANUP(buf_done) struct buf out = { 0 };

    if (w->close_sent)
        return OK;
    w->close_sent = true;       /* before the write: nothing may be put behind it */
    w->closed_at = clock_ms();
    add_close(w, &out, code, reason);
    str bytes = buf_str(&out);

    return write_in_turn(w, &bytes, 1);
}

enum err websocket_send(struct websocket *w, enum websocket_type type, str message)
{
    if (type == WEBSOCKET_TEXT && !utf8_valid(message))
        return failed(ERR_INPUT, "a text message that is not UTF-8");
    if (w->close_sent || w->over)
        return failed(ERR_NET, "the WebSocket is closed");
    return send_frame(w, type == WEBSOCKET_TEXT ? FRAME_TEXT : FRAME_BINARY, message);
}

/* --- receiving --- */

static void end(struct websocket *w)
{
    w->over = true;
    wake_all(&w->ended);
}

/* The peer must read why before the connection goes, so what it still sends is read and dropped for a moment. */
static void drop_the_rest(struct websocket *w) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    bool readable, at_end = false;
    size_t n;

    deadline_set(&d, CLOSE_TIMEOUT_MS);
    while (!at_end)
        if (transport_wait(w->io, NULL, &readable) || transport_take(w->io, transport_scratch(), SCRATCH_SIZE, &n, &at_end))
            return;
}

static enum err refuse(struct websocket *w) AWAITS
{
    unsigned code = w->frames.code;

    end(w);
    TRY(send_close(w, code, NO_STR));
    drop_the_rest(w);
    return failed(ERR_REMOTE, "the peer broke the WebSocket protocol; closed with %u", code);
}

static enum err peer_closed(struct websocket *w) AWAITS
{
    w->close_code = w->frames.code;
    end(w);
    TRY(send_close(w, w->close_code, NO_STR));
    return failed(ERR_NOT_FOUND, "the peer closed the WebSocket with %u %.*s", (unsigned)w->close_code,
                  STR(buf_str(&w->frames.control)));
}

/* Feeds what was read.  *ret_got: a message is there. */
static enum err feed_rest(struct websocket *w, bool *ret_got) AWAITS
{
    size_t used;

    *ret_got = false;
    while (w->rest.len && !w->over) {
        enum frames_event e = frames_feed(&w->frames, buf_str(&w->rest), &used);

        buf_drop(&w->rest, used);
        if (e == FRAMES_MESSAGE) {
            *ret_got = true;
            return OK;
        }
        if (e == FRAMES_CLOSE)
            return peer_closed(w);
        if (e == FRAMES_REFUSED)
            return refuse(w);
        if (e == FRAMES_PING && !w->close_sent) {
            TRY(send_frame(w, FRAME_PONG, buf_str(&w->frames.control)));
            TRY(fiber_yield());     /* a write seldom waits, and there may be thousands */
        }
    }
    return OK;
}

static enum err take(struct websocket *w, size_t *ret_n)
{
    char *scratch = transport_scratch();
    bool at_end;

    TRY(transport_take(w->io, scratch, SCRATCH_SIZE, ret_n, &at_end));
    buf_add(&w->rest, str_of(scratch, *ret_n));
    if (*ret_n) {
        w->heard_at = clock_ms();
        w->pinged_at = 0;
    }
    if (at_end) {
        end(w);
        return w->close_sent ? failed(ERR_NOT_FOUND, "the peer went without an answer to the close frame")
                             : failed(ERR_NET, "the peer went away without closing the WebSocket");
    }
    return OK;
}

static uint64_t alarm_at(const struct websocket *w)
{
    if (w->close_sent)
        return w->closed_at + CLOSE_TIMEOUT_MS;
    return w->pinged_at ? w->pinged_at + w->options.pong_timeout_ms : w->heard_at + w->options.ping_every_ms;
}

static enum err on_alarm(struct websocket *w) AWAITS
{
    size_t n;

    TRY(take(w, &n));       /* the answer may be there since long, and we were not */
    if (n)
        return OK;
    if (w->close_sent || w->pinged_at) {
        end(w);
        return w->close_sent ? failed(ERR_NOT_FOUND, "the peer did not answer the close frame")
                             : failed(ERR_TIMEOUT, "the peer did not answer a ping");
    }
    w->pinged_at = clock_ms();
    return send_frame(w, FRAME_PING, NO_STR);
}

/* Waits for bytes no longer than until the next alarm. */
static enum err wait_for_bytes(struct websocket *w, struct waiters *also, bool *ret_readable, bool *ret_alarm) AWAITS
{
    struct deadline d;
    uint64_t now = clock_ms(), at = alarm_at(w);

    *ret_alarm = false;
    deadline_set(&d, at > now ? at - now : 0);
    enum err e = transport_wait(w->io, also, ret_readable);

    deadline_clear(&d);
    if (e != ERR_TIMEOUT)
        return e;
    TRY(fiber_check());     /* the caller's own deadline */
    *ret_alarm = true;
    return OK;
}

static enum err receive(struct websocket *w, struct waiters *also, bool *ret_got) AWAITS
{
    bool readable, alarm;
    size_t n;

    for (;;) {
        if (w->over)
            return failed(ERR_NOT_FOUND, "the WebSocket is closed");
        if (w->rest.len)            /* many came at once: the others have their turn */
            TRY(fiber_yield());
        TRY(feed_rest(w, ret_got));
        if (*ret_got)
            return OK;
        buf_done(&w->rest);
        frames_trim(&w->frames);
        TRY(wait_for_bytes(w, also, &readable, &alarm));
        if (alarm)
            TRY(on_alarm(w));
        else if (readable)
            TRY(take(w, &n));
        else
            return OK;
    }
}

enum err websocket_receive_or(struct websocket *w, struct waiters *also, enum websocket_type *ret_type, str *ret_message)
{
    bool got;

    if (w->receiving)
        return failed(ERR_BUG, "two fibers receive from one WebSocket");
    w->receiving = true;
    enum err e = receive(w, also, &got);

    w->receiving = false;
    if (e)
        return e;
    *ret_type = w->frames.type == FRAME_BINARY ? WEBSOCKET_BINARY : WEBSOCKET_TEXT;
    *ret_message = got ? buf_str(&w->frames.message) : NO_STR;
    return OK;
}

enum err websocket_receive(struct websocket *w, enum websocket_type *ret_type, str *ret_message)
{
    return websocket_receive_or(w, NULL, ret_type, ret_message);
}

/* --- closing --- */

static enum err await_echo(struct websocket *w) AWAITS
{
    enum websocket_type type;
    str ignored;

    while (!w->over) {
        if (w->receiving)
            TRY(wait_on(&w->ended, "the answer to a close frame"));
        else
            TRY(websocket_receive(w, &type, &ignored));
    }
    return OK;
}

enum err websocket_close(struct websocket *w, uint16_t code, str reason)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    if (!frames_code_ok(code) || !utf8_valid(reason))
        return failed(ERR_BUG, "%u, or its reason, may not stand in a close frame", (unsigned)code);
    if (w->over && !w->close_sent)
        return OK;
    TRY(send_close(w, code, reason));
    deadline_set(&d, CLOSE_TIMEOUT_MS);
    enum err e = await_echo(w);

    /* No answer is what many clients do. */
    return e == ERR_CANCELLED ? e : OK;
}
