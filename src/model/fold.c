// SPDX-License-Identifier: Apache-2.0
#include "model/fold.h"

#include "model/words.h"

/* Skips blanks and a byte order mark at the start of the answer, also when they come in pieces. */
static str skip_blanks(str bytes)
{
    while (bytes.len && (str_find_char(S(" \t\r\n\xEF\xBB\xBF"), bytes.p[0]) != STR_NONE))
        bytes = str_skip(bytes, 1);
    return bytes;
}

static void decide(struct fold *f, char first)
{
    if (f->provider->lines && first != '<')
        f->kind = FOLD_LINES;
    else
        f->kind = first == '{' || first == '[' || first == '<' ? FOLD_WHOLE : FOLD_EVENTS;
    f->whole.max = f->kind == FOLD_LINES ? FOLD_LINE_MAX : FOLD_WHOLE_MAX;
    f->sse = (struct sse){ .on_event = f->provider->event, .arg = f->completion };
}

/* What was collected, as one event. */
static enum err give_collected(struct fold *f)
{
    const struct sse_event ev = { .name = S(""), .data = str_trim(buf_str(&f->whole)), .id = S("") };

    return f->provider->event(f->completion, &ev);
}

static enum err end_line(struct fold *f)
{
    TRY(buf_check(&f->whole, "a line of the model's answer"));
    enum err e = str_trim(buf_str(&f->whole)).len && !f->completion->finished ? give_collected(f) : OK;

    buf_clear(&f->whole);
    return e;
}

static enum err feed_lines(struct fold *f, str bytes)
{
    for (size_t end; (end = str_find_char(bytes, '\n')) != STR_NONE; bytes = str_skip(bytes, end + 1)) {
        buf_add(&f->whole, str_take(bytes, end));
        TRY(end_line(f));
    }
    buf_add(&f->whole, bytes);
    return buf_check(&f->whole, "a line of the model's answer");
}

enum err fold_feed(struct fold *f, str bytes)
{
    if (f->kind == FOLD_UNKNOWN) {
        bytes = skip_blanks(bytes);
        if (bytes.len == 0)
            return OK;
        decide(f, bytes.p[0]);
    }
    if (f->kind != FOLD_WHOLE) {
        enum err e = f->kind == FOLD_LINES ? feed_lines(f, bytes) : sse_feed(&f->sse, bytes);

        return e == ERR_INPUT ? failed_in(ERR_REMOTE, "the stream makes no sense: ") : e;
    }
    buf_add(&f->whole, bytes);
    return buf_check(&f->whole, "the model's answer");
}

static enum err end_whole(struct fold *f)
{
    CLEANUP(buf_done) struct buf words = {0};
    str page = buf_str(&f->whole);

    if (str_starts(page, S("<"))) {
        words_of_page(&words, page);
        return failed(ERR_REMOTE, "a web page came instead of an answer (%s)", buf_c(&words));
    }
    enum err e = give_collected(f);

    return e == ERR_INPUT ? failed_in(ERR_NET, "the model's answer is cut off or damaged: ") : e;
}

enum err fold_end(struct fold *f, struct reply *out)
{
    if (f->kind == FOLD_UNKNOWN)
        return failed(ERR_NET, "the server closed without an answer");
    if (f->kind == FOLD_WHOLE) {
        TRY(end_whole(f));
    } else if (!f->completion->finished) {
        /* Some servers forget the blank line after the last event, or the end of the last line.  If what is left is only
         * half of it, that is no news: the completion has not ended either. */
        enum err e = f->kind == FOLD_LINES ? end_line(f) : sse_feed(&f->sse, S("\n\n"));

        if (e && e != ERR_INPUT)
            return e;
    }
    return completion_reply(f->completion, out);
}

void fold_done(struct fold *f)
{
    sse_done(&f->sse);
    buf_done(&f->whole);
}
