// SPDX-License-Identifier: Apache-2.0
#include "net/inflate.h"

#include <string.h>

#include <zlib.h>

#include "base/arena.h"
#include "base/test.h"

/* Two messages, each flushed, as one stream; *ret_first: how long the first is. */
static str squeeze(struct arena *a, str first, str second, size_t *ret_first)
{
    z_stream z = {0};
    size_t size = first.len + second.len + 200;
    unsigned char *out = arena_alloc(a, size);

    CHECK_INT(deflateInit(&z, 6), Z_OK);
    z.next_out = out;
    z.avail_out = (unsigned)size;
    for (int i = 0; i < 2; i++) {
        str in = i ? second : first;

        z.next_in = (unsigned char *)(uintptr_t)in.p;
        z.avail_in = (unsigned)in.len;
        CHECK_INT(deflate(&z, Z_SYNC_FLUSH), Z_OK);
        if (!i)
            *ret_first = size - z.avail_out;
    }
    deflateEnd(&z);
    return str_of(out, size - z.avail_out);
}

TEST(a_compressed_stream_does_not_depend_on_how_it_is_cut)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    size_t cut = 0;
    str squeezed = squeeze(a, S("{\"op\":10}"), S("{\"op\":11,\"op \":10}"), &cut);

    for (size_t piece = 1; piece <= squeezed.len; piece += 3) {
        CLEANUP(inflate_done) struct inflate z = {0};
        CLEANUP(buf_done) struct buf out = {0};

        for (str rest = squeezed; rest.len; rest = str_skip(rest, piece))
            CHECK_OK(inflate_feed(&z, str_take(rest, piece), &out));
        CHECK_STR(buf_str(&out), "{\"op\":10}{\"op\":11,\"op \":10}");
    }
    CLEANUP(inflate_done) struct inflate z = {0};
    CLEANUP(buf_done) struct buf out = {0};

    CHECK_OK(inflate_feed(&z, str_take(squeezed, cut), &out));
    CHECK_STR(buf_str(&out), "{\"op\":10}");
}

TEST(a_stream_gives_no_more_than_fits_and_nothing_from_rubbish)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(inflate_done) struct inflate z = {0}, other = {0};
    CLEANUP(buf_done) struct buf small = { .max = 1000 }, out = {0};
    char *zeros = arena_alloc(a, 100000);
    size_t cut;

    CHECK_ERR(inflate_feed(&z, squeeze(a, str_of(zeros, 100000), S("x"), &cut), &small), ERR_LIMIT);
    CHECK_ERR(inflate_feed(&other, S("plain words"), &out), ERR_INPUT);
}
