// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "agent/history.h"
#include "store/test_home.h"

struct talk { struct test_home home; struct histories *histories; int64_t last; };

static struct talk talk_new(size_t max_bytes)
{
    return (struct talk){ .home = home_new(), .histories = histories_new(max_bytes) };
}

static void talk_done(struct talk *t)
{
    histories_free(t->histories);
    home_done(&t->home);
}

/* A message that was answered; the answer is a journal row, as a turn writes it. */
static void say(struct talk *t, const char *session, const char *question, const char *answer)
{
    struct arena *a = t->home.arena;
    struct batch *b = batch_new(a);
    const char *id = arena_printf(a, "m%lld", (long long)++t->last);
    struct reply r = { .text = str_from(answer), .stop = STOP_END };
    struct journal j = { t->last, 0 };

    batch_add(b, "session.ensure", "cccccci", session, "rest", session, "", "", "", (int64_t)1);
    batch_add(b, "inbox.insert", "ccccccccccniii", id, "rest", session, "", "", id, "owner", question, "{}", "ready",
              (int64_t)1, (int64_t)1, (int64_t)0);
    batch_add(b, "inbox.finish", "icni", t->last, "done", (int64_t)2);
    journal_reply(&j, b, &r);
    CHECK_OK(store_commit(t->home.store, b));
}

static void say_with_result(struct talk *t, const char *session, const char *question, const char *result)
{
    struct tool_call call = { S("c1"), S("list_dir"), S("{}") };
    struct reply r = { .calls = &call, .n_calls = 1, .stop = STOP_CALLS };

    say(t, session, question, "so");
    struct journal j = { t->last, 10 };
    struct batch *b = batch_new(t->home.arena);

    journal_reply(&j, b, &r);
    journal_result(&j, b, call.id, &(struct tool_result){ .text = str_from(result) }, false);
    CHECK_OK(store_commit(t->home.store, b));
}

static uint64_t part_tokens(uint64_t messages)
{
    return messages * 2 * transcript_tokens(&(struct chat_message){ .text = S("b") }, 1);
}

static void forget_up_to(struct talk *t, const char *session, int64_t inbox_id)
{
    struct batch *b = batch_new(t->home.arena);

    batch_add(b, "session.forget_context", "ci", session, inbox_id);
    CHECK_OK(store_commit(t->home.store, b));
}

/* "question>answer question>answer" */
static str shown(struct talk *t, const char *session, size_t max_messages, uint64_t max_tokens)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = { 0 };
    struct transcript transcript = { .arena = a };
    struct history_wish wish = { .session_id = str_from(session), .before = t->last + 1, .max_messages = max_messages,
                                 .max_tokens = max_tokens, .is_new = true };

    struct history_shown own;

    CHECK_OK(history_add(t->histories, t->home.store, &wish, &transcript, &own));
    for (size_t i = 0; i < transcript.n; i++) {
        if (transcript.messages[i].role == ROLE_USER)
            buf_add(&b, i ? S(" ") : S(""));
        buf_addf(&b, transcript.messages[i].role == ROLE_USER ? "%.*s" : ">%.*s", STR(transcript.messages[i].text));
    }
    return arena_str(t->home.arena, buf_str(&b));
}

TEST(what_is_newer_is_added_to_what_is_kept)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);

    CHECK_STR(shown(&t, "s", 40, 1000), "");
    say(&t, "s", "a", "1");
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1");
    say(&t, "s", "b", "2");
    say(&t, "other", "x", "9");
    say(&t, "s", "c", "3");
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2 c>3");
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2 c>3");
    CHECK_STR(shown(&t, "other", 40, 1000), "x>9");
}

TEST(kept_messages_are_not_read_again)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);
    struct batch *b = batch_new(t.home.arena);

    say(&t, "s", "a", "1");
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1");
    batch_add(b, "retention.journal", "i", INT64_MAX);
    CHECK_OK(store_commit(t.home.store, b));
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1");
    histories_forget(t.histories);
    CHECK_INT(histories_size(t.histories), 0);
    CHECK_STR(shown(&t, "s", 40, 1000), "");
}

/* As the gateway does: the turn reads what was before, its end is stored, and the history hears of it. */
static void say_and_tell(struct talk *t, const char *session, const char *question, const char *answer)
{
    struct chat_message reply = { .role = ROLE_ASSISTANT, .text = str_from(answer) };

    shown(t, session, 40, 1000);
    say(t, session, question, answer);
    history_ended(t->histories, &(struct history_wish){ .session_id = str_from(session), .before = t->last }, str_from(question),
                  &reply, 1);
}

TEST(what_ended_here_is_shown_without_reading_and_as_reading_would_show_it)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);
    struct store_stats before, after;

    say(&t, "s", "a", "1");
    say_and_tell(&t, "s", "b", "2");
    say_and_tell(&t, "s", "c", "3");
    store_stats(t.home.store, &before);
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2 c>3");
    store_stats(t.home.store, &after);
    CHECK_INT(after.queries, before.queries);
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2 c>3");     /* nobody told how that turn ended: it reads */
    store_stats(t.home.store, &after);
    CHECK_INT(after.queries, before.queries + 1);
    history_forget(t.histories, S("s"));
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2 c>3");
}

TEST(an_end_that_only_the_store_knows_is_read)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);

    say_and_tell(&t, "s", "a", "1");
    say(&t, "s", "b", "2");                     /* a command, say, that ran something */
    history_forget(t.histories, S("s"));
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2");
}

