// SPDX-License-Identifier: Apache-2.0
/* Delivery with a platform that does what the script says, a real store and a clock that is set by hand. */
#include "base/test.h"

#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "channel/deliver_internal.h"
#include "channel/in_flight.h"
#include "channel/platform_api.h"
#include "channel/rate.h"
#include "channel/registry.h"
#include "channel/start.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "store/blobs.h"
#include "store/test_home.h"

/* ---- a platform ---- */

struct answer { enum err e; bool unsent; int status; const char *body; };

static struct {
    const struct answer *script;    /* one a request; the last is repeated */
    size_t     n, used;
    struct buf log;                 /* what was sent, in order */
} platform;

static enum err scripted_fetch(struct arena *a, const struct http_request *q, struct http_response *out, bool *ret_sent) AWAITS
{
    const struct answer *s = &platform.script[platform.used < platform.n ? platform.used : platform.n - 1];

    platform.used++;
    buf_addf(&platform.log, "%s%.*s", platform.log.len ? " | " : "", STR(q->body));
    if (q->on_sending && !s->unsent)
        q->on_sending(q->on_sending_arg);
    if (ret_sent)
        *ret_sent = !s->unsent;
    if (s->e)
        return failed(s->e, "scripted failure");
    *out = (struct http_response){ .status = s->status, .body = arena_str(a, str_from(s->body ? s->body : "")) };
    return OK;
}

static bool fake_configured(void)
{
    return true;
}

static enum err fake_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    if (str_eq(m->text, S("bad")))
        return failed(ERR_INPUT, "cannot be said");
    out->url = "http://fake";
    out->body = str_from(arena_printf(a, "%s%.*s%s%.*s%s", m->remote_id.len ? "edit " : "", STR(m->remote_id),
                                      m->remote_id.len ? " " : "", STR(m->text), m->plain ? " plainly" : ""));
    return OK;
}

static enum err fake_typing(struct arena *a, str chat_id, str thread_id UNUSED, struct http_request *out)
{
    out->body = str_from(arena_printf(a, "typing %.*s", STR(chat_id)));
    return OK;
}

static enum err fake_decode(struct arena *a, const struct http_response *r, struct sent *out)
{
    *out = (struct sent){ .remote_id = arena_str(a, r->body) };
    switch (r->status) {
    case 200: return OK;
    case 429: out->retry_after_ms = 7000; return failed(ERR_LIMIT, "slow down");
    case 410: out->edit_lost = true; return failed(ERR_INPUT, "it is gone");
    case 504: out->unknown = true; return failed(ERR_REMOTE, "a page of somebody else's");
    case 400: out->bad_markup = true; return failed(ERR_INPUT, "markup");
    case 403: out->gone = true; return failed(ERR_NOT_FOUND, "blocked");
    default: return failed(ERR_REMOTE, "broken");
    }
}

static unsigned fake_per_minute(str chat_id)
{
    return str_eq(chat_id, S("slow")) ? 60 : 0;
}

static const struct channel fake = {
    .name = "fake", .markup = MARKUP_MARKDOWN, .text_max = 100, .edits = 1, .typing = 1, .chat_per_minute = fake_per_minute,
    .configured = fake_configured, .encode = fake_encode, .encode_typing = fake_typing, .decode_sent = fake_decode,
};

/* ---- a scene ---- */

struct scene { struct test_home home; };

static void scene_done(struct scene *s)
{
    deliver_stop(1000);
    home_done(&s->home);
    buf_done(&platform.log);
    channel_add_for_test(NULL);
    channel_fetch = http_fetch;
}

static struct scene scene_new(const struct answer *script, size_t n, const char *unknown) AWAITS
{
    struct scene s = { .home = home_new() };
    char set[64];

    snprintf(set, sizeof set, "delivery.unknown=%s", unknown);
    CHECK_OK(config_load_for_test(s.home.folder, (const char *const[]){ set, "delivery.attempts=3", NULL }));
    CHECK(mkdir(home_path(&s.home, "run"), 0700) == 0);
    clock_fake(1000000000);
    platform.script = script;
    platform.n = n;
    platform.used = 0;
    channel_add_for_test(&fake);
    channel_fetch = scripted_fetch;
    return s;
}

static int64_t add_row(struct scene *s, const char *chat, const char *text) AWAITS
{
    struct batch *b = batch_new(s->home.arena), *end = batch_new(s->home.arena);
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s}", "text", text);

    batch_add(b, "outbox.stream_begin", "inccccci", (int64_t)0, "fake", chat, "", "", "{}", clock_wall_ms());
    CHECK_OK(store_commit(s->home.store, b));
    int64_t id = row_int(batch_rows(b, 0), 0, 0);

    batch_add(end, "outbox.stream_end", "is", id, json_print(s->home.arena, body));
    CHECK_OK(store_commit(s->home.store, end));
    return id;
}

