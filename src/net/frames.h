// SPDX-License-Identifier: Apache-2.0
/* frames.h: RFC 6455 frames as a push parser, and their writing.  No I/O; however the bytes are cut, the outcome is
 * the same.  Fragments are joined, control frames between them handed out at once.
 *
 * Not libwslay: its 1.1 checks the UTF-8 of a close frame's reason anew in each piece that arrives, takes a close
 * frame of one byte, and holds 8 KiB for every connection that says nothing. */
#pragma once
#include "base/buf.h"
#include "base/utf8.h"

enum {
    FRAME_MORE_OF_IT = 0, FRAME_TEXT = 1, FRAME_BINARY = 2, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10,
    FRAME_HEAD_MAX = 14, FRAME_CONTROL_MAX = 125,
    CLOSE_NORMAL = 1000, CLOSE_GOING_AWAY = 1001, CLOSE_PROTOCOL = 1002, CLOSE_NO_CODE = 1005, CLOSE_ABNORMAL = 1006,
    CLOSE_BAD_DATA = 1007, CLOSE_TOO_BIG = 1009,
};

enum frames_event {
    FRAMES_MORE,        /* every byte is taken; feed more */
    FRAMES_MESSAGE,     /* `type` and `message`, until the next feed */
    FRAMES_PING,        /* `control` is to go back in a pong */
    FRAMES_PONG,
    FRAMES_CLOSE,       /* `code` (1005: none was given) and `control`, the reason; nothing is taken any more */
    FRAMES_REFUSED,     /* close with `code`; nothing is taken any more */
};

struct frames {
    bool        masked;         /* what comes must be masked, as from clients; else it must not */
    size_t      max_message;    /* more is refused with 1009 */

    unsigned    type;           /* FRAME_TEXT or FRAME_BINARY */
    struct buf  message, control;
    uint16_t    code;

    unsigned char head[FRAME_HEAD_MAX]; /* private from here */
    unsigned    head_len, opcode;
    uint64_t    left, mask_at;
    struct utf8_stream utf8;
    bool        in_message, given;
    enum frames_event ended;    /* FRAMES_CLOSE or FRAMES_REFUSED, or 0 */
};

enum frames_event frames_feed(struct frames *, str bytes, size_t *ret_used);
void frames_trim(struct frames *);      /* frees what an idle connection does not need; a message given out is gone */
void frames_done(struct frames *);

/* One whole frame, masked when `mask` (4 bytes) is not NULL.  Control frames: at most FRAME_CONTROL_MAX bytes. */
void frames_add(struct buf *out, unsigned opcode, str payload, const unsigned char *mask);
void frames_add_head(struct buf *out, unsigned opcode, uint64_t length);   /* of an unmasked one */
bool frames_code_ok(unsigned code);     /* may stand in a close frame, section 7.4 */
