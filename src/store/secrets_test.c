// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/master_key.h"
#include "store/seal.h"
#include "store/secrets.h"
#include "store/test_home.h"

static struct secrets *opened(struct test_home *h)
{
    struct secrets *s = NULL;

    CHECK_OK(secrets_open(h->store, h->folder, &s));
    return s;
}

static void check_value(const struct secrets *s, const char *name, const char *want)
{
    str got;

    CHECK_OK(secret_get(s, str_from(name), &got));
    CHECK_STR(got, want);
}

static bool file_is_there(struct test_home *h, const char *name)
{
    return access(home_path(h, name), F_OK) == 0;
}

TEST(what_is_set_is_there_after_a_restart_and_nowhere_in_the_clear)
{
    struct test_home h = home_new();
    struct secrets *s = opened(&h);
    struct rows r;
    struct stat st;

    CHECK(!file_is_there(&h, "master.key"));
    CHECK_OK(secret_set(s, S("telegram"), S("123:abcdef"), S("owner")));
    CHECK_OK(secret_set(s, S("api"), S("sk-0123456789"), S("owner")));
    CHECK_OK(secret_set(s, S("api"), S("sk-9876543210"), S("owner")));
    CHECK(stat(home_path(&h, "master.key"), &st) == 0 && (st.st_mode & 0777) == 0600);
    secrets_close(s);
    s = opened(&h);
    check_value(s, "api", "sk-9876543210");
    check_value(s, "telegram", "123:abcdef");
    CHECK_STR(secret_name(s, 0), "api");
    CHECK_STR(secret_name(s, 1), "telegram");
    CHECK_STR(secret_name(s, 2), "");
    CHECK_OK(store_read(h.store, h.arena, &r, "secret.list", ""));
    for (size_t i = 0; i < r.n; i++)
        CHECK(str_find(row_str(&r, i, 3), S("sk-")) == STR_NONE && str_find(row_str(&r, i, 3), S("abcdef")) == STR_NONE);
    CHECK_OK(secret_remove(s, S("api"), S("owner")));
    CHECK_ERR(secret_remove(s, S("api"), S("owner")), ERR_NOT_FOUND);
    CHECK_STR(secret_name(s, 1), "");
    secrets_close(s);
    home_done(&h);
}

