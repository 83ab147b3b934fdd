// SPDX-License-Identifier: Apache-2.0
#include "memory/text.h"

#include "base/test.h"
#include "base/words.h"
#include "memory/id.h"
#include "memory/test_memory.h"
#include "memory/text_internal.h"

struct scene { struct test_memory t; struct text text; };

static struct scene scene_new(void) AWAITS
{
    struct scene s = { .t = test_memory_new() };

    s.text.store = s.t.store;
    return s;
}

static void scene_done(struct scene *s) AWAITS
{
    text_done(&s->text);
    test_memory_done(&s->t);
}

static int64_t add(struct scene *s, const char *text) AWAITS
{
    return test_remember(&s->t, USER("a"), text);
}

struct answer { struct text_hit hits[50]; size_t n; };

static struct answer ask_in(struct scene *s, const char *question, const uint32_t *partitions, size_t n) AWAITS
{
    struct text_query q = { .text = str_from(question), .partitions = partitions, .n_partitions = n, .k = 50 };
    struct answer a = { .n = 0 };

    CHECK_OK(text_search(&s->text, s->t.arena, &q, a.hits, &a.n));
    return a;
}

static struct answer ask(struct scene *s, const char *question) AWAITS
{
    uint32_t mine;

    CHECK_OK(memory_partition_find(s->t.memory, USER("a"), S(""), &mine));
    return ask_in(s, question, &mine, 1);
}

TEST(what_has_more_and_rarer_words_of_the_question_comes_first)
{
    struct scene s = scene_new();
    int64_t port = add(&s, "The staging server listens on port 9123.");
    int64_t other = add(&s, "The production server is in Frankfurt, and its port is closed.");

    add(&s, "Alice likes green tea.");
    struct answer a = ask(&s, "Which port does the staging server use?");

    CHECK_INT(a.n, 2);
    CHECK(a.hits[0].id == port && a.hits[1].id == other);
    CHECK(a.hits[0].score > a.hits[1].score);
    CHECK_INT(a.hits[0].matched, 3);
    scene_done(&s);
}

TEST(nothing_is_found_in_partitions_that_were_not_named)
{
    struct scene s = scene_new();
    int64_t ids[3] = {
        test_remember(&s.t, USER("a"), "the password of the router is hunter2"),
        test_remember(&s.t, USER("b"), "the password of the router is hunter2"),
        test_remember(&s.t, USER("c"), "the password of the router is hunter2"),
    };
    uint32_t a = item_partition(ids[0]), c = item_partition(ids[2]);
    struct answer got = ask_in(&s, "password of the router", (const uint32_t[]){ c, a, c }, 3);

    CHECK_INT(got.n, 2);
    CHECK(got.hits[0].id == ids[2] && got.hits[1].id == ids[0]);
    CHECK_INT(ask_in(&s, "password", (const uint32_t[]){ 99 }, 1).n, 0);
    CHECK_INT(ask_in(&s, "password", NULL, 0).n, 0);
    scene_done(&s);
}

TEST(what_was_asked_for_by_one_character_or_by_two_is_found)
{
    struct scene s = scene_new();
    int64_t cat = add(&s, "我家的猫叫咪咪"), last = add(&s, "她不喜欢猫"), dog = add(&s, "狗在院子里");

    struct answer one = ask(&s, "猫"), two = ask(&s, "院子"), none = ask(&s, "鱼");

    CHECK_INT(one.n, 2);
    CHECK((one.hits[0].id == cat && one.hits[1].id == last) || (one.hits[0].id == last && one.hits[1].id == cat));
    CHECK_INT(two.n, 1);
    CHECK(two.hits[0].id == dog);
    CHECK_INT(none.n, 0);
    scene_done(&s);
}

TEST(what_is_quoted_comes_first_word_for_word)
{
    struct scene s = scene_new();

    add(&s, "server staging server staging, and once more staging server port, port of staging");
    int64_t exact = add(&s, "A long note in which, among very many other things, the port of the staging server is told.");
    struct answer a = ask(&s, "\"port of the staging server\""), chinese;

    CHECK_INT(a.n, 2);
    CHECK(a.hits[0].id == exact && a.hits[0].exact && !a.hits[1].exact);
    add(&s, "器务服 服务 务器");
    exact = add(&s, "机房里有三台服务器");
    chinese = ask(&s, "\u201c服务器\u201d");
    CHECK(chinese.n > 0 && chinese.hits[0].id == exact && chinese.hits[0].exact);
    scene_done(&s);
}

TEST(a_question_of_words_that_say_nothing_is_a_question_all_the_same)
{
    struct scene s = scene_new();
    int64_t id = add(&s, "to be or not to be");

    CHECK_INT(ask(&s, "or not to be").hits[0].id, id);
    CHECK_INT(ask(&s, "?!").n, 0);
    CHECK_INT(ask(&s, "").n, 0);
    scene_done(&s);
}

TEST(a_question_that_looks_like_the_language_of_the_index_is_words)
{
    static const char *const questions[] = { "tea\" OR \"x", "tea*", "words:tea", "NEAR(tea)", "-tea", "^tea + (", "tea\x01\xff" };
    struct scene s = scene_new();
    int64_t id = add(&s, "tea");

    for (size_t i = 0; i < N_ELEMENTS(questions); i++) {
        struct answer a = ask(&s, questions[i]);

        CHECK_INT(a.n, 1);
        CHECK(a.hits[0].id == id);
    }
    scene_done(&s);
}

TEST(the_index_follows_what_is_stored_changed_and_deleted)
{
    struct scene s = scene_new();
    int64_t id = add(&s, "alpha"), other = add(&s, "beta");
    size_t n;

    CHECK_INT(ask(&s, "alpha").n, 1);
    CHECK_OK(text_check(&s.text));
    CHECK_OK(memory_delete(s.t.memory, &id, 1, &n));
    CHECK_INT(ask(&s, "alpha").n, 0);
    CHECK_INT(ask(&s, "beta").hits[0].id, other);
    CHECK_OK(text_check(&s.text));
    CHECK_OK(text_rebuild(&s.text));
    CHECK_OK(text_check(&s.text));
    CHECK_INT(ask(&s, "beta").n, 1);
    scene_done(&s);
}

TEST(words_that_say_nothing_are_known_as_the_index_knows_them)
{
    static const char *const said[] = { "please", "Where", "does", "THIS", "don't", "是否", "什么" };

    for (size_t i = 0; i < N_ELEMENTS(said); i++) {
        struct words w = { .text = str_from(said[i]) };
        struct word word;

        CHECK(words_next(&w, &word));
        CHECK(text_is_stop_word(word.folded));
    }
    CHECK(!text_is_stop_word(S("port")));
}
