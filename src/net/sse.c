// SPDX-License-Identifier: Apache-2.0
#include "net/sse.h"

static void add_field(struct sse *s, str name, str value)
{
    uint64_t ms;

    if (str_eq(name, S("data"))) {
        buf_add(&s->data, value);
        buf_add_char(&s->data, '\n');
    } else if (str_eq(name, S("event"))) {
        buf_clear(&s->name);
        buf_add(&s->name, value);
    } else if (str_eq(name, S("id"))) {
        if (str_find_char(value, '\0') == STR_NONE) {
            buf_clear(&s->id);
            buf_add(&s->id, value);
        }
    } else if (str_eq(name, S("retry"))) {
        if (str_u64(value, &ms) == OK)
            s->retry_ms = ms;
    }
}

static enum err dispatch(struct sse *s)
{
    enum err e = OK;

    if (s->data.len) {
        const struct sse_event ev = {
            .name = buf_str(&s->name), .data = str_take(buf_str(&s->data), s->data.len - 1), .id = buf_str(&s->id),
        };

        e = s->on_event(s->arg, &ev);
    }
    buf_clear(&s->data);
    buf_clear(&s->name);
    return e;
}

static enum err take_line(struct sse *s, str line)
{
    if (!s->begun)
        str_eat(&line, S("\xEF\xBB\xBF"));
    s->begun = true;
    if (line.len == 0)
        return dispatch(s);

    size_t colon = str_find_char(line, ':');
    str value = NO_STR;

    if (colon != STR_NONE) {
        value = str_skip(line, colon + 1);
        str_eat(&value, S(" "));
    }
    add_field(s, str_take(line, colon), value);     /* a comment has the empty name, which is no field */
    if (s->data.len > SSE_DATA_MAX)
        return failed(ERR_LIMIT, "an event of the stream is longer than %d bytes", SSE_DATA_MAX);
    return OK;
}

/* Where the line at the start of s ends, or STR_NONE. */
static size_t line_end(str s)
{
    size_t lf = str_find_char(s, '\n');
    size_t cr = str_find_char(str_take(s, lf), '\r');

    return cr != STR_NONE ? cr : lf;
}

enum err sse_feed(struct sse *s, str bytes)
{
    /* The CR of a CRLF that was cut in two ended the line already. */
    if (s->after_cr && bytes.len) {
        str_eat(&bytes, S("\n"));
        s->after_cr = false;
    }
    while (bytes.len) {
        size_t end = line_end(bytes);
        str piece = str_take(bytes, end);

        if (s->line.len + piece.len > SSE_LINE_MAX)
            return failed(ERR_LIMIT, "a line of the event stream is longer than %d bytes", SSE_LINE_MAX);
        if (end == STR_NONE || s->line.len)
            buf_add(&s->line, piece);
        if (end == STR_NONE)
            return OK;

        bool cr = bytes.p[end] == '\r';

        bytes = str_skip(bytes, end + 1);
        if (cr && !str_eat(&bytes, S("\n")))
            s->after_cr = bytes.len == 0;
        TRY(take_line(s, s->line.len ? buf_str(&s->line) : piece));
        buf_clear(&s->line);
    }
    return OK;
}

void sse_done(struct sse *s)
{
    buf_done(&s->line);
    buf_done(&s->name);
    buf_done(&s->data);
    buf_done(&s->id);
}
