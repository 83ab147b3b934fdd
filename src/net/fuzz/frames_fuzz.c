// SPDX-License-Identifier: Apache-2.0
/* Frames come out the same whole, byte by byte, and cut in pieces of a length the input chooses.  The first byte
 * says whether they are masked. */
#include <assert.h>

#include "net/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MESSAGE_MAX = 2000 };

static void show(struct buf *out, enum frames_event e, const struct frames *f)
{
    if (e == FRAMES_MORE)
        return;
    buf_addf(out, "%d:", e);
    if (e == FRAMES_MESSAGE) {
        assert(f->message.len <= MESSAGE_MAX && (f->type != FRAME_TEXT || utf8_valid(buf_str(&f->message))));
        buf_add(out, buf_str(&f->message));
    } else if (e == FRAMES_REFUSED) {
        assert(f->code == CLOSE_PROTOCOL || f->code == CLOSE_BAD_DATA || f->code == CLOSE_TOO_BIG);
        buf_addf(out, "%u", (unsigned)f->code);
    } else {
        assert(f->control.len <= FRAME_CONTROL_MAX);
        buf_add(out, buf_str(&f->control));
        if (e == FRAMES_CLOSE)
            assert(utf8_valid(buf_str(&f->control)) && (f->code == CLOSE_NO_CODE || frames_code_ok(f->code)));
    }
}

static void run(bool masked, str in, size_t piece, struct buf *out)
{
    CLEANUP(frames_done) struct frames f = { .masked = masked, .max_message = MESSAGE_MAX };

    while (in.len && !f.ended) {
        str bytes = str_take(in, piece);
        size_t used;
        enum frames_event e = frames_feed(&f, bytes, &used);

        assert(used <= bytes.len && (e != FRAMES_MORE || used == bytes.len));
        show(out, e, &f);
        in = str_skip(in, used);
        if (e == FRAMES_MESSAGE && piece == 1)
            frames_trim(&f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(buf_done) struct buf whole = { 0 }, bytes = { 0 }, pieces = { 0 };

    if (n == 0)
        return 0;
    bool masked = data[0] & 1;
    str in = str_of(data + 1, n - 1);

    run(masked, in, SIZE_MAX, &whole);
    run(masked, in, 1, &bytes);
    run(masked, in, 2 + data[n - 1] % 61, &pieces);
    assert(str_eq(buf_str(&whole), buf_str(&bytes)));
    assert(str_eq(buf_str(&whole), buf_str(&pieces)));
    return 0;
}