TEST(names_and_values_that_do_not_fit_are_refused)
{
    static const char *const bad[] = { "", "A", "a b", "a/b", "../x", "ä", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    struct test_home h = home_new();
    struct secrets *s = opened(&h);
    str got;

    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        CHECK_ERR(secret_set(s, str_from(bad[i]), S("value"), S("owner")), ERR_INPUT);
    CHECK_ERR(secret_set(s, S("a"), S(""), S("owner")), ERR_INPUT);
    CHECK_OK(secret_set(s, S("telegram"), S("\0\xff\n"), S("owner")));
    CHECK_ERR(secret_get(s, S("telegramm"), &got), ERR_NOT_FOUND);
    CHECK(str_find(str_from(failed_text()), S("did you mean \"telegram\"")) != STR_NONE);
    CHECK_OK(secret_get(s, S("telegram"), &got));
    CHECK(str_eq(got, S("\0\xff\n")));
    secrets_close(s);
    home_done(&h);
}

TEST(a_wrong_or_missing_key_is_told_and_loses_nothing)
{
    struct test_home h = home_new();
    struct secrets *s = opened(&h);

    CHECK_OK(secret_set(s, S("a"), S("first value"), S("owner")));
    secrets_close(s);
    CHECK(rename(home_path(&h, "master.key"), home_path(&h, "kept")) == 0);
    CHECK_ERR(secrets_open(h.store, h.folder, &s), ERR_AUTH);
    CHECK(str_find(str_from(failed_text()), S("put back")) != STR_NONE);
    setenv("CLAWDBOT_MASTER_KEY", "0000000000000000000000000000000000000000000000000000000000000000", 1);
    CHECK_ERR(secrets_open(h.store, h.folder, &s), ERR_AUTH);
    CHECK(str_find(str_from(failed_text()), S("$CLAWDBOT_MASTER_KEY")) != STR_NONE);
    setenv("CLAWDBOT_MASTER_KEY", "123", 1);
    CHECK_ERR(secrets_open(h.store, h.folder, &s), ERR_AUTH);
    unsetenv("CLAWDBOT_MASTER_KEY");
    CHECK(rename(home_path(&h, "kept"), home_path(&h, "master.key")) == 0);
    CHECK(chmod(home_path(&h, "master.key"), 0644) == 0);
    CHECK_ERR(secrets_open(h.store, h.folder, &s), ERR_AUTH);
    CHECK(str_find(str_from(failed_text()), S("chmod 600")) != STR_NONE);
    CHECK(chmod(home_path(&h, "master.key"), 0600) == 0);
    s = opened(&h);
    check_value(s, "a", "first value");
    secrets_close(s);
    home_done(&h);
}

TEST(a_key_from_elsewhere_is_used_and_not_rotated_here)
{
    struct test_home h = home_new();
    struct secrets *s;

    setenv("CLAWDBOT_MASTER_KEY", "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", 1);
    s = opened(&h);
    CHECK_OK(secret_set(s, S("a"), S("first value"), S("owner")));
    CHECK(!file_is_there(&h, "master.key"));
    CHECK_ERR(secrets_rotate(s, S("owner")), ERR_AUTH);
    secrets_close(s);
    unsetenv("CLAWDBOT_MASTER_KEY");
    CHECK(mkdir(home_path(&h, "credentials"), 0700) == 0);
    int fd = open(home_path(&h, "credentials/clawdbot-master-key"), O_WRONLY | O_CREAT, 0400);

    CHECK(write(fd, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 65) == 65);
    close(fd);
    setenv("CREDENTIALS_DIRECTORY", home_path(&h, "credentials"), 1);
    s = opened(&h);
    check_value(s, "a", "first value");
    secrets_close(s);
    unsetenv("CREDENTIALS_DIRECTORY");
    home_done(&h);
}

TEST(a_rotation_changes_the_key_and_no_value)
{
    struct test_home h = home_new();
    struct secrets *s = opened(&h);
    struct master_key before, after;

    CHECK_OK(secret_set(s, S("a"), S("first value"), S("owner")));
    CHECK_OK(secret_set(s, S("b"), S("second value"), S("owner")));
    CHECK_OK(master_key_find(h.folder, &before));
    CHECK_OK(secrets_rotate(s, S("owner")));
    CHECK_OK(master_key_find(h.folder, &after));
    CHECK(strcmp(before.id, after.id) != 0);
    CHECK(!file_is_there(&h, "master.key.new"));
    CHECK_OK(secret_set(s, S("c"), S("third value"), S("owner")));
    secrets_close(s);
    s = opened(&h);
    check_value(s, "a", "first value");
    check_value(s, "b", "second value");
    check_value(s, "c", "third value");
    secrets_close(s);
    home_done(&h);
}

/* What is on disk when the power goes at each step of a rotation. */
TEST(a_rotation_cut_short_is_settled_by_the_next_open)
{
    struct test_home h = home_new();
    struct secrets *s = opened(&h);
    struct master_key fresh;

    CHECK_OK(secret_set(s, S("a"), S("first value"), S("owner")));
    secrets_close(s);
    CHECK_OK(master_key_make_new(h.folder, &fresh));        /* written, and then nothing */
    s = opened(&h);
    check_value(s, "a", "first value");
    CHECK(!file_is_there(&h, "master.key.new"));
    secrets_close(s);
    CHECK_OK(master_key_make_new(h.folder, &fresh));        /* written and used, and not in place */
    unsigned char nonce[SEAL_NONCE_SIZE] = { 1 };
    CLEANUP(buf_done) struct buf sealed = { 0 };
    struct batch *b = batch_new(h.arena);

    seal(fresh.bytes, nonce, S("a"), S("first value"), &sealed);
    batch_add(b, "secret.put", "ccbbi", "a", fresh.id, str_of(nonce, sizeof nonce), buf_str(&sealed), (int64_t)1);
    CHECK_OK(store_commit(h.store, b));
    s = opened(&h);
    check_value(s, "a", "first value");
    CHECK(!file_is_there(&h, "master.key.new"));
    secrets_close(s);
    s = opened(&h);
    check_value(s, "a", "first value");
    secrets_close(s);
    home_done(&h);
}

TEST(what_was_not_sealed_so_is_not_opened)
{
    unsigned char key[SEAL_KEY_SIZE] = { 7 }, nonce[SEAL_NONCE_SIZE] = { 1 };
    CLEANUP(buf_done) struct buf sealed = { 0 };
    CLEANUP(buf_done) struct buf plain = { 0 };
    str n = str_of(nonce, sizeof nonce);

    seal(key, nonce, S("name"), S("value"), &sealed);
    CHECK_OK(unseal(key, n, S("name"), buf_str(&sealed), &plain));
    CHECK_STR(buf_str(&plain), "value");
    CHECK_ERR(unseal(key, n, S("other"), buf_str(&sealed), &plain), ERR_AUTH);
    CHECK_ERR(unseal(key, str_take(n, 11), S("name"), buf_str(&sealed), &plain), ERR_AUTH);
    for (size_t cut = 0; cut < sealed.len; cut++)
        CHECK_ERR(unseal(key, n, S("name"), str_take(buf_str(&sealed), cut), &plain), ERR_AUTH);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.p[i] ^= 1;
        CHECK_ERR(unseal(key, n, S("name"), buf_str(&sealed), &plain), ERR_AUTH);
        sealed.p[i] ^= 1;
    }
    CHECK_STR(buf_str(&plain), "value");
}

TEST(values_are_masked_however_they_show)
{
    static const struct { const char *in, *want; } cases[] = {
        { "key=hunter2/xyz!", "key=***pw***" },
        { "hunter2/xyz!hunter2/xyz!", "***pw******pw***" },
        { "68756e746572322f78797a21", "***pw***" }, { "68756E746572322F78797A21", "***pw***" },
        { "q=hunter2%2Fxyz%21&r", "q=***pw***&r" },
        { "Basic dXNlcjpodW50ZXIyL3h5eiE=", NULL }, { "aHVudGVyMi94eXoh", NULL }, { "YTpodW50ZXIyL3h5eiEK", NULL },
        { "short: abc", "short: abc" }, { "nothing", "nothing" },
    };
    struct test_home h = home_new();
    struct secrets *s = opened(&h);

    CHECK_OK(secret_set(s, S("pw"), S("hunter2/xyz!"), S("owner")));
    CHECK_OK(secret_set(s, S("tiny"), S("abc"), S("owner")));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        bool found = secrets_mask(s, str_from(cases[i].in), &out);

        if (cases[i].want == NULL)
            CHECK(found && str_find(buf_str(&out), S("***pw***")) != STR_NONE);
        else
            CHECK_STR(found ? buf_str(&out) : str_from(cases[i].in), cases[i].want);
    }
    secrets_close(s);
    home_done(&h);
}
