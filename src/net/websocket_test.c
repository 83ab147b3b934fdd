// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/test.h"
#include "net/websocket_internal.h"
#include "runtime/clock.h"

/* One WebSocket of ours at one end of a socket pair. */
struct end {
    struct transport  io;
    struct websocket *ws;
};

static void end_open(struct end *e, int raw, enum websocket_role role)
{
    struct transport *io = &e->io;

    if (role == WEBSOCKET_CLIENT)
        io = NEW(struct transport);     /* which the WebSocket frees */
    io->fd = fd_open(raw);
    e->ws = websocket_new(io, role, NULL);
}

static void end_done(struct end *e)
{
    websocket_free(e->ws);
    transport_close(&e->io);
}

/* A server's end, and the bare descriptor of its client. */
static struct fd *open_server(struct end *e)
{
    int ends[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    end_open(e, ends[0], WEBSOCKET_SERVER);
    return fd_open(ends[1]);
}

static void open_pair(struct end *server, struct end *client)
{
    int ends[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    end_open(server, ends[0], WEBSOCKET_SERVER);
    end_open(client, ends[1], WEBSOCKET_CLIENT);
}

static void check_message(struct websocket *w, enum websocket_type type, const char *want) AWAITS
{
    enum websocket_type got_type;
    str got;

    CHECK_OK(websocket_receive(w, &got_type, &got));
    CHECK_INT(got_type, type);
    CHECK_STR(got, want);
}

/* Looks again and again rather than waits: the clock may stand still, and a peer that died must not hang the test. */
static void check_read(struct fd *fd, str want) AWAITS
{
    char text[256];
    size_t at = 0;

    for (long tries = 0; at < want.len && tries < 1000000; tries++) {
        ssize_t n = recv(fd_raw(fd), text + at, want.len - at, MSG_DONTWAIT);

        CHECK(n != 0);
        at += n > 0 ? (size_t)n : 0;
        CHECK_OK(fiber_yield());
    }
    CHECK(str_eq(str_of(text, at), want));
}

/* The loop looks at every descriptor, and whoever that wakes runs. */
static void poll_once(void) AWAITS
{
    int ends[2], events;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CLEANUP(fd_closep) struct fd *a = fd_open(ends[0]);
    CLEANUP(fd_closep) struct fd *b = fd_open(ends[1]);

    CHECK_OK(fd_write(a, S("x")));
    CHECK_OK(fd_wait(b, FD_READ, &events));
    CHECK_OK(fiber_yield());
}

TEST(the_handshake_answers_the_key_of_the_standard)
{
    CLEANUP(buf_done) struct buf got = { 0 };

    websocket_add_accept(&got, S("dGhlIHNhbXBsZSBub25jZQ=="));
    CHECK_STR(buf_str(&got), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(websocket_key_ok(S("dGhlIHNhbXBsZSBub25jZQ==")));
    CHECK(!websocket_key_ok(S("dGhlIHNhbXBsZSBub25jZQ")));
    CHECK(!websocket_key_ok(S("dGhlIHNhbXBsZSBub25j")));
    CHECK(!websocket_key_ok(S("")));
}

TEST(messages_go_both_ways)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    CLEANUP(end_done) struct end s = { 0 }, c = { 0 };
    CLEANUP(buf_done) struct buf large = { 0 };

    deadline_set(&d, 5000);
    open_pair(&s, &c);
    CHECK_OK(websocket_send(c.ws, WEBSOCKET_TEXT, S("gr\xc3\xbc\xc3\x9f")));
    CHECK_OK(websocket_send(c.ws, WEBSOCKET_BINARY, S("\xff")));
    CHECK_OK(websocket_send(c.ws, WEBSOCKET_TEXT, S("")));
    check_message(s.ws, WEBSOCKET_TEXT, "gr\xc3\xbc\xc3\x9f");
    check_message(s.ws, WEBSOCKET_BINARY, "\xff");
    check_message(s.ws, WEBSOCKET_TEXT, "");
    while (large.len < 60000)
        buf_add(&large, S("0123456789"));
    CHECK_OK(websocket_send(s.ws, WEBSOCKET_TEXT, buf_str(&large)));
    CHECK_OK(websocket_send(s.ws, WEBSOCKET_TEXT, S("after")));
    check_message(c.ws, WEBSOCKET_TEXT, buf_c(&large));
    check_message(c.ws, WEBSOCKET_TEXT, "after");
    CHECK_ERR(websocket_send(s.ws, WEBSOCKET_TEXT, S("\xff")), ERR_INPUT);
}

static enum err close_4000(void *ws)
{
    return websocket_close(ws, 4000, S("enough"));
}

TEST(a_close_is_answered_with_the_same_code)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    CLEANUP(end_done) struct end s = { 0 }, c = { 0 };
    enum websocket_type type;
    str message;

    deadline_set(&d, 5000);
    open_pair(&s, &c);
    struct fiber *f = fiber_spawn("closer", close_4000, c.ws);

    CHECK_ERR(websocket_receive(s.ws, &type, &message), ERR_NOT_FOUND);
    CHECK_OK(fiber_join(f));
    CHECK_INT(websocket_close_code(s.ws), 4000);
    CHECK_INT(websocket_close_code(c.ws), 4000);
    CHECK_ERR(websocket_send(s.ws, WEBSOCKET_TEXT, S("late")), ERR_NET);
    CHECK_ERR(websocket_receive(s.ws, &type, &message), ERR_NOT_FOUND);
    CHECK_OK(websocket_close(s.ws, 1000, NO_STR));
    CHECK_ERR(websocket_close(s.ws, 1005, NO_STR), ERR_BUG);
}

static enum err receive_one(void *ws)
{
    enum websocket_type type;
    str message;