TEST(only_the_newest_messages_are_shown_and_kept)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);

    for (int i = 0; i < 5; i++) {
        say(&t, "s", (char[]){ (char)('a' + i), 0 }, "1");
        shown(&t, "s", 2, 1000);
    }
    CHECK_STR(shown(&t, "s", 2, 1000), "d>1 e>1");
    CHECK_STR(shown(&t, "s", 3, 1000), "c>1 d>1 e>1");      /* more are wanted than were kept */
    for (int i = 5; i < 9; i++)
        say(&t, "s", (char[]){ (char)('a' + i), 0 }, "1");
    CHECK_STR(shown(&t, "s", 3, 1000), "g>1 h>1 i>1");
}

TEST(a_full_context_leaves_out_the_oldest)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);

    say(&t, "s", "a", "1");
    say(&t, "s", "b", "2");
    uint64_t one = 2 * transcript_tokens(&(struct chat_message){ .text = S("b") }, 1);

    CHECK_STR(shown(&t, "s", 40, one), "b>2");
    CHECK_STR(shown(&t, "s", 40, 1), "");
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2");
}

TEST(a_new_beginning_is_seen_by_what_is_kept)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);

    say(&t, "s", "a", "1");
    say(&t, "s", "b", "2");
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2");
    forget_up_to(&t, "s", 1);
    CHECK_STR(shown(&t, "s", 40, 1000), "b>2");
}

TEST(the_conversations_longest_unused_make_room)
{
    CLEANUP(talk_done) struct talk t = talk_new(16 << 10);

    for (int i = 0; i < 60; i++) {
        const char *session = arena_printf(t.home.arena, "s%d", i % 20);

        say(&t, session, "a", "1");
        shown(&t, session, 40, 1000);
        CHECK(histories_size(t.histories) <= 16 << 10);
    }
    CHECK_STR(shown(&t, "s0", 40, 1000), "a>1 a>1 a>1");
}

TEST(older_messages_are_shown_in_short_form_as_far_as_it_takes)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct history_wish wish = { .session_id = S("s"), .max_messages = 40, .max_tokens = UINT64_MAX, .is_new = true };
    struct transcript before = { .arena = a }, after = { .arena = a };
    struct history_shown shown_before, shown_after;

    for (int i = 0; i < 5; i++)
        say_with_result(&t, "s", "look", arena_printf(a, "%d%05000d", i, 0));
    wish.before = t.last + 1;
    CHECK_OK(history_add(t.histories, t.home.store, &wish, &before, &shown_before));
    CHECK(shown_before.results > 5 * 5000 / 4);
    CHECK(history_shorten(t.histories, S("s"), shown_before.tokens - 900));
    CHECK(history_again(t.histories, &wish, &after, &shown_after));
    CHECK(shown_after.tokens <= shown_before.tokens - 900 && shown_after.tokens > shown_before.tokens - 2000);
    CHECK(str_find(after.messages[3].text, S("bytes left out")) != STR_NONE && str_starts(after.messages[3].text, S("00")));
    CHECK(str_eq(after.messages[7].text, before.messages[7].text));
    CHECK(history_shorten(t.histories, S("s"), 0));
    CHECK(!history_shorten(t.histories, S("s"), 0));
    struct transcript rest = { .arena = a };

    CHECK(history_again(t.histories, &wish, &rest, &shown_after));
    CHECK(str_find(rest.messages[11].text, S("bytes left out")) != STR_NONE);
    CHECK(str_find(rest.messages[15].text, S("bytes left out")) == STR_NONE);       /* of the newest two */
}

TEST(a_summary_stands_for_what_is_before_it)
{
    CLEANUP(talk_done) struct talk t = talk_new(HISTORIES_DEFAULT_MAX);
    struct history_part part;

    say(&t, "s", "a", "1");
    say(&t, "s", "b", "2");
    say(&t, "s", "c", "3");
    CHECK_STR(shown(&t, "s", 40, 1000), "a>1 b>2 c>3");
    CHECK(!history_older(t.histories, S("s"), 1000, t.home.arena, &part));
    CHECK(history_older(t.histories, S("s"), part_tokens(1), t.home.arena, &part));
    CHECK_INT(part.n_messages, 2);
    CHECK_INT(part.up_to, 2);
    CHECK_STR(part.last_words, "b");
    struct history_summary summary = { part.up_to, S("so far"), part.user_id, S("web page x") };
    struct batch *b = batch_new(t.home.arena);

    batch_add(b, "compaction.add", "cissssiiici", "s", summary.up_to, summary.text, S(""), summary.user_id, summary.taint, (int64_t)2,
              (int64_t)9, (int64_t)2, "m", (int64_t)1);
    CHECK_OK(store_commit(t.home.store, b));
    history_compacted(t.histories, S("s"), &summary);
    str kept = shown(&t, "s", 40, 1000);

    CHECK(str_ends(kept, S("so far c>3")) && str_starts(kept, S("[What was said before")));
    histories_forget(t.histories);
    CHECK(str_eq(shown(&t, "s", 40, 1000), kept));
    CHECK(history_older(t.histories, S("s"), 0, t.home.arena, &part));      /* the next one is made of this one too */
    CHECK_INT(part.n_messages, 1);
    CHECK_INT(part.up_to, 3);
    CHECK_STR(transcript_taint(&part.transcript), "web page x");
    forget_up_to(&t, "s", 3);
    CHECK_STR(shown(&t, "s", 40, 1000), "");
}