static str state_of(struct scene *s, int64_t id) AWAITS
{
    struct rows r;

    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "admin.outbox_get", "i", id));
    return row_str(&r, 0, 6);
}

/* The store answers in real time, so what it does is waited for by asking again, for ten seconds at most. */
static void await_state(struct scene *s, int64_t id, const char *want) AWAITS
{
    time_t start = time(NULL);
    str got = S("");

    while (time(NULL) - start < 10) {
        got = state_of(s, id);
        if (str_eq(got, str_from(want)))
            return;
    }
    test_failed(__FILE__, __LINE__, "row %lld is %.*s, want %s", (long long)id, STR(got), want);
}

static void await_requests(struct scene *s, size_t n) AWAITS
{
    time_t start = time(NULL);

    while (platform.used < n && time(NULL) - start < 10)
        (void)state_of(s, 1);
    CHECK(platform.used >= n);
}

/* Long enough for whatever is under way, when nothing is expected. */
static void let_things_happen(struct scene *s) AWAITS
{
    for (int k = 0; k < 100; k++) {
        struct batch *b = batch_new(s->home.arena);

        batch_add(b, "meta.set", "cc", "test", "x");    /* a commit is behind those asked for before it */
        CHECK_OK(store_commit(s->home.store, b));
        CHECK_OK(fiber_yield());
    }
}

static void await_log(const char *want) AWAITS
{
    time_t start = time(NULL);

    while (!str_eq(buf_str(&platform.log), str_from(want)) && time(NULL) - start < 10)
        CHECK_OK(fiber_yield());
    CHECK_STR(buf_str(&platform.log), want);
}

TEST(rows_of_a_chat_go_in_order_and_keep_the_platforms_id)
{
    static const struct answer script[] = { { .status = 200, .body = "77" } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");
    struct rows r;

    add_row(&s, "a", "one");
    add_row(&s, "b", "other");
    int64_t last = add_row(&s, "a", "two");
    CHECK_OK(deliver_start(s.home.store));
    await_state(&s, last, "sent");
    CHECK(str_find(buf_str(&platform.log), S("one")) < str_find(buf_str(&platform.log), S("two")));
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "admin.outbox_get", "i", last));
    CHECK_STR(row_str(&r, 0, 10), "77");
    deliver_wake(S("fake"), S("nobody"));
    deliver_wake(S("no such platform"), S("a"));
}

