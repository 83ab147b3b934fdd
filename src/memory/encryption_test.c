// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/test.h"
#include "memory/memory_internal.h"
#include "memory/recall.h"
#include "memory/test_memory.h"
#include "store/data_keys.h"
#include "store/secrets.h"
#include "store/sqlite_seal.h"

/* A home with both databases, as the gateway has it; encryption is on or off. */
struct scene { struct test_memory t; struct secrets *secrets; };

static void open_all(struct scene *s, bool on) AWAITS
{
    CHECK_OK(store_open(&(struct store_options){ .url = home_path(&s->t.home, "clawdbot.db") }, &s->t.home.store));
    CHECK_OK(secrets_open(s->t.home.store, s->t.home.folder, &s->secrets));
    if (on)
        CHECK_OK(secrets_encrypt_texts(s->secrets));
    s->t.keys = secrets_data_keys(s->secrets);
}

static struct scene scene_new(bool on) AWAITS
{
    struct scene s = { .t = { .home = home_folder() } };

    s.t.arena = s.t.home.arena;
    open_all(&s, on);
    test_memory_open(&s.t);
    return s;
}

static void scene_close(struct scene *s) AWAITS
{
    test_memory_close(&s->t);
    secrets_close(s->secrets);
    home_close(&s->t.home);
}

static void scene_again(struct scene *s, bool on) AWAITS
{
    scene_close(s);
    open_all(s, on);
    test_memory_open(&s->t);
}

static void scene_done(struct scene *s) AWAITS
{
    scene_close(s);
    home_done(&s->t.home);
}

#define CONSTANT(literal) { literal, sizeof(literal) - 1 }
static const struct memory_item items[] = {
    { .scope = { SCOPE_USER, { "alice", 5 } }, .kind = ITEM_FACT, .title = CONSTANT("Quokkatitle"), .text = CONSTANT("The zebrafish tank needs 喂金鱼 on Tuesday."),
      .confidence = 1, .importance = 0.5 },
    { .scope = { SCOPE_CHAT, { "telegram/-1/", 12 } }, .kind = ITEM_EXCHANGE, .text = CONSTANT("Platypus meeting moved to the aardvark room"),
      .confidence = 1, .importance = 0.5 },
    { .scope = { SCOPE_USER, { "bob", 3 } }, .collection = CONSTANT("cmdb"), .kind = ITEM_ROW, .text = CONSTANT("wombathost in rack 7"),
      .fields = CONSTANT("{\"name\":\"wombathost\",\"owner\":\"Numbatowner\"}"), .confidence = 1, .importance = 0.5 },
};
static const char *const words[] = { "zebrafish", "Quokkatitle", "quokkatitle", "喂金", "金鱼", "latypus", "aardvark", "wombathost", "Numbatowner" };

static void save(struct scene *s, int64_t *ids) AWAITS
{
    CHECK_OK(memory_save(s->t.memory, items, N_ELEMENTS(items), NULL, ids));
}

/* How many of the words are in the bytes of a database, its log or what stands beside it. */
static size_t words_in(struct scene *s, const char *file)
{
    CLEANUP(buf_done) struct buf bytes = { .max = 64 << 20 };
    static const char *const ends[] = { "", "-wal", "-shm" };
    size_t found = 0;

    for (size_t i = 0; i < N_ELEMENTS(ends); i++) {
        FILE *f = fopen(arena_printf(s->t.arena, "%s%s", home_path(&s->t.home, file), ends[i]), "re");
        char part[4096];

        for (size_t n; f && (n = fread(part, 1, sizeof part, f)) > 0; )
            buf_add(&bytes, str_of(part, n));
        if (f)
            fclose(f);
    }
    CHECK(bytes.len > 1000);
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        found += str_find(buf_str(&bytes), str_from(words[i])) != STR_NONE;
    return found;
}

static int64_t best(struct scene *s, struct scope scope, const char *collection, const char *question) AWAITS
{
    struct text_query q = { .text = str_from(question), .n_partitions = 1, .k = 10 };
    struct text_hit hits[10];
    uint32_t partition;
    size_t n;

    CHECK_OK(memory_partition_find(s->t.memory, scope, str_from(collection), &partition));
    q.partitions = &partition;
    CHECK_OK(text_search(memory_text(s->t.memory), s->t.arena, &q, hits, &n));
    return n ? hits[0].id : 0;
}

