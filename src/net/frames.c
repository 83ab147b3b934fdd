// SPDX-License-Identifier: Apache-2.0
#include "net/frames.h"

#include <assert.h>

enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, CONTROL = 0x08, MASKED = 0x80, LENGTH = 0x7f, LENGTH_2 = 126, LENGTH_8 = 127 };

static enum frames_event refuse(struct frames *f, uint16_t code)
{
    f->code = code;
    return f->ended = FRAMES_REFUSED;
}

bool frames_code_ok(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/* --- the head, section 5.2 --- */

static unsigned length_size(const struct frames *f)
{
    unsigned n = f->head[1] & LENGTH;

    return n == LENGTH_2 ? 2 : n == LENGTH_8 ? 8 : 0;
}

static unsigned head_size(const struct frames *f)
{
    return f->head_len < 2 ? 2 : 2 + length_size(f) + (f->head[1] & MASKED ? 4 : 0);
}

static bool first_two_ok(const struct frames *f)
{
    unsigned opcode = f->head[0] & OPCODE;
    bool fin = f->head[0] & FIN;

    if (f->head[0] & RESERVED || !(f->head[1] & MASKED) != !f->masked)
        return false;
    switch (opcode) {
    case FRAME_TEXT:
    case FRAME_BINARY:
        return !f->in_message;
    case FRAME_MORE_OF_IT:
        return f->in_message;
    case FRAME_CLOSE:
    case FRAME_PING:
    case FRAME_PONG:
        return fin && (f->head[1] & LENGTH) <= FRAME_CONTROL_MAX;
    default:
        return false;
    }
}

static bool read_length(struct frames *f)
{
    unsigned size = length_size(f);
    uint64_t n = f->head[1] & LENGTH;

    if (size) {
        n = 0;
        for (unsigned i = 0; i < size; i++)
            n = n << 8 | f->head[2 + i];
    }
    f->left = n;
    return size == 0 || (size == 2 ? n >= 126 : n >= 65536 && n >> 63 == 0);    /* the shortest form is a must */
}

static enum frames_event begin_payload(struct frames *f)
{
    if (!read_length(f))
        return refuse(f, CLOSE_PROTOCOL);
    f->opcode = f->head[0] & OPCODE;
    f->mask_at = 0;
    if (f->opcode & CONTROL) {
        buf_clear(&f->control);
        return FRAMES_MORE;
    }
    if (!f->in_message) {
        f->type = f->opcode;
        f->utf8 = (struct utf8_stream){ 0 };
        f->in_message = true;
        f->message.max = f->max_message;
    }
    if (f->left > f->max_message - f->message.len)
        return refuse(f, CLOSE_TOO_BIG);
    return FRAMES_MORE;
}

/* --- the payload --- */

static enum frames_event end_close(struct frames *f)
{
    str s = buf_str(&f->control);

    if (s.len == 1)
        return refuse(f, CLOSE_PROTOCOL);
    unsigned code = s.len ? (unsigned)(unsigned char)s.p[0] << 8 | (unsigned char)s.p[1] : CLOSE_NO_CODE;

    if (s.len && !frames_code_ok(code))
        return refuse(f, CLOSE_PROTOCOL);
    if (!utf8_valid(str_skip(s, 2)))
        return refuse(f, CLOSE_BAD_DATA);
    if (s.len)
        buf_drop(&f->control, 2);
    f->code = (uint16_t)code;
    return f->ended = FRAMES_CLOSE;
}

static enum frames_event end_frame(struct frames *f)
{
    bool fin = f->head[0] & FIN;

    f->head_len = 0;
    switch (f->opcode) {
    case FRAME_CLOSE: return end_close(f);
    case FRAME_PING:  return FRAMES_PING;
    case FRAME_PONG:  return FRAMES_PONG;
    default:          break;
    }
    if (!fin)
        return FRAMES_MORE;
    if (f->type == FRAME_TEXT && !utf8_feed_ended(&f->utf8))
        return refuse(f, CLOSE_BAD_DATA);
    f->in_message = false;
    f->given = true;
    return FRAMES_MESSAGE;
}

static void unmask(struct frames *f, char *to, str from)
{
    static const unsigned char none[4];
    const unsigned char *mask = f->masked ? f->head + f->head_len - 4 : none;

    for (size_t i = 0; i < from.len; i++)
        to[i] = (char)(from.p[i] ^ mask[f->mask_at++ & 3]);
}

static enum frames_event take_payload(struct frames *f, str *in)
{
    struct buf *to = f->opcode & CONTROL ? &f->control : &f->message;
    str piece = f->left < in->len ? str_take(*in, (size_t)f->left) : *in;
    size_t room;

    if (piece.len) {
        char *p = buf_room(to, piece.len, &room);

        assert(room == piece.len);      /* the head was checked against the limits */
        unmask(f, p, piece);
        buf_grown(to, piece.len);
        if (to == &f->message && f->type == FRAME_TEXT && !utf8_feed(&f->utf8, str_of(p, piece.len)))
            return refuse(f, CLOSE_BAD_DATA);
        *in = str_skip(*in, piece.len);
        f->left -= piece.len;
    }
    return f->left ? FRAMES_MORE : end_frame(f);
}

static enum frames_event take_head(struct frames *f, str *in)
{
    f->head[f->head_len++] = (unsigned char)in->p[0];
    *in = str_skip(*in, 1);
    if (f->head_len == 2 && !first_two_ok(f))
        return refuse(f, CLOSE_PROTOCOL);
    if (f->head_len < head_size(f))
        return FRAMES_MORE;
    enum frames_event e = begin_payload(f);

    return e || f->left ? e : end_frame(f);
}

enum frames_event frames_feed(struct frames *f, str bytes, size_t *ret_used)
{
    size_t len = bytes.len;
    enum frames_event e = f->ended;

    if (f->given && len) {
        f->given = false;
        buf_clear(&f->message);
    }
    while (e == FRAMES_MORE && bytes.len)
        e = f->head_len < head_size(f) ? take_head(f, &bytes) : take_payload(f, &bytes);
    *ret_used = len - bytes.len;
    return e;
}

void frames_trim(struct frames *f)
{
    if (!f->in_message) {
        f->given = false;
        buf_done(&f->message);
    }
    if (f->head_len == 0 && !f->ended)
        buf_done(&f->control);
}

void frames_done(struct frames *f)
{
    buf_done(&f->message);
    buf_done(&f->control);
}

/* --- writing --- */

static void add_head(struct buf *out, unsigned opcode, uint64_t n, unsigned mask_bit)
{
    char head[10] = { (char)(FIN | opcode) };
    size_t len = 2;

    if (n < LENGTH_2) {
        head[1] = (char)(mask_bit | (unsigned)n);
    } else {
        size_t size = n < 65536 ? 2 : 8;

        head[1] = (char)(mask_bit | (size == 2 ? LENGTH_2 : LENGTH_8));
        for (size_t i = 0; i < size; i++)
            head[2 + i] = (char)(n >> 8 * (size - 1 - i));
        len += size;
    }
    buf_add(out, str_of(head, len));
}

void frames_add_head(struct buf *out, unsigned opcode, uint64_t length)
{
    add_head(out, opcode, length, 0);
}

void frames_add(struct buf *out, unsigned opcode, str payload, const unsigned char *mask)
{
    size_t room;

    assert(!(opcode & CONTROL) || payload.len <= FRAME_CONTROL_MAX);
    add_head(out, opcode, payload.len, mask ? MASKED : 0);
    if (mask == NULL) {
        buf_add(out, payload);
        return;
    }
    buf_add(out, str_of(mask, 4));
    if (payload.len == 0)
        return;
    char *p = buf_room(out, payload.len, &room);

    assert(room == payload.len);
    for (size_t i = 0; i < payload.len; i++)
        p[i] = (char)(payload.p[i] ^ mask[i & 3]);
    buf_grown(out, payload.len);
}