TEST(each_failure_becomes_what_it_means)
{
    static const struct { struct answer a; const char *unknown, *state; } cases[] = {
        { { .e = ERR_NET, .unsent = true },     "keep",     "ready" },
        { { .e = ERR_NET },                     "keep",     "unknown" },
        { { .e = ERR_TIMEOUT },                 "keep",     "unknown" },
        { { .e = ERR_TIMEOUT },                 "resend",   "ready" },
        { { .status = 429 },                    "keep",     "ready" },
        { { .status = 502 },                    "keep",     "ready" },
        { { .status = 504 },                    "keep",     "unknown" },
        { { .status = 403 },                    "keep",     "dead" },
        { { .status = 400 },                    "keep",     "dead" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(scene_done) struct scene s = scene_new(&cases[i].a, 1, cases[i].unknown);

        CHECK_OK(deliver_start(s.home.store));
        int64_t id = add_row(&s, "a", "text");
        deliver_wake(S("fake"), S("a"));
        await_requests(&s, 1);
        await_state(&s, id, cases[i].state);
    }
}

TEST(markup_that_is_refused_is_sent_again_plainly)
{
    static const struct answer script[] = { { .status = 400 }, { .status = 200, .body = "1" } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 2, "keep");

    CHECK_OK(deliver_start(s.home.store));
    int64_t id = add_row(&s, "a", "x");
    deliver_wake(S("fake"), S("a"));
    await_state(&s, id, "sent");
    CHECK_STR(buf_str(&platform.log), "x | x plainly");
}

TEST(a_message_that_cannot_be_edited_any_more_is_sent_anew)
{
    static const struct answer script[] = { { .status = 410 }, { .status = 200, .body = "2" } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 2, "keep");
    struct outgoing m = { .chat_id = S("a"), .text = S("x"), .remote_id = S("1"), .final = true };
    struct attempt t = deliver_attempt(s.home.arena, &fake, &m);

    CHECK_INT(t.outcome, SENT);
    CHECK_STR(t.sent.remote_id, "2");
    CHECK_STR(buf_str(&platform.log), "edit 1 x | x");
}

/* ---- platforms that need something first, or have no request a message ---- */

static struct { enum err e; unsigned times; } first_needed;

static enum err fake_prepare(struct arena *a, struct outgoing *m) AWAITS
{
    first_needed.times++;
    if (first_needed.e)
        return failed(first_needed.e, "no token");
    m->prepared = str_from(arena_printf(a, "t%u", first_needed.times));
    return OK;
}

static enum err encode_prepared(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    out->url = "http://fake";
    out->body = str_from(arena_printf(a, "%.*s %.*s", STR(m->prepared), STR(m->text)));
    return OK;
}

static enum err decode_again(struct arena *a, const struct http_response *r, struct sent *out)
{
    enum err e = fake_decode(a, r, out);

    out->again = r->status == 401;
    return r->status == 401 ? failed(ERR_AUTH, "the token has ended") : e;
}

static struct { enum err e; bool unknown; unsigned times; struct waiters never; } line;

static enum err hold_the_line(const struct channel_host *host) AWAITS
{
    host->health(host, OK, "");
    for (;;)
        TRY(wait_on(&line.never, "the end of a test"));
}

static enum err send_over_it(const struct channel_host *host UNUSED, struct arena *a, struct outgoing *m, void (*begun)(void *),
                             struct sent *out) AWAITS
{
    line.times++;
    begun(m);
    out->unknown = line.unknown;
    out->remote_id = str_from(arena_printf(a, "line-%u", line.times));
    return line.e ? failed(line.e, "the line is cut") : OK;
}

static const struct channel lined = {
    .name = "fake", .title = "Fake", .markup = MARKUP_MARKDOWN, .text_max = 100, .configured = fake_configured,
    .run = hold_the_line, .send = send_over_it,
};

static enum err take_nothing(const struct channel_host *host UNUSED, const struct message *m UNUSED, size_t n UNUSED)
{
    return OK;
}

static void hang_up(struct scene *s)
{
    deliver_stop(1000);
    channels_stop();
    scene_done(s);
}

static const struct channel prepared = {
    .name = "fake", .title = "Fake", .markup = MARKUP_MARKDOWN, .text_max = 100, .configured = fake_configured, .run = hold_the_line,
    .prepare = fake_prepare, .encode = encode_prepared, .decode_sent = decode_again,
};

static int64_t send_one(struct scene *s, const struct channel *c) AWAITS
{
    channel_add_for_test(NULL);
    channel_add_for_test(c);
    CHECK_OK(deliver_start(s->home.store));
    int64_t id = add_row(s, "a", "x");
    deliver_wake(S("fake"), S("a"));
    return id;
}

static void connect_only(struct scene *s, const struct channel *c) AWAITS
{
    channel_add_for_test(NULL);
    channel_add_for_test(c);
    CHECK_OK(channels_start(s->home.store, NULL, take_nothing, NULL, NULL));
}

TEST(what_a_send_needs_first_decides_when_it_fails)
{
    static const struct { enum err e; const char *state; } cases[] = {
        { OK, "sent" }, { ERR_REMOTE, "ready" }, { ERR_AUTH, "ready" }, { ERR_NET, "ready" }, { ERR_INPUT, "dead" }, { ERR_NOT_FOUND, "dead" },
    };
    static const struct answer script[] = { { .status = 200, .body = "1" } };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(hang_up) struct scene s = scene_new(script, 1, "keep");

        first_needed.times = 0;
        first_needed.e = cases[i].e;
        connect_only(&s, &prepared);
        int64_t id = send_one(&s, &prepared);

        await_state(&s, id, cases[i].state);
        if (cases[i].e && str_eq(str_from(cases[i].state), S("ready")))
            while (first_needed.times == 0)
                let_things_happen(&s);
        CHECK_STR(buf_str(&platform.log), cases[i].e ? "" : "t1 x");
    }
}

TEST(a_token_that_had_ended_costs_one_more_try_at_once)
{
    static const struct answer script[] = { { .status = 401 }, { .status = 200, .body = "1" } };
    CLEANUP(hang_up) struct scene s = scene_new(script, 2, "keep");

    first_needed.times = 0;
    first_needed.e = OK;
    connect_only(&s, &prepared);
    await_state(&s, send_one(&s, &prepared), "sent");
    CHECK_STR(buf_str(&platform.log), "t1 x | t2 x");
}

