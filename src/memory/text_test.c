// SPDX-License-Identifier: Apache-2.0
#include "memory/text.h"

#include "base/test.h"
#include "base/words.h"
#include "memory/id.h"
#include "memory/test_memory.h"
#include "memory/text_internal.h"
#include "store/sqlite_db.h"

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
        struct words w = { .text = str_from(said[i]), .indexed = true };
        struct word word;

        CHECK(words_next(&w, &word));
        CHECK(text_is_stop_word(word.folded));
    }
    CHECK(!text_is_stop_word(S("port")));
}

/* ---- many ---- */

enum { MANY = 6000 };

/* Every note says "server", half of them "backup", one in a hundred a colour. */
static void add_many(struct scene *s, struct scope scope) AWAITS
{
    static struct memory_item items[MANY];
    static int64_t ids[MANY];

    for (int i = 0; i < MANY; i++)
        items[i] = test_item(scope, arena_printf(s->t.arena, "server %d %s %s", i, i % 2 ? "backup" : "restore",
                                                 i % 100 == 7 ? "crimson" : "grey"));
    for (size_t at = 0; at < MANY; at += 1000)
        CHECK_OK(memory_save(s->t.memory, items + at, 1000, NULL, ids + at));
}

TEST(words_that_nearly_all_have_weigh_in_and_are_not_looked_for)
{
    struct scene s = scene_new();
    struct text_words words;
    struct text_search plan = { .n_words = 0 };
    uint32_t mine;

    add_many(&s, USER("a"));
    int64_t id = add(&s, "the crimson server number 6 has no backup, said Wilhelmina");
    struct answer a = ask(&s, "which crimson server said Wilhelmina has no backup?");

    CHECK(a.n > 1 && a.hits[0].id == id);
    CHECK_INT(a.hits[0].matched, 5);
    CHECK(a.hits[1].matched >= 3);          /* crimson, and what was not looked for: server, backup */
    CHECK_OK(memory_partition_find(s.t.memory, USER("a"), S(""), &mine));
    text_words_of(s.t.arena, S("crimson server Wilhelmina"), &words);
    plan.part = (struct text_partition){ mine, MANY + 1, MANY + 2 };
    CHECK_OK(text_shares(&s.text, &plan.part, &words, plan.shares));
    text_plan(s.t.arena, &words, &plan);
    CHECK_INT(plan.n_words, 2);
    CHECK(strstr(plan.expression, "\"crimson\"") && strstr(plan.expression, "\"wilhelmina\"") && !strstr(plan.expression, "server"));
    scene_done(&s);
}

TEST(where_all_words_are_common_the_newest_with_several_are_found)
{
    struct scene s = scene_new();

    add_many(&s, USER("a"));
    int64_t id = add(&s, "server backup");
    struct answer a = ask(&s, "server backup");

    CHECK_INT(a.n, 50);
    CHECK(a.hits[0].id == id);
    for (size_t i = 0; i < a.n; i++)
        CHECK_INT(a.hits[i].matched, 2);
    scene_done(&s);
}

TEST(what_is_common_elsewhere_is_looked_for_where_it_is_rare)
{
    struct scene s = scene_new();

    add_many(&s, USER("b"));
    for (int i = 0; i < 20; i++)
        test_remember(&s.t, USER("a"), arena_printf(s.t.arena, "note %d about the garden", i));
    int64_t id = add(&s, "the server is under the stairs");
    uint32_t mine = item_partition(id), other;

    CHECK_OK(memory_partition_find(s.t.memory, USER("b"), S(""), &other));
    struct answer alone = ask(&s, "where is the server?");
    struct answer both = ask_in(&s, "server under the stairs", (const uint32_t[]){ other, mine }, 2);

    CHECK_INT(alone.n, 1);
    CHECK(alone.hits[0].id == id);
    CHECK(both.n > 0 && both.hits[0].id == id);
    scene_done(&s);
}

TEST(a_sample_is_taken_anew_when_a_partition_has_grown)
{
    struct scene s = scene_new();

    add_many(&s, USER("a"));
    ask(&s, "server");
    const struct text_sample *first = s.text.samples;

    ask(&s, "backup");
    CHECK(first && s.text.samples == first);
    CHECK_INT(s.text.n_samples, 1);
    scene_done(&s);
}

/* ---- care ---- */

TEST(an_index_that_differs_from_the_items_is_found_and_made_anew)
{
    struct scene s = scene_new();
    struct sqlite_place p;
    struct sqlite_db db;

    add(&s, "alpha");
    CHECK_OK(sqlite_place_parse(home_path(&s.t.home, "memory.db"), &p));
    p.schema = STORE_MEMORY;
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    CHECK_OK(sqlite_db_exec(&db, "INSERT INTO items_text (rowid, words) VALUES (77, 'phantom')"));
    sqlite_db_close(&db);
    CHECK_ERR(text_check(&s.text), ERR_CONFLICT);
    CHECK_INT(ask(&s, "alpha").n, 1);
    add(&s, "beta");                        /* a damaged index delays nobody */
    CHECK_OK(text_rebuild(&s.text));
    CHECK_OK(text_check(&s.text));
    CHECK_INT(ask(&s, "beta").n, 1);
    scene_done(&s);
}

static bool file_has(const char *path, str needle)
{
    CLEANUP(buf_done) struct buf bytes = { .max = 64 << 20 };
    FILE *f = fopen(path, "r");
    size_t room, n;

    if (f == NULL)
        return false;
    do {
        char *to = buf_room(&bytes, 1 << 16, &room);

        n = fread(to, 1, room, f);
        buf_grown(&bytes, n);
    } while (n);
    fclose(f);
    return str_find(buf_str(&bytes), needle) != STR_NONE;
}

static bool any_file_has(struct scene *s, str needle)
{
    static const char *const names[] = { "memory.db", "memory.db-wal", "memory.db-shm", "memory.db-journal" };
    bool has = false;

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        has |= file_has(home_path(&s->t.home, names[i]), needle);
    return has;
}

/* The index stores a word without what it has in common with the one before it, so the ends of words are looked for too. */
TEST(what_was_forgotten_is_in_no_byte_of_any_file)
{
    static const str traces[] = {
        S("Wilhelmina"), S("wilhelmina"), S("helmina"), S("xq7zquux"), S("甄嬛"), S("嬛传"), S("zaphod@x.org"), S("phod@x") };
    struct scene s = scene_new();
    size_t n, found = 0;
    str left;

    add_many(&s, USER("b"));
    int64_t id = add(&s, "Wilhelmina xq7zquux likes 甄嬛传 and writes to zaphod@x.org");

    add(&s, "wine and willows, 甄别");
    for (size_t i = 0; i < N_ELEMENTS(traces); i++)
        found += any_file_has(&s, traces[i]);
    CHECK(found >= N_ELEMENTS(traces) - 2);
    CHECK_OK(text_has_word(&s.text, s.t.arena, S("Wilhelmina"), &left));
    CHECK_STR(left, "wilhelmina");
    CHECK_OK(memory_delete(s.t.memory, &id, 1, &n));
    CHECK_OK(text_optimize(&s.text));
    CHECK_OK(store_shrink(s.t.store));
    for (size_t i = 0; i < N_ELEMENTS(traces); i++)
        CHECK(!any_file_has(&s, traces[i]));
    CHECK_OK(text_has_word(&s.text, s.t.arena, S("Wilhelmina xq7zquux 甄嬛 嬛传 zaphod@x.org"), &left));
    CHECK_STR(left, "");
    CHECK_INT(ask(&s, "willows").n, 1);
    CHECK_OK(text_check(&s.text));
    scene_done(&s);
}
