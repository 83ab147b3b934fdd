// SPDX-License-Identifier: Apache-2.0
#include "net/frames.h"

#include "base/test.h"

enum { MESSAGE_MAX = 70000 };

static void show(struct buf *out, enum frames_event e, const struct frames *f)
{
    str message = buf_str(&f->message), control = buf_str(&f->control);

    switch (e) {
    case FRAMES_MORE:    break;
    case FRAMES_MESSAGE: buf_addf(out, "%s %zu %.*s;", f->type == FRAME_TEXT ? "text" : "binary", message.len,
                                  STR(str_take(message, 20))); break;
    case FRAMES_PING:    buf_addf(out, "ping %.*s;", STR(control)); break;
    case FRAMES_PONG:    buf_addf(out, "pong %.*s;", STR(control)); break;
    case FRAMES_CLOSE:   buf_addf(out, "close %u %.*s;", (unsigned)f->code, STR(control)); break;
    case FRAMES_REFUSED: buf_addf(out, "refused %u;", (unsigned)f->code); break;
    }
}

static bool feed(struct frames *f, str bytes, struct buf *out)
{
    while (bytes.len) {
        size_t used;
        enum frames_event e = frames_feed(f, bytes, &used);

        bytes = str_skip(bytes, used);
        show(out, e, f);
        if (e == FRAMES_CLOSE || e == FRAMES_REFUSED)
            return false;
    }
    return true;
}

static void check_cut(str in, size_t cut, bool masked, const char *want)
{
    CLEANUP(frames_done) struct frames f = { .masked = masked, .max_message = MESSAGE_MAX };
    CLEANUP(buf_done) struct buf got = { 0 };

    if (feed(&f, str_take(in, cut), &got))
        feed(&f, str_skip(in, cut), &got);
    CHECK_STR(buf_str(&got), want);
}

static void check(str in, bool masked, const char *want)
{
    CLEANUP(frames_done) struct frames f = { .masked = masked, .max_message = MESSAGE_MAX };
    CLEANUP(buf_done) struct buf got = { 0 };

    for (size_t cut = 0; cut <= in.len; cut++)
        check_cut(in, cut, masked, want);
    for (size_t i = 0; i < in.len && feed(&f, str_cut(in, i, i + 1), &got); i++)
        ;
    CHECK_STR(buf_str(&got), want);
}

#define IN(literal) { "" literal, sizeof(literal) - 1 }

/* Unmasked, as a server sends. */
TEST(frames_are_read_the_same_wherever_they_are_cut)
{
    static const struct { str in; const char *want; } facts[] = {
        { IN("\x81\x05hello"), "text 5 hello;" },
        { IN("\x81\x00"), "text 0 ;" },
        { IN("\x82\x03\x01\xff\x02"), "binary 3 \x01\xff\x02;" },
        { IN("\x01\x03hel\x80\x02lo"), "text 5 hello;" },
        { IN("\x01\x00\x00\x00\x80\x00"), "text 0 ;" },
        { IN("\x01\x03hel\x89\x02hi\x00\x01l\x8a\x00\x80\x01o\x81\x01!"), "ping hi;pong ;text 5 hello;text 1 !;" },
        { IN("\x01\x01\xc3\x80\x01\xa4"), "text 2 \xc3\xa4;" },
        { IN("\x89\x00\x8a\x01x"), "ping ;pong x;" },
        { IN("\x88\x00"), "close 1005 ;" },
        { IN("\x88\x02\x03\xe8"), "close 1000 ;" },
        { IN("\x88\x05\x03\xe9" "bye"), "close 1001 bye;" },
        { IN("\x88\x04\x03\xe8\xc3\xa4"), "close 1000 \xc3\xa4;" },
        { IN("\x88\x02\x13\x87\x81\x01x"), "close 4999 ;" },
    };
    for (size_t i = 0; i < N_ELEMENTS(facts); i++)
        check(facts[i].in, false, facts[i].want);
}