static void check_all_is_found(struct scene *s, const int64_t *ids) AWAITS
{
    struct memory_findings findings;
    struct memory_item got;

    CHECK_INT(best(s, items[0].scope, "", "when does the zebrafish eat?"), ids[0]);
    CHECK_INT(best(s, items[0].scope, "", "金鱼"), ids[0]);
    CHECK_INT(best(s, items[0].scope, "", "鱼"), ids[0]);
    CHECK_INT(best(s, items[0].scope, "", "喂"), ids[0]);
    CHECK_INT(best(s, items[0].scope, "", "\"zebrafish tank\""), ids[0]);
    CHECK_INT(best(s, items[0].scope, "", "quokkatitle"), ids[0]);
    CHECK_INT(best(s, items[0].scope, "", "aardvark"), 0);
    CHECK_INT(best(s, items[1].scope, "", "platypus in the aardvark room, or some other?"), ids[1]);
    CHECK_INT(best(s, items[2].scope, "cmdb", "wombathost"), ids[2]);
    for (size_t i = 0; i < N_ELEMENTS(items); i++) {
        CHECK_OK(memory_get(s->t.memory, s->t.arena, ids[i], &items[i].scope, 1, &got));
        CHECK(str_eq(got.title, items[i].title) && str_eq(got.text, items[i].text) && str_eq(got.fields, items[i].fields));
    }
    CHECK_OK(memory_check(s->t.memory, s->t.arena, MEMORY_LOOK, &findings));
    CHECK_STR(findings.text, "");
    CHECK_OK(recall_canary(s->t.memory));
}

TEST(with_encryption_on_no_word_is_in_the_files_and_all_is_found)
{
    struct scene s = scene_new(true);
    struct memory_stats stats;
    int64_t ids[3];

    save(&s, ids);
    check_all_is_found(&s, ids);
    CHECK_INT(words_in(&s, "memory.db"), 0);
    CHECK_INT(words_in(&s, "clawdbot.db"), 0);
    CHECK_INT(data_keys_count(s.t.keys), 4);        /* the canary's too */
    CHECK_OK(memory_stats(s.t.memory, &stats));
    CHECK_STR(str_from(stats.texts), "encrypted");
    scene_again(&s, true);
    check_all_is_found(&s, ids);
    CHECK_OK(text_rebuild(memory_text(s.t.memory)));
    check_all_is_found(&s, ids);
    CHECK_INT(words_in(&s, "memory.db"), 0);
    scene_done(&s);
}

TEST(with_encryption_off_nothing_is_changed_and_no_key_is_made)
{
    struct scene s = scene_new(false);
    int64_t ids[3];

    save(&s, ids);
    check_all_is_found(&s, ids);
    CHECK(words_in(&s, "memory.db") > 0);
    CHECK_INT(data_keys_count(s.t.keys), 0);
    CHECK(access(home_path(&s.t.home, "master.key"), F_OK) != 0);
    scene_done(&s);
}

TEST(the_same_word_of_two_owners_is_not_the_same_in_the_index)
{
    struct scene s = scene_new(true);
    CLEANUP(buf_done) struct buf a = { 0 }, b = { 0 }, again = { 0 };

    CHECK_OK(data_keys_ensure(s.t.keys, S("user:a")));
    CHECK_OK(data_keys_ensure(s.t.keys, S("user:b")));
    CHECK(data_keys_add_terms(s.t.keys, S("user:a"), S("Salary"), &a) && data_keys_add_terms(s.t.keys, S("user:b"), S("salary"), &b));
    CHECK(data_keys_add_terms(s.t.keys, S("user:a"), S("salary"), &again));
    CHECK(!str_eq(buf_str(&a), buf_str(&b)) && str_eq(buf_str(&a), buf_str(&again)));
    CHECK_INT(a.len, DATA_KEY_HASH_SIZE + 1);
    scene_done(&s);
}

/* memory_run() until the texts have followed. */
static void follow(struct scene *s) AWAITS
{
    CHECK_OK(encryption_run(s->t.memory));
    CHECK(!s->t.memory->encryption.changing);
}

TEST(texts_follow_when_encryption_is_turned_on_and_off_and_on)
{
    struct scene s = scene_new(false);
    struct memory_stats stats;
    int64_t ids[3], id;

    save(&s, ids);
    for (int round = 0; round < 2; round++) {
        scene_again(&s, true);
        CHECK(s.t.memory->encryption.changing);
        CHECK_OK(memory_stats(s.t.memory, &stats));
        CHECK(str_starts(str_from(stats.texts), S("being encrypted: 0 of ")));
        check_all_is_found(&s, ids);                /* while they are in both forms */
        id = test_remember(&s.t, USER("alice"), "the newest is a kookaburra");
        CHECK_INT(best(&s, USER("alice"), "", "kookaburra"), id);
        CHECK_INT(best(&s, USER("alice"), "", "zebrafish"), ids[0]);
        follow(&s);
        check_all_is_found(&s, ids);
        CHECK_INT(words_in(&s, "memory.db"), 0);
        scene_again(&s, true);
        CHECK(!s.t.memory->encryption.changing);
        check_all_is_found(&s, ids);
        CHECK_INT(best(&s, USER("alice"), "", "kookaburra"), id);
        scene_again(&s, false);
        check_all_is_found(&s, ids);
        follow(&s);
        scene_again(&s, false);
        check_all_is_found(&s, ids);
        CHECK_INT(best(&s, USER("alice"), "", "kookaburra"), id);
        CHECK(words_in(&s, "memory.db") > 0);
    }
    scene_done(&s);
}

