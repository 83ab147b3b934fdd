// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "store/blobs.h"
#include "store/test_home.h"

static const char abc_hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";   /* FIPS 180-2, B.1 */

static struct blobs *open_blobs(struct test_home *h) AWAITS
{
    struct blobs *b;

    CHECK_OK(blobs_open(h->store, home_path(h, "blobs"), 1000, &b));
    return b;
}

static void blobs_closep(struct blobs **b)
{
    blobs_close(*b);
}

static void check_content(struct blobs *b, const char *hash, const char *want) AWAITS
{
    char text[64] = "";
    int fd;

    CHECK_OK(blobs_read(b, str_from(hash), &fd));
    ssize_t n = read(fd, text, sizeof text - 1);

    close(fd);
    CHECK(n >= 0);
    CHECK_STR(str_of(text, (size_t)n), want);
}

static char *abc_path(struct test_home *h)
{
    return home_path(h, arena_printf(h->arena, "blobs/ba/78/%s", abc_hash));
}

TEST(a_blob_is_found_by_its_content)
{
    CLEANUP(home_done) struct test_home h = home_new();
    CLEANUP(blobs_closep) struct blobs *b = open_blobs(&h);
    char hash[BLOB_HASH_SIZE];
    struct blob info;
    struct stat st;

    CHECK_OK(blobs_put(b, S("abc"), S("text/plain"), S("a.txt"), 5000, hash));
    CHECK_STR(str_from(hash), abc_hash);
    check_content(b, hash, "abc");
    CHECK_OK(blobs_find(b, h.arena, str_from(hash), &info));
    CHECK_INT(info.size, 3);
    CHECK_STR(info.mime, "text/plain");
    CHECK_STR(info.name, "a.txt");
    CHECK_INT(info.expires_at, 5000);
    CHECK(stat(abc_path(&h), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(stat(home_path(&h, "blobs/ba"), &st) == 0 && (st.st_mode & 0777) == 0700);
}

TEST(a_name_that_is_no_hash_never_becomes_a_path)
{
    static const char *const names[] = {
        "", "abc", "../../../../../../../../../../../../../../../../../../../../etc/passwd",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae",
    };
    CLEANUP(home_done) struct test_home h = home_new();
    CLEANUP(blobs_closep) struct blobs *b = open_blobs(&h);
    struct blob info;
    int fd;

    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        CHECK_ERR(blobs_read(b, str_from(names[i]), &fd), ERR_NOT_FOUND);
        CHECK_ERR(blobs_find(b, h.arena, str_from(names[i]), &info), ERR_NOT_FOUND);
    }
}

TEST(a_blob_has_a_largest_size)
{
    CLEANUP(home_done) struct test_home h = home_new();
    CLEANUP(blobs_closep) struct blobs *b = open_blobs(&h);
    char hash[BLOB_HASH_SIZE], large[1001] = "";

    CHECK_ERR(blobs_put(b, str_of(large, 1001), S(""), S(""), 0, hash), ERR_LIMIT);
    CHECK_OK(blobs_put(b, str_of(large, 1000), S(""), S(""), 0, hash));
}

TEST(expired_blobs_go_and_a_descriptor_stays_readable)
{
    CLEANUP(home_done) struct test_home h = home_new();
    CLEANUP(blobs_closep) struct blobs *b = open_blobs(&h);
    char hash[BLOB_HASH_SIZE], kept[BLOB_HASH_SIZE], text[4] = "";
    size_t n;
    int fd;

    CHECK_OK(blobs_put(b, S("abc"), S(""), S(""), 1000, hash));
    CHECK_OK(blobs_put(b, S("for ever"), S(""), S(""), 0, kept));
    CHECK_OK(blobs_expire(b, 999, &n));
    CHECK_INT(n, 0);
    CHECK_OK(blobs_read(b, str_from(hash), &fd));
    CHECK_OK(blobs_expire(b, 1000, &n));
    CHECK_INT(n, 1);
    CHECK(access(abc_path(&h), F_OK) < 0);
    CHECK(read(fd, text, 3) == 3);
    CHECK_STR(str_from(text), "abc");
    close(fd);
    CHECK_ERR(blobs_read(b, str_from(hash), &fd), ERR_NOT_FOUND);
    CHECK_OK(blobs_expire(b, INT64_MAX, &n));
    check_content(b, kept, "for ever");
}

TEST(content_that_comes_again_lives_as_long_as_the_longer)
{
    static const struct { int64_t first, second, want; } cases[] = { { 10, 20, 20 }, { 20, 10, 20 }, { 10, 0, 0 }, { 0, 10, 0 } };
    CLEANUP(home_done) struct test_home h = home_new();
    CLEANUP(blobs_closep) struct blobs *b = open_blobs(&h);
    char hash[BLOB_HASH_SIZE];
    struct blob info;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char *content = arena_printf(h.arena, "case %zu", i);

        CHECK_OK(blobs_put(b, str_from(content), S(""), S("first"), cases[i].first, hash));
        CHECK_OK(blobs_put(b, str_from(content), S(""), S("second"), cases[i].second, hash));
        CHECK_OK(blobs_find(b, h.arena, str_from(hash), &info));
        CHECK_INT(info.expires_at, cases[i].want);
        CHECK_STR(info.name, "first");
    }
}

struct race { struct blobs *blobs; };

static enum err put_again(void *arg)
{
    struct race *r = arg;
    char hash[BLOB_HASH_SIZE];

    return blobs_put(r->blobs, S("abc"), S(""), S(""), 5000, hash);
}

static enum err expire(void *arg)
{
    struct race *r = arg;
    size_t n;

    return blobs_expire(r->blobs, 1000, &n);
}

TEST(content_that_is_put_while_it_expires_is_there_in_the_end)
{
    CLEANUP(home_done) struct test_home h = home_new();
    CLEANUP(blobs_closep) struct blobs *b = open_blobs(&h);
    struct race r = { b };
    char hash[BLOB_HASH_SIZE];
    size_t n;

    for (int i = 0; i < 40; i++) {
        CLEANUP(fibers_done) struct fibers g = { 0 };

        CHECK_OK(blobs_put(b, S("abc"), S(""), S(""), 1000, hash));
        fibers_spawn(&g, "one", i % 2 ? put_again : expire, &r);
        fibers_spawn(&g, "two", i % 2 ? expire : put_again, &r);
        CHECK_OK(fibers_wait(&g));
        check_content(b, abc_hash, "abc");
        CHECK_OK(blobs_expire(b, 5000, &n));
        CHECK_INT(n, 1);
    }
}

TEST(what_a_crash_left_half_written_is_cleared_away)
{
    CLEANUP(home_done) struct test_home h = home_new();
    CLEANUP(blobs_closep) struct blobs *b = open_blobs(&h);
    FILE *f = fopen(home_path(&h, "blobs/tmp/half"), "w");

    CHECK(f);
    fclose(f);
    blobs_close(b);
    b = open_blobs(&h);
    CHECK(access(home_path(&h, "blobs/tmp/half"), F_OK) < 0);
}