TEST(broken_frames_are_refused_with_the_right_code)
{
    static const struct { str in; const char *want; } facts[] = {
        { IN("\xc1\x00"), "refused 1002;" },                    /* reserved bits */
        { IN("\xa1\x00"), "refused 1002;" },
        { IN("\x91\x00"), "refused 1002;" },
        { IN("\x83\x00"), "refused 1002;" },                    /* reserved opcodes */
        { IN("\x8b\x00"), "refused 1002;" },
        { IN("\x81\x80" "abcd"), "refused 1002;" },             /* masked by a server */
        { IN("\x80\x00"), "refused 1002;" },                    /* nothing to continue */
        { IN("\x01\x00\x81\x00"), "refused 1002;" },            /* a message inside a message */
        { IN("\x09\x00"), "refused 1002;" },                    /* a control frame in fragments */
        { IN("\x89\x7e\x00\x7e"), "refused 1002;" },            /* a long one */
        { IN("\x82\x7e\x00\x7d"), "refused 1002;" },            /* a length not in its shortest form */
        { IN("\x82\x7f\0\0\0\0\0\0\xff\xff"), "refused 1002;" },
        { IN("\x82\x7f\x80\0\0\0\0\0\0\0"), "refused 1002;" },
        { IN("\x82\x7f\0\0\0\0\0\1\x11\x71"), "refused 1009;" },    /* 70001 */
        { IN("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), "refused 1009;" },
        { IN("\x81\x01\xff"), "refused 1007;" },
        { IN("\x81\x02\xc3" "x"), "refused 1007;" },
        { IN("\x81\x01\xc3"), "refused 1007;" },                /* ends inside a character */
        { IN("\x01\x01\xc3\x80\x00"), "refused 1007;" },
        { IN("\x01\x01\xc3\x89\x00\x80\x01x"), "ping ;refused 1007;" },
        { IN("\x81\x03\xed\xa0\x80"), "refused 1007;" },        /* a surrogate */
        { IN("\x81\x7e\x10\x00\xff"), "refused 1007;" },        /* at once, not after 4096 bytes */
        { IN("\x88\x01x"), "refused 1002;" },
        { IN("\x88\x02\x03\xe7"), "refused 1002;" },            /* 999 */
        { IN("\x88\x02\x03\xec"), "refused 1002;" },            /* 1004 */
        { IN("\x88\x02\x03\xed"), "refused 1002;" },            /* 1005 */
        { IN("\x88\x02\x03\xee"), "refused 1002;" },            /* 1006 */
        { IN("\x88\x02\x03\xf7"), "refused 1002;" },            /* 1015 */
        { IN("\x88\x02\x07\xd0"), "refused 1002;" },            /* 2000 */
        { IN("\x88\x02\x13\x88"), "refused 1002;" },            /* 5000 */
        { IN("\x88\x03\x03\xe8\xff"), "refused 1007;" },
        { IN("\x88\x03\x03\xe8\xc3"), "refused 1007;" },
    };
    for (size_t i = 0; i < N_ELEMENTS(facts); i++)
        check(facts[i].in, false, facts[i].want);
}

TEST(a_server_wants_masks)
{
    check((str)IN("\x81\x85\x01\x02\x03\x04igoh\x6e"), true, "text 5 hello;");
    check((str)IN("\x81\x05hello"), true, "refused 1002;");
    check((str)IN("\x81\x80\x01\x02\x03\x04"), true, "text 0 ;");
}

TEST(frames_of_every_length_survive_a_round_trip)
{
    static const size_t sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, MESSAGE_MAX };
    static const unsigned char mask[4] = { 1, 0x80, 0xff, 7 };

    for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
        for (int masked = 0; masked <= 1; masked++) {
            CLEANUP(buf_done) struct buf payload = { 0 }, frame = { 0 };
            char want[64];

            while (payload.len < sizes[i])
                buf_add_char(&payload, 'x');
            frames_add(&frame, FRAME_TEXT, buf_str(&payload), masked ? mask : NULL);
            snprintf(want, sizeof want, "text %zu %.*s;", sizes[i], (int)(sizes[i] < 20 ? sizes[i] : 20), buf_c(&payload));
            for (size_t cut = 0; cut <= frame.len; cut += cut < 20 ? 1 : 9973)
                check_cut(buf_str(&frame), cut, masked, want);
        }
    }
}

TEST(fragments_together_may_not_pass_the_limit)
{
    CLEANUP(buf_done) struct buf in = { 0 };

    for (int i = 0; i < 8; i++) {
        buf_add(&in, i == 0 ? S("\x02\x7e\x22\x2e") : S("\x00\x7e\x22\x2e"));   /* 8750 bytes each: 70000 in all */
        for (int j = 0; j < 8750; j++)
            buf_add_char(&in, 'x');
    }
    buf_add(&in, S("\x80\x00"));
    check_cut(buf_str(&in), 30000, false, "binary 70000 xxxxxxxxxxxxxxxxxxxx;");
    buf_cut(&in, in.len - 2);
    buf_add(&in, S("\x80\x01"));
    check_cut(buf_str(&in), 30000, false, "refused 1009;");
}