    return websocket_receive(ws, &type, &message);
}

TEST(one_fiber_may_close_while_another_receives)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    CLEANUP(end_done) struct end s = { 0 }, c = { 0 };
    enum websocket_type type;
    str message;

    deadline_set(&d, 5000);
    open_pair(&s, &c);
    struct fiber *receiver = fiber_spawn("receiver", receive_one, c.ws);

    CHECK_OK(fiber_yield());
    struct fiber *closer = fiber_spawn("closer", close_4000, c.ws);

    CHECK_ERR(websocket_receive(s.ws, &type, &message), ERR_NOT_FOUND);
    CHECK_OK(fiber_join(closer));
    CHECK_ERR(fiber_join(receiver), ERR_NOT_FOUND);
}

TEST(a_close_without_an_answer_is_given_up_after_a_second)
{
    CLEANUP(end_done) struct end s = { 0 };
    CLEANUP(fd_closep) struct fd *c = open_server(&s);

    clock_fake(0);
    struct fiber *f = fiber_spawn("closer", close_4000, s.ws);

    check_read(c, S("\x88\x08\x0f\xa0" "enough"));
    CHECK_OK(fiber_yield());
    clock_advance(999);
    CHECK_OK(fiber_yield());
    CHECK_INT(fibers_alive(), 2);
    clock_advance(1);
    CHECK_OK(fiber_join(f));
    CHECK_INT(websocket_close_code(s.ws), 1006);
}

TEST(what_breaks_the_protocol_is_closed_with_the_reason)
{
    static const struct { const char *in; size_t len; unsigned char want[4]; } facts[] = {
        { "\x81\x01x", 3, { 0x88, 2, 0x03, 0xea } },                                /* 1002: no mask */
        { "\x81\x81\0\0\0\0\xff", 7, { 0x88, 2, 0x03, 0xef } },                     /* 1007 */
        { "\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0", 14, { 0x88, 2, 0x03, 0xf1 } },        /* 1009 */
        { "\x88\x82\0\0\0\0\x03\xed", 8, { 0x88, 2, 0x03, 0xea } },                 /* 1005 on the wire */
    };
    for (size_t i = 0; i < N_ELEMENTS(facts); i++) {
        CLEANUP(end_done) struct end s = { 0 };
        CLEANUP(fd_closep) struct fd *c = open_server(&s);

        websocket_configure(s.ws, &(struct websocket_options){ .max_message = 65535 });
        struct fiber *f = fiber_spawn("receiver", receive_one, s.ws);

        CHECK_OK(fd_write(c, str_of(facts[i].in, facts[i].len)));
        check_read(c, str_of(facts[i].want, 4));
        shutdown(fd_raw(c), SHUT_WR);       /* else it waits a second for us to read */
        CHECK_ERR(fiber_join(f), ERR_REMOTE);
    }
}

TEST(pings_are_answered_between_fragments)
{
    CLEANUP(end_done) struct end s = { 0 };
    CLEANUP(fd_closep) struct fd *c = open_server(&s);
    str in = { "\x01\x82\0\0\0\0he\x89\x82\0\0\0\0hi\x80\x83\0\0\0\0llo", 25 };

    struct fiber *f = fiber_spawn("receiver", receive_one, s.ws);

    for (size_t i = 0; i < in.len; i++) {       /* one at a time */
        CHECK_OK(fd_write(c, str_cut(in, i, i + 1)));
        poll_once();
    }
    CHECK_OK(fiber_join(f));
    check_read(c, S("\x8a\x02hi"));
}