TEST(a_token_that_ends_for_ever_waits_for_the_next_try)
{
    static const struct answer script[] = { { .status = 401 } };
    CLEANUP(hang_up) struct scene s = scene_new(script, 1, "keep");

    first_needed.times = 0;
    first_needed.e = OK;
    connect_only(&s, &prepared);
    int64_t id = send_one(&s, &prepared);
    await_requests(&s, 2);
    await_state(&s, id, "ready");
    let_things_happen(&s);
    CHECK_INT(platform.used, 2);
}

TEST(a_send_over_a_connection_says_what_became_of_it)
{
    static const struct { enum err e; bool unknown; const char *state; } cases[] = {
        { OK, false, "sent" }, { ERR_NET, false, "ready" }, { ERR_NET, true, "unknown" }, { ERR_TIMEOUT, true, "unknown" },
        { ERR_LIMIT, false, "ready" }, { ERR_NOT_FOUND, false, "dead" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(hang_up) struct scene s = scene_new(NULL, 0, "keep");

        line.times = 0;
        line.e = cases[i].e;
        line.unknown = cases[i].unknown;
        connect_only(&s, &lined);
        int64_t id = send_one(&s, &lined);
        while (line.times == 0)
            let_things_happen(&s);
        await_state(&s, id, cases[i].state);
        CHECK_INT(line.times, 1);
    }
}

/* *tried: how often what needs the channel was called. */
static void goes_when_channels_run(struct scene *s, const struct channel *channel, const unsigned *tried)
{
    int64_t id = send_one(s, channel);

    let_things_happen(s);
    await_state(s, id, "ready");
    CHECK_INT(*tried, 0);
    CHECK_OK(channels_start(s->home.store, NULL, take_nothing, NULL, NULL));
    clock_advance(20000);
    await_state(s, id, "sent");
    CHECK_INT(*tried, 1);
}

TEST(a_row_waits_while_its_channel_is_down_and_goes_when_it_is_up)
{
    CLEANUP(hang_up) struct scene s = scene_new(NULL, 0, "keep");

    line.times = 0;
    line.e = OK;
    line.unknown = false;
    goes_when_channels_run(&s, &lined, &line.times);
}

TEST(nothing_is_prepared_for_a_channel_that_does_not_run_yet)
{
    static const struct answer script[] = { { .status = 200, .body = "1" } };
    CLEANUP(hang_up) struct scene s = scene_new(script, 1, "keep");

    first_needed.times = 0;
    first_needed.e = OK;
    goes_when_channels_run(&s, &prepared, &first_needed.times);
}

TEST(a_row_that_waits_holds_back_those_behind_it_and_tries_are_counted)
{
    static const struct answer script[] = { { .status = 500 } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");

    CHECK_OK(deliver_start(s.home.store));
    int64_t first = add_row(&s, "a", "first"), second = add_row(&s, "a", "second");
    deliver_wake(S("fake"), S("a"));
    for (size_t tries = 1; tries <= 3; tries++) {
        await_requests(&s, tries);
        if (tries == 3)
            break;
        let_things_happen(&s);
        CHECK_STR(state_of(&s, first), "ready");
        CHECK_STR(state_of(&s, second), "ready");
        clock_advance(20000);
    }
    await_state(&s, first, "dead");
    await_log("first | first | first | second");
    await_state(&s, second, "ready");
}

TEST(a_wait_that_the_platform_asks_for_is_kept)
{
    static const struct answer script[] = { { .status = 429 }, { .status = 200 } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 2, "keep");

    CHECK_OK(deliver_start(s.home.store));
    int64_t id = add_row(&s, "a", "x");
    deliver_wake(S("fake"), S("a"));
    await_requests(&s, 1);
    let_things_happen(&s);
    clock_advance(6900);
    let_things_happen(&s);
    CHECK_INT(platform.used, 1);
    clock_advance(200);
    await_state(&s, id, "sent");
}

static void note_outcome(void *arg, const struct delivery_outcome *o)
{
    buf_addf(arg, "%.*s:%.*s %lld %s %.*s|", STR(o->platform), STR(o->chat_id), (long long)o->id, o->state, STR(o->remote_id));
}

TEST(what_became_of_each_row_is_told_once_it_is_stored)
{
    static const struct answer script[] = { { .e = ERR_TIMEOUT }, { .e = ERR_NET, .unsent = true }, { .status = 200, .body = "77" } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 3, "keep");
    CLEANUP(buf_done) struct buf told = {0};
    time_t start = time(NULL);

    deliver_watch(note_outcome, &told);
    CHECK_OK(deliver_start(s.home.store));
    add_row(&s, "a", "lost");
    int64_t bad = add_row(&s, "a", "bad");

    add_row(&s, "a", "at the second try");
    deliver_wake(S("fake"), S("a"));
    await_requests(&s, 2);
    let_things_happen(&s);
    CHECK_STR(buf_str(&told), "fake:a 1 unknown |fake:a 2 dead |");
    clock_advance(60 * 1000);
    while (str_find(buf_str(&told), S("sent")) == STR_NONE && time(NULL) - start < 10)
        CHECK_OK(fiber_yield());
    CHECK_OK(deliver_drop(bad));
    CHECK_STR(buf_str(&told), "fake:a 1 unknown |fake:a 2 dead |fake:a 3 sent 77|fake:a 2 dropped |");
    deliver_watch(NULL, NULL);
}

TEST(unknown_and_dead_rows_do_not_silence_a_chat)
{
    static const struct answer script[] = { { .e = ERR_TIMEOUT }, { .status = 200 } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 2, "keep");

    CHECK_OK(deliver_start(s.home.store));
    int64_t lost = add_row(&s, "a", "lost"), bad = add_row(&s, "a", "bad"), fine = add_row(&s, "a", "fine");
    deliver_wake(S("fake"), S("a"));
    await_state(&s, fine, "sent");
    CHECK_STR(state_of(&s, lost), "unknown");
    CHECK_STR(state_of(&s, bad), "dead");
    CHECK_OK(deliver_resend(lost));
    await_state(&s, lost, "sent");
    CHECK_OK(deliver_drop(bad));
    CHECK_STR(state_of(&s, bad), "dropped");
    CHECK_ERR(deliver_drop(fine), ERR_CONFLICT);
    CHECK_ERR(deliver_resend(4711), ERR_CONFLICT);
    CHECK_STR(buf_str(&platform.log), "lost | fine | lost");
}

TEST(what_a_crash_left_in_the_middle_is_unknown_unless_it_was_an_edit)
{
    static const struct answer script[] = { { .status = 200, .body = "5" } };
    static const struct { const char *unknown, *new_message, *edit; } cases[] = {
        { "keep", "unknown", "sent" }, { "resend", "sent", "sent" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(scene_done) struct scene s = scene_new(script, 1, cases[i].unknown);
        int64_t fresh = add_row(&s, "a", "fresh"), edit = add_row(&s, "b", "edit");
        struct batch *b = batch_new(s.home.arena);

        batch_add(b, "outbox.claim", "cci", "fake", "a", clock_wall_ms());
        batch_add(b, "outbox.claim", "cci", "fake", "b", clock_wall_ms());
        batch_add(b, "outbox.stream_opened", "is", edit, S("9"));
        CHECK_OK(store_commit(s.home.store, b));
        CHECK_OK(deliver_start(s.home.store));
        await_state(&s, edit, cases[i].edit);
        await_state(&s, fresh, cases[i].new_message);
        CHECK(str_find(buf_str(&platform.log), S("edit 9 edit")) != STR_NONE);
    }
}

TEST(what_was_claimed_and_had_not_gone_out_at_a_crash_is_sent_once)
{
    static const struct answer script[] = { { .status = 200, .body = "5" } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");
    int64_t claimed = add_row(&s, "a", "claimed"), begun = add_row(&s, "b", "begun"), streamed = add_row(&s, "c", "streamed");
    struct batch *b = batch_new(s.home.arena);

    CHECK_OK(in_flight_open(home_path(&s.home, "run/in-flight")));
    in_flight_settled();
    in_flight_begin(begun);
    batch_add(b, "outbox.claim", "cci", "fake", "a", clock_wall_ms());
    batch_add(b, "outbox.claim", "cci", "fake", "b", clock_wall_ms());
    batch_add(b, "outbox.claim", "cci", "fake", "c", clock_wall_ms());
    batch_add(b, "turn.end_unknown", "is", streamed, S("{\"text\":\"streamed\",\"streaming\":true}"));
    CHECK_OK(store_commit(s.home.store, b));
    CHECK_OK(deliver_start(s.home.store));
    await_state(&s, claimed, "sent");
    await_state(&s, begun, "unknown");
    await_state(&s, streamed, "dropped");
    CHECK_STR(buf_str(&platform.log), "claimed");
}

TEST(a_platform_that_knows_a_row_again_is_sent_it_again)
{
    static const struct answer script[] = { { .status = 200, .body = "5" }, { .e = ERR_TIMEOUT }, { .status = 200 } };
    struct channel knowing = fake;
    CLEANUP(scene_done) struct scene s = scene_new(script, 3, "keep");      /* behind the channel: deliver has that until its end */
    int64_t begun = add_row(&s, "a", "begun");
    struct batch *b = batch_new(s.home.arena);

    knowing.idempotent = 1;
    channel_add_for_test(&knowing);
    CHECK_OK(in_flight_open(home_path(&s.home, "run/in-flight")));
    in_flight_settled();
    in_flight_begin(begun);
    batch_add(b, "outbox.claim", "cci", "fake", "a", clock_wall_ms());
    CHECK_OK(store_commit(s.home.store, b));
    CHECK_OK(deliver_start(s.home.store));
    await_state(&s, begun, "sent");
    int64_t lost = add_row(&s, "b", "lost");
    deliver_wake(S("fake"), S("b"));
    await_requests(&s, 2);
    await_state(&s, lost, "ready");
    clock_advance(60 * 1000);
    await_state(&s, lost, "sent");
    CHECK_STR(buf_str(&platform.log), "begun | lost | lost");
}

/* ---- files ---- */

static int64_t add_file(struct scene *s, struct blobs *blobs, const char *name) AWAITS
{
    struct batch *b = batch_new(s->home.arena), *end = batch_new(s->home.arena);
    char hash[BLOB_HASH_SIZE];

    CHECK_OK(blobs_put(blobs, S("twelve bytes"), S("text/plain"), str_from(name), 0, hash));
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s, s:s, s:s}", "blob", hash, "name", name, "mime", "text/plain", "text", "rest");

    batch_add(b, "outbox.stream_begin", "inccccci", (int64_t)0, "fake", "a", "", "", "{}", clock_wall_ms());
    CHECK_OK(store_commit(s->home.store, b));
    int64_t id = row_int(batch_rows(b, 0), 0, 0);

    batch_add(end, "outbox.stream_end", "is", id, json_print(s->home.arena, body));
    CHECK_OK(store_commit(s->home.store, end));
    return id;
}

static enum err encode_file(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    out->url = "http://fake";
    out->body = str_from(arena_printf(a, "%.*s[%.*s %.*s]", STR(m->text), STR(m->name), STR(m->bytes)));
    if (!m->blob.len)
        out->body = m->text;
    return OK;
}

static bool takes_pdf(str chat_id UNUSED, str name, str mime UNUSED)
{
    return str_ends(name, S(".pdf"));
}

TEST(a_file_goes_as_one_or_as_a_link_or_says_where_it_is)
{
    static const struct { const char *url; unsigned files; size_t file_max; const char *starts, *has; bool picky; } cases[] = {
        { "", 1, 0, "[no*te.txt twelve bytes]", "", false },
        { "", 1, 12, "[no*te.txt twelve bytes]", "", false },
        { "https://e.org", 1, 11, "[no\\*te\\.txt](https://e.org/files/", ") (1 KB)", false },
        { "https://e.org/base/", 0, 0, "[no\\*te\\.txt](https://e.org/base/files/", ") (1 KB)", false },
        { "", 0, 0, "no\\*te\\.txt (1 KB) cannot be sent here.", "`clawdbot messages show outbox/1`", false },
        { "https://e.org", 1, 0, "[no\\*te\\.txt](https://e.org/files/", ") (1 KB)", true },
    };
    static const struct answer script[] = { { .status = 200, .body = "1" } };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct channel c = { .name = "fake", .text_max = 100, .configured = fake_configured, .encode = encode_file, .decode_sent = fake_decode,
                             .files = cases[i].files & 1, .file_max = cases[i].file_max,
                             .takes_file = cases[i].picky ? takes_pdf : NULL };
        CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");      /* behind the channel: deliver has that until its end */
        struct blobs *blobs;

        CHECK_OK(config_load_for_test(s.home.folder, (const char *const[]){ arena_printf(s.home.arena, "server.public_url=%s", cases[i].url),
                                                                           NULL }));
        CHECK_OK(blobs_open(s.home.store, home_path(&s.home, "blobs"), 1 << 20, &blobs));
        channel_add_for_test(NULL);
        channel_add_for_test(&c);
        int64_t id = add_file(&s, blobs, "no*te.txt");
        deliver_use_blobs(blobs);
        CHECK_OK(deliver_start(s.home.store));
        await_state(&s, id, "sent");
        CHECK(str_starts(buf_str(&platform.log), str_from(cases[i].starts)));
        CHECK(str_find(buf_str(&platform.log), str_from(cases[i].has)) != STR_NONE);
        deliver_stop(1000);
        blobs_close(blobs);
        channel_add_for_test(NULL);
    }
}

static enum err encode_id(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CHECK(str_find(m->text, S("https://e.org/files/")) != STR_NONE);
    out->url = "http://fake";
    out->body = platform_send_id(a, m);
    return OK;
}

TEST(a_link_that_is_sent_again_later_is_the_same_message)
{
    static const struct answer script[] = { { .status = 504 }, { .status = 200, .body = "1" } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 2, "keep");
    static const struct channel c = { .name = "fake", .text_max = 100, .configured = fake_configured, .encode = encode_id, .decode_sent = fake_decode,
                                      .idempotent = 1 };
    struct blobs *blobs;
    str log;

    CHECK_OK(config_load_for_test(s.home.folder, (const char *const[]){ "server.public_url=https://e.org", NULL }));
    CHECK_OK(blobs_open(s.home.store, home_path(&s.home, "blobs"), 1 << 20, &blobs));
    channel_add_for_test(NULL);
    channel_add_for_test(&c);
    int64_t id = add_file(&s, blobs, "note.txt");
    deliver_use_blobs(blobs);
    CHECK_OK(deliver_start(s.home.store));
    await_requests(&s, 1);
    await_state(&s, id, "ready");
    clock_advance(60 * 1000);
    await_state(&s, id, "sent");
    log = buf_str(&platform.log);
    CHECK_INT(log.len, 36 + 3 + 36);
    CHECK(str_eq(str_take(log, 36), str_skip(log, 36 + 3)));
    deliver_stop(1000);
    blobs_close(blobs);
}

/* ---- elsewhere ---- */

static const struct channel other = {
    .name = "other", .markup = MARKUP_PLAIN, .text_max = 60, .configured = fake_configured, .encode = fake_encode, .decode_sent = fake_decode,
};

static struct scene scene_with_fallback(const struct answer *script, size_t n, const char *fallback) AWAITS
{
    struct scene s = scene_new(script, n, "keep");

    CHECK_OK(config_load_for_test(s.home.folder, (const char *const[]){ fallback, "delivery.attempts=1", NULL }));
    channel_add_for_test(&other);
    CHECK_OK(deliver_start(s.home.store));
    return s;
}

TEST(a_dead_reply_goes_elsewhere_once)
{
    static const struct answer script[] = { { .status = 403 }, { .status = 200, .body = "1" } };
    CLEANUP(scene_done) struct scene s = scene_with_fallback(script, 2, "delivery.fallback=telegram=other:no,fake=other:o,other:no");
    int64_t id = add_row(&s, "a_b", "Hello *you*");

    deliver_wake(S("fake"), S("a_b"));
    await_state(&s, id, "dead");
    await_state(&s, id + 1, "sent");
    CHECK_STR(buf_str(&platform.log), "Hello *you* | (For fake:a\\_b, which did not take it: blocked)\n\nHello *you*");
    platform.script = (const struct answer[]){ { .status = 403 } };
    platform.n = 1;
    CHECK_OK(deliver_resend(id));
    await_requests(&s, 3);
    await_state(&s, id, "dead");
    let_things_happen(&s);
    CHECK_INT(platform.used, 3);
}

TEST(what_dies_elsewhere_too_has_come_to_its_end)
{
    static const struct { const char *fallback; size_t requests; } cases[] = {
        { "delivery.fallback=other:o", 2 },             { "delivery.fallback=fake=other:o,other=fake:a", 2 },
        { "delivery.fallback=fake:a", 1 },              { "delivery.fallback=fake:b", 2 },
        { "delivery.fallback=nobody:b", 1 },            { "delivery.fallback=other", 1 },
        { "delivery.fallback=telegram=other:o", 1 },    { "delivery.fallback=", 1 },
    };
    static const struct answer script[] = { { .status = 403 } };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(scene_done) struct scene s = scene_with_fallback(script, 1, cases[i].fallback);
        int64_t id = add_row(&s, "a", "x");

        deliver_wake(S("fake"), S("a"));
        await_state(&s, id, "dead");
        if (cases[i].requests == 2)
            await_state(&s, id + 1, "dead");
        let_things_happen(&s);
        CHECK_INT(platform.used, cases[i].requests);
    }
}

TEST(a_reply_that_goes_elsewhere_is_split_as_it_is_there)
{
    static const struct answer script[] = { { .status = 403 }, { .status = 200, .body = "1" } };
    CLEANUP(scene_done) struct scene s = scene_with_fallback(script, 2, "delivery.fallback=other:o");
    int64_t id = add_row(&s, "a", "It is one thing that is said here. It is two things that are said here.");

    deliver_wake(S("fake"), S("a"));
    await_state(&s, id, "dead");
    await_state(&s, id + 2, "sent");
    await_requests(&s, 4);
    CHECK_INT(platform.used, 4);
}

TEST(rates_hold_after_the_burst)
{
    struct rate r = {0};
    uint64_t now = 5000000;

    for (int i = 0; i < 20; i++) {
        CHECK_INT(rate_wait_us(&r, now, 60, 20), 0);
        rate_take(&r, now, 60);
    }
    CHECK_INT(rate_wait_us(&r, now, 60, 20), 1000000);
    CHECK_INT(rate_wait_us(&r, now + 400000, 60, 20), 600000);
    rate_give_back(&r, 60);
    CHECK_INT(rate_wait_us(&r, now, 60, 20), 0);
    CHECK_INT(rate_wait_us(&r, now, 0, 0), 0);
}

TEST(a_chats_limit_spaces_its_messages)
{
    static const struct answer script[] = { { .status = 200 } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");
    int64_t last = 0;

    for (int i = 0; i < 22; i++)
        last = add_row(&s, "slow", "x");
    CHECK_OK(deliver_start(s.home.store));
    await_requests(&s, 20);
    let_things_happen(&s);
    CHECK_INT(platform.used, 20);
    clock_advance(1100);
    await_requests(&s, 21);
    let_things_happen(&s);
    CHECK_STR(state_of(&s, last), "ready");         /* it is not 'sending' while it waits for its turn */
    clock_advance(1100);
    await_state(&s, last, "sent");
}

TEST(a_reply_grows_by_edits_a_second_apart_and_ends_as_a_delivery)
{
    static const struct answer script[] = { { .status = 200, .body = "31" } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");
    struct delivery_stream *stream;
    struct batch *b = batch_new(s.home.arena);
    struct stream_start start = { .platform = S("fake"), .chat_id = S("a"), .thread_id = S(""), .reply_to = S(""),
                                  .session_id = S(""), .text = S("He") };

    CHECK_OK(deliver_start(s.home.store));
    CHECK_OK(deliver_stream_begin(&start, &stream));
    deliver_stream_update(stream, S("Hell"));
    deliver_stream_update(stream, S("Hello"));
    for (int k = 0; k < 20; k++)
        CHECK_OK(fiber_yield());
    CHECK_STR(buf_str(&platform.log), "He");
    clock_advance(1000);
    await_log("He | edit 31 Hello");
    deliver_stream_update(stream, S("Hello, "));
    int64_t id = deliver_stream_close(stream);
    CHECK_STR(state_of(&s, id), "sending");
    batch_add(b, "outbox.stream_end", "ic", id, "{\"text\":\"Hello, you\"}");
    CHECK_OK(store_commit(s.home.store, b));
    deliver_wake(S("fake"), S("a"));
    await_state(&s, id, "sent");
    CHECK_STR(buf_str(&platform.log), "He | edit 31 Hello | edit 31 Hello, you");
}

TEST(a_stream_that_cannot_open_leaves_nothing_to_send)
{
    static const struct answer script[] = { { .status = 500 } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");
    struct delivery_stream *stream;
    struct stream_start start = { .platform = S("fake"), .chat_id = S("a"), .thread_id = S(""), .reply_to = S(""),
                                  .session_id = S(""), .text = S("He") };
    struct rows r;

    CHECK_OK(deliver_start(s.home.store));
    CHECK_ERR(deliver_stream_begin(&start, &stream), ERR_REMOTE);
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "outbox.chats", ""));
    CHECK_INT(r.n, 0);
}

TEST(typing_is_shown_every_five_seconds_until_stopped)
{
    static const struct answer script[] = { { .status = 200 } };
    CLEANUP(scene_done) struct scene s = scene_new(script, 1, "keep");

    CHECK_OK(deliver_start(s.home.store));
    struct typing *t = deliver_typing(S("fake"), S("a"), S(""));
    await_log("typing a");
    for (int k = 0; k < 5; k++)
        CHECK_OK(fiber_yield());
    clock_advance(5000);
    await_log("typing a | typing a");
    deliver_typing_stop(t);
    clock_advance(50000);
    for (int k = 0; k < 5; k++)
        CHECK_OK(fiber_yield());
    CHECK_STR(buf_str(&platform.log), "typing a | typing a");
    deliver_typing_stop(NULL);
}