TEST(when_a_key_is_dropped_its_texts_are_gone_and_the_others_stay)
{
    struct scene s = scene_new(true);
    struct memory_item got;
    int64_t ids[3], id;

    save(&s, ids);
    CHECK_OK(data_keys_drop_person(s.t.keys, S("alice")));
    CHECK_OK(data_keys_drop_person(s.t.keys, S("alice")));
    for (int restarted = 0; restarted < 2; restarted++) {
        CHECK_OK(memory_get(s.t.memory, s.t.arena, ids[0], &items[0].scope, 1, &got));
        CHECK_STR(got.text, SEAL_UNREADABLE);
        CHECK_INT(best(&s, USER("alice"), "", "zebrafish"), 0);
        CHECK_INT(best(&s, items[1].scope, "", "platypus"), ids[1]);
        scene_again(&s, true);
    }
    id = test_remember(&s.t, USER("alice"), "a new life with a kookaburra");
    CHECK_INT(best(&s, USER("alice"), "", "kookaburra"), id);
    scene_again(&s, false);
    follow(&s);
    CHECK_OK(memory_get(s.t.memory, s.t.arena, ids[0], &items[0].scope, 1, &got));
    CHECK_STR(got.text, SEAL_UNREADABLE);
    CHECK_INT(best(&s, USER("alice"), "", "kookaburra"), id);
    scene_done(&s);
}

TEST(a_new_master_key_changes_no_text)
{
    struct scene s = scene_new(true);
    int64_t ids[3];

    save(&s, ids);
    CHECK_OK(secrets_rotate(s.secrets, S("owner")));
    check_all_is_found(&s, ids);
    scene_again(&s, true);
    check_all_is_found(&s, ids);
    scene_done(&s);
}

TEST(without_the_right_master_key_nothing_is_opened_and_nothing_changed)
{
    struct scene s = scene_new(true);
    struct secrets *none;
    int64_t ids[3];

    save(&s, ids);
    scene_close(&s);
    CHECK_OK(store_open(&(struct store_options){ .url = home_path(&s.t.home, "clawdbot.db") }, &s.t.home.store));
    CHECK(rename(home_path(&s.t.home, "master.key"), home_path(&s.t.home, "kept")) == 0);
    CHECK_ERR(secrets_open(s.t.home.store, s.t.home.folder, &none), ERR_AUTH);
    CHECK(str_find(str_from(failed_text()), S("put back")) != STR_NONE);
    setenv("CLAWDBOT_MASTER_KEY", "0000000000000000000000000000000000000000000000000000000000000000", 1);
    CHECK_ERR(secrets_open(s.t.home.store, s.t.home.folder, &none), ERR_AUTH);
    unsetenv("CLAWDBOT_MASTER_KEY");
    CHECK(rename(home_path(&s.t.home, "kept"), home_path(&s.t.home, "master.key")) == 0);
    home_close(&s.t.home);
    open_all(&s, true);
    test_memory_open(&s.t);
    check_all_is_found(&s, ids);
    scene_done(&s);
}

TEST(a_crash_between_a_key_and_its_first_use_loses_nothing)
{
    struct scene s = scene_new(true);
    int64_t ids[3];

    CHECK_OK(data_keys_ensure(s.t.keys, S("user:alice")));
    scene_again(&s, true);
    CHECK_INT(data_keys_count(s.t.keys), 1);
    save(&s, ids);
    check_all_is_found(&s, ids);
    scene_done(&s);
}

/* Of the memory's transactions and of those that keep the keys, one after the other. */
TEST(whichever_transaction_fails_what_was_said_to_be_stored_can_be_read)
{
    for (unsigned n = 1; n < 8; n++) {
        struct scene s = scene_new(true);
        int64_t ids[3];

        CHECK_OK(fault_arm(str_from(arena_printf(s.t.arena, "memory_commit:fail:%u:once", n))));
        (void)!memory_save(s.t.memory, items, N_ELEMENTS(items), NULL, ids);
        fault_disarm_all();
        save(&s, ids);
        scene_again(&s, true);
        check_all_is_found(&s, ids);
        CHECK_INT(words_in(&s, "memory.db"), 0);
        scene_done(&s);
    }
}