TEST(a_peer_that_does_not_answer_a_ping_is_given_up)
{
    CLEANUP(end_done) struct end s = { 0 };
    CLEANUP(fd_closep) struct fd *c = open_server(&s);

    clock_fake(0);
    websocket_configure(s.ws, &(struct websocket_options){ .ping_every_ms = 1000, .pong_timeout_ms = 500 });
    struct fiber *f = fiber_spawn("receiver", receive_one, s.ws);

    CHECK_OK(fiber_yield());
    clock_advance(1000);
    check_read(c, S("\x89\x00"));
    CHECK_OK(fd_write(c, str_of("\x8a\x80\0\0\0\0", 6)));     /* a pong buys another second */
    poll_once();
    clock_advance(999);
    CHECK_OK(fiber_yield());
    clock_advance(1);
    check_read(c, S("\x89\x00"));
    CHECK_OK(fiber_yield());
    clock_advance(500);
    CHECK_ERR(fiber_join(f), ERR_TIMEOUT);
}

TEST(a_peer_that_goes_without_a_word_is_a_network_error)
{
    CLEANUP(end_done) struct end s = { 0 };
    enum websocket_type type;
    str message;

    fd_close(open_server(&s));
    CHECK_ERR(websocket_receive(s.ws, &type, &message), ERR_NET);
    CHECK_INT(websocket_close_code(s.ws), 1006);
}

static enum err wake_soon(void *waiters)
{
    wake_all(waiters);
    return OK;
}

TEST(a_receiver_can_be_woken_for_something_else)
{
    CLEANUP(end_done) struct end s = { 0 };
    CLEANUP(fd_closep) struct fd *c = open_server(&s);
    struct waiters mailbox = { 0 };
    enum websocket_type type;
    str message;
    struct fiber *f = fiber_spawn("waker", wake_soon, &mailbox);

    CHECK_OK(websocket_receive_or(s.ws, &mailbox, &type, &message));
    CHECK(message.p == NULL);
    CHECK_OK(fiber_join(f));
    CHECK_OK(fd_write(c, str_of("\x81\x80\0\0\0\0", 6)));
    CHECK_OK(websocket_receive_or(s.ws, &mailbox, &type, &message));
    CHECK(message.p != NULL && message.len == 0);
}

TEST(a_deadline_of_the_caller_ends_a_receive)
{
    CLEANUP(end_done) struct end s = { 0 };
    CLEANUP(fd_closep) struct fd *c = open_server(&s);
    struct deadline d;

    deadline_set(&d, 5);
    CHECK_ERR(receive_one(s.ws), ERR_TIMEOUT);
    deadline_clear(&d);
    CHECK_OK(fd_write(c, str_of("\x81\x81\0\0\0\0x", 7)));
    check_message(s.ws, WEBSOCKET_TEXT, "x");
}

struct sender { struct websocket *ws; char letter; };

static enum err send_many(void *arg)
{
    const struct sender *s = arg;
    char text[50000];

    memset(text, s->letter, sizeof text);
    for (int i = 0; i < 10; i++)
        TRY(websocket_send(s->ws, WEBSOCKET_TEXT, str_of(text, sizeof text)));
    return OK;
}

TEST(messages_of_several_fibers_do_not_mix)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    CLEANUP(end_done) struct end s = { 0 }, c = { 0 };
    CLEANUP(fibers_done) struct fibers senders = { 0 };
    struct sender a = { NULL, 'a' }, b = { NULL, 'b' };
    enum websocket_type type;
    str message;

    deadline_set(&d, 5000);
    open_pair(&s, &c);
    a.ws = b.ws = c.ws;
    fibers_spawn(&senders, "a", send_many, &a);
    fibers_spawn(&senders, "b", send_many, &b);
    for (int i = 0; i < 20; i++) {
        CHECK_OK(websocket_receive(s.ws, &type, &message));
        CHECK_INT(message.len, 50000);
        for (size_t j = 1; j < message.len; j++)
            CHECK(message.p[j] == message.p[0]);
    }
    CHECK_OK(fibers_wait(&senders));
}

TEST(a_websocket_that_is_dropped_says_going_away)
{
    struct end s = { 0 };
    CLEANUP(fd_closep) struct fd *c = open_server(&s);

    end_done(&s);
    check_read(c, S("\x88\x02\x03\xe9"));
}
