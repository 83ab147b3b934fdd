// SPDX-License-Identifier: Apache-2.0
/* Long replies as files, files as links. */
#include "base/test.h"

#include <sys/stat.h>

#include "channel/deliver_internal.h"
#include "channel/file_link.h"
#include "channel/reply_rows.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "store/test_home.h"

static enum err encode_nothing(struct arena *a UNUSED, const struct outgoing *m UNUSED, struct http_request *out UNUSED)
{
    return OK;
}

struct scene { struct test_home home; struct blobs *blobs; };

static void scene_done(struct scene *s)
{
    deliver_stop(1000);
    blobs_close(s->blobs);
    home_done(&s->home);
}

static struct scene scene_new(const char *set) AWAITS
{
    struct scene s = { .home = home_new() };

    CHECK_OK(config_load_for_test(s.home.folder, (const char *const[]){ set, "delivery.file_above=3", NULL }));
    CHECK(mkdir(home_path(&s.home, "run"), 0700) == 0);
    clock_fake(1000000000);
    CHECK_OK(blobs_open(s.home.store, home_path(&s.home, "blobs"), 1 << 20, &s.blobs));
    CHECK_OK(deliver_start(s.home.store));
    deliver_use_blobs(s.blobs);
    return s;
}

static str long_text(struct arena *a, size_t paragraphs)
{
    CLEANUP(buf_done) struct buf b = {0};

    for (size_t i = 0; i < paragraphs; i++)
        buf_addf(&b, "%sParagraph %zu has some ten words, which makes a line of it.", i ? "\n\n" : "", i);
    return arena_str(a, buf_str(&b));
}

#define PUBLIC "server.public_url=https://bot.example.org/"
#define HIDDEN "server.public_url="

TEST(a_reply_of_too_many_pieces_is_its_beginning_and_a_file)
{
    static const struct { const char *set; unsigned files; size_t file_max, paragraphs, rows; bool file; } cases[] = {
        { HIDDEN, 1, 0, 1, 1, false }, { HIDDEN, 1, 0, 18, 2, false }, { HIDDEN, 1, 0, 60, 2, true }, { HIDDEN, 1, 100, 60, 6, false },
        { PUBLIC, 1, 100, 60, 2, true }, { PUBLIC, 0, 0, 60, 2, true }, { HIDDEN, 0, 0, 60, 6, false },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(scene_done) struct scene s = scene_new(cases[i].set);
        struct channel c = { .name = "fake", .text_max = 700, .markup = MARKUP_SLACK, .encode = encode_nothing, .files = cases[i].files & 1,
                             .file_max = cases[i].file_max };
        CLEANUP(json_decrefp) json_t *second = NULL;
        struct reply_rows rows;

        CHECK_OK(reply_rows_make(s.home.arena, &c, long_text(s.home.arena, cases[i].paragraphs), false, &rows));
        CHECK_INT(rows.n, cases[i].rows);
        CHECK(str_find(rows.body[0], S("Paragraph 0 ")) != STR_NONE);
        CHECK_INT(str_find(rows.body[0], S("in the file reply.md")) != STR_NONE, cases[i].file);
        if (rows.n < 2)
            continue;
        CHECK_OK(json_parse(rows.body[rows.n - 1], &second));
        CHECK_INT(json_text_str(second, "blob").len > 0, cases[i].file);
        CHECK(str_find(json_text_str(second, "text"), S("Paragraph 17 ")) != STR_NONE || rows.n > 2);
    }
}

static bool takes_pictures(str chat_id UNUSED, str name UNUSED, str mime)
{
    return str_starts(mime, S("image/"));
}

TEST(never_and_nowhere_mean_pieces)
{
    CLEANUP(scene_done) struct scene s = scene_new(HIDDEN);
    struct channel c = { .name = "fake", .text_max = 700, .markup = MARKUP_PLAIN, .encode = encode_nothing, .files = 1 };
    struct channel fetched = { .name = "rest", .text_max = 100 };
    str text = long_text(s.home.arena, 60);
    struct reply_rows rows;

    CHECK_OK(reply_rows_make(s.home.arena, &fetched, text, false, &rows));
    CHECK_INT(rows.n, 1);
    CHECK_OK(reply_rows_make(s.home.arena, NULL, text, false, &rows));
    CHECK_INT(rows.n, 1);
    deliver_use_blobs(NULL);
    CHECK_OK(reply_rows_make(s.home.arena, &c, text, false, &rows));
    CHECK_INT(rows.n, 6);
    deliver_use_blobs(s.blobs);
    c.takes_file = takes_pictures;
    CHECK_OK(reply_rows_make(s.home.arena, &c, text, false, &rows));
    CHECK_INT(rows.n, 6);
    c.takes_file = NULL;
    CHECK_OK(config_load_for_test(s.home.folder, (const char *const[]){ "delivery.file_above=0", NULL }));
    CHECK_OK(reply_rows_make(s.home.arena, &c, text, false, &rows));
    CHECK_INT(rows.n, 6);
}

TEST(a_link_is_good_until_its_end_and_for_its_file_alone)
{
    CLEANUP(scene_done) struct scene s = scene_new(PUBLIC);
    struct arena *a = s.home.arena;
    char hash[BLOB_HASH_SIZE];
    struct blob blob = { .hash = S("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") };
    str link = file_link(a, &blob), token = link;

    CHECK(str_eat(&token, S("https://bot.example.org/files/")));
    CHECK_OK(file_link_read(token, hash));
    CHECK_STR(str_from(hash), "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    for (size_t i = 0; i + 1 < token.len; i++) {        /* the last character holds bits that mean nothing */
        char *other = arena_c(a, token);

        other[i] = other[i] == 'A' ? 'B' : 'A';
        CHECK_ERR(file_link_read(str_from(other), hash), ERR_NOT_FOUND);
    }
    CHECK_ERR(file_link_read(S(""), hash), ERR_NOT_FOUND);
    CHECK_ERR(file_link_read(S("../etc/passwd"), hash), ERR_NOT_FOUND);
    CHECK_OK(file_links_open(s.home.store));            /* the key is kept */
    CHECK_OK(file_link_read(token, hash));
    clock_advance(7 * 24 * 3600 * UINT64_C(1000) - 2000);
    CHECK_OK(file_link_read(token, hash));
    clock_advance(5000);
    CHECK_ERR(file_link_read(token, hash), ERR_NOT_FOUND);
    blob.expires_at = clock_wall_ms() + 10000;
    token = str_skip(file_link(a, &blob), strlen("https://bot.example.org/files/"));
    CHECK_OK(file_link_read(token, hash));
    clock_advance(12000);
    CHECK_ERR(file_link_read(token, hash), ERR_NOT_FOUND);
}
