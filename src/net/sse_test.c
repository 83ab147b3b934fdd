// SPDX-License-Identifier: Apache-2.0
#include "net/sse.h"

#include "base/test.h"

static enum err collect(void *arg, const struct sse_event *ev)
{
    buf_addf(arg, "[%.*s|%.*s", STR(ev->name), STR(ev->data));
    if (ev->id.len)
        buf_addf(arg, "|%.*s", STR(ev->id));
    buf_add(arg, S("]"));
    return OK;
}

TEST(sse_events_do_not_depend_on_chunking)
{
    static const struct { const char *in, *want; } cases[] = {
        { "data: a\n\n",                                "[|a]"       },
        { "data: a\r\ndata: b\r\n\r\n",                 "[|a\nb]"    },
        { "data: a\rdata: b\r\rdata: c\r\r",            "[|a\nb][|c]" },
        { "data: a\r\n\rdata: b\n\r",                   "[|a][|b]"   },
        { "event: ping\n: note\ndata:\n\n",             "[ping|]"    },
        { "data\n\ndata\ndata\n\n",                     "[|][|\n]"   },
        { "data: never dispatched",                     ""           },
        { "data: never dispatched\n",                   ""           },
        { "event: no data\n\ndata: x\n\n",              "[|x]"       },
        { "event: a\nevent: b\ndata: x\n\n",            "[b|x]"      },
        { "\xEF\xBB\xBF" "data: bom\n\n",               "[|bom]"     },
        { "\xEF\xBB\xBF\n\ndata: bom\n\n",              "[|bom]"     },
        { "\n\xEF\xBB\xBF" "data: late bom\n\n",        ""           },
        { "\xEF\xBB" "data: half a bom\n\n",            ""           },
        { "data:no space\ndata:  two\n\n",              "[|no space\n two]" },
        { "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "[|a|1][|b|1][|c]" },
        { " data: not a field\nDATA: nor this\n\n",     ""           },
        { "data : nor this\nfoo: bar\n\n",              ""           },
        { ": comment\n:\n::\ndata: a:b: c\n\n",         "[|a:b: c]"  },
        { "data: \xE4\xBD\xA0\xE5\xA5\xBD\n\n",         "[|\xE4\xBD\xA0\xE5\xA5\xBD]" },
        { "\n\n\r\n\r\n\r\rdata: x\n\n\n\n",            "[|x]"       },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str in = str_from(cases[i].in);

        for (size_t cut = 0; cut <= in.len; cut++) {
            CLEANUP(buf_done) struct buf got = {0};
            CLEANUP(sse_done) struct sse p = { .on_event = collect, .arg = &got };

            CHECK_OK(sse_feed(&p, str_take(in, cut)));
            CHECK_OK(sse_feed(&p, str_skip(in, cut)));
            CHECK_STR(buf_str(&got), cases[i].want);
        }

        CLEANUP(buf_done) struct buf got = {0};
        CLEANUP(sse_done) struct sse p = { .on_event = collect, .arg = &got };

        for (size_t k = 0; k < in.len; k++)
            CHECK_OK(sse_feed(&p, str_cut(in, k, k + 1)));
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(sse_id_with_nul_is_ignored)
{
    CLEANUP(buf_done) struct buf got = {0};
    CLEANUP(sse_done) struct sse p = { .on_event = collect, .arg = &got };

    CHECK_OK(sse_feed(&p, S("id: 7\ndata: a\n\nid: 8\0x\ndata: b\n\n")));
    CHECK_STR(buf_str(&got), "[|a|7][|b|7]");
}

TEST(sse_retry_is_digits_only)
{
    static const struct { const char *in; uint64_t want; } cases[] = {
        { "retry: 1500\n", 1500 }, { "retry: 15s\n", 0 }, { "retry: -1\n", 0 }, { "retry\n", 0 }, { "retry: 1500", 0 },
        { "retry: 99999999999999999999\n", 0 }, { "retry: 5\nretry: x\n", 5 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(sse_done) struct sse p = { .on_event = collect };

        CHECK_OK(sse_feed(&p, str_from(cases[i].in)));
        CHECK_INT(p.retry_ms, cases[i].want);
    }
}

static enum err refuse(void *arg, const struct sse_event *ev)
{
    ++*(int *)arg;
    return failed(ERR_REMOTE, "%.*s", STR(ev->data));
}

TEST(sse_stops_at_the_first_error_of_its_reader)
{
    int n = 0;
    CLEANUP(sse_done) struct sse p = { .on_event = refuse, .arg = &n };

    CHECK_ERR(sse_feed(&p, S("data: a\n\ndata: b\n\n")), ERR_REMOTE);
    CHECK_STR(str_from(failed_text()), "a");
    CHECK_INT(n, 1);
}

static enum err feed_long(struct sse *p, str piece, size_t times)
{
    for (size_t i = 0; i < times; i++)
        TRY(sse_feed(p, piece));
    return OK;
}

TEST(sse_line_and_event_have_a_maximum)
{
    CLEANUP(buf_done) struct buf k64 = {0};
    CLEANUP(sse_done) struct sse line = { .on_event = collect }, event = { .on_event = collect };

    for (int i = 0; i < 65536; i++)
        buf_add_char(&k64, 'x');
    CHECK_OK(feed_long(&line, buf_str(&k64), SSE_LINE_MAX / 65536));
    CHECK_ERR(sse_feed(&line, S("x")), ERR_LIMIT);

    CLEANUP(buf_done) struct buf data = {0};

    buf_addf(&data, "data: %s\n", buf_c(&k64));
    CHECK_OK(feed_long(&event, buf_str(&data), SSE_DATA_MAX / 65537));
    CHECK_ERR(feed_long(&event, buf_str(&data), 2), ERR_LIMIT);
    sse_done(&event);
}
