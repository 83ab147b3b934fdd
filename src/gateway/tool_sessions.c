// SPDX-License-Identifier: Apache-2.0
/* tool_sessions.c: conversations, to be looked at.  The owner sees all; everybody else those in which nobody but they
 * wrote, and the one they ask from. */
#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "base/utf8.h"
#include "gateway/access.h"
#include "gateway/tool_host.h"
#include "tool/file_job.h"

enum { LISTED = 30, LOOKED_AT = 1000, TEXT_MAX = 4000, ALL_MAX = 64 << 10, NAME_MAX_BYTES = 80 };

struct look {
    const struct tool_context *cx;
    struct gateway *gateway;
    struct buf      text;
    str             other;      /* somebody else whose words are shown; "": nobody */
    size_t          n_others;
};

/* A message without a sender is what the assistant sent by itself. */
static bool is_own(const struct look *l, str platform, str user_id)
{
    struct person p = access_person(l->gateway->access, platform, user_id);

    return user_id.len == 0 || (str_eq(p.id, l->cx->person.id) && p.role.len);
}

static void note_words_of(struct look *l, str platform, str user_id, str name)
{
    if (is_own(l, platform, user_id))
        return;
    if (l->n_others == 0)
        l->other = name;
    if (l->n_others == 0 || !str_eq(l->other, name))
        l->n_others++;
}

static str taint_of(const struct look *l)
{
    if (l->n_others == 0)
        return S("");
    return str_from(arena_printf(l->cx->arena, "messages of %.*s%s", STR(l->other), l->n_others > 1 ? " and others" : ""));
}

/* On one line. */
static void add_line(struct buf *b, str text, size_t max)
{
    CLEANUP(buf_done) struct buf clean = { 0 };
    str cut = utf8_take(text, max);

    utf8_add_repaired(&clean, cut);
    for (size_t i = 0; i < clean.len; i++)
        if ((unsigned char)clean.p[i] < ' ')
            clean.p[i] = ' ';
    buf_add(b, buf_str(&clean));
    if (cut.len < text.len)
        buf_add(b, S("…"));
}

/* Lines after the first are indented: no text can pass for another message. */
static void add_words(struct buf *b, str text)
{
    CLEANUP(buf_done) struct buf clean = { 0 };
    str cut = utf8_take(text, TEXT_MAX), line;
    bool first = true;

    utf8_add_repaired(&clean, cut);
    for (size_t i = 0; i < clean.len; i++)
        if (clean.p[i] == '\r')
            clean.p[i] = '\n';
    for (str rest = buf_str(&clean); str_split(&rest, '\n', &line); first = false)
        buf_addf(b, "%s%.*s\n", first ? "" : "    ", STR(line));
    if (cut.len < text.len)
        buf_addf(b, "    [cut: %zu bytes in all]\n", text.len);
}

static const char *minute(char out[TIME_TEXT_SIZE], int64_t ms)
{
    time_text(out, ms);
    out[16] = 'Z';
    out[17] = '\0';
    return out;
}

/* ---- the list ---- */

/* tool.sessions: 0 id, 1 platform, 2 chat, 3 thread, 4 title, 5 updated, 6 last text, 7 and 8 the senders first and
 * last by name, 9 messages */
static bool may_see(const struct look *l, const struct rows *r, size_t i)
{
    if (person_is_owner(&l->cx->person) || str_eq(row_str(r, i, 0), l->cx->session_id))
        return true;
    return row_str(r, i, 7).len && str_eq(row_str(r, i, 7), row_str(r, i, 8)) && is_own(l, row_str(r, i, 1), row_str(r, i, 7));
}

static void add_session(struct look *l, const struct rows *r, size_t i)
{
    char when[TIME_TEXT_SIZE];
    str title = row_str(r, i, 4), thread = row_str(r, i, 3);

    buf_addf(&l->text, "%.*s  %.*s", STR(row_str(r, i, 0)), STR(row_str(r, i, 1)));
    if (!str_eq(row_str(r, i, 2), row_str(r, i, 0))) {      /* on surfaces of ours they are the same */
        buf_add(&l->text, S(" chat "));
        add_line(&l->text, row_str(r, i, 2), NAME_MAX_BYTES);
    }
    if (thread.len) {
        buf_add(&l->text, S(" thread "));
        add_line(&l->text, thread, NAME_MAX_BYTES);
    }
    buf_addf(&l->text, "  %s, %" PRId64 " messages%s  \"", minute(when, row_int(r, i, 5)), row_int(r, i, 9),
             str_eq(row_str(r, i, 0), l->cx->session_id) ? " (this conversation)" : "");
    add_line(&l->text, title.len ? title : row_str(r, i, 6), NAME_MAX_BYTES);
    buf_add(&l->text, S("\"\n"));
    for (size_t k = 7; k <= 8; k++)
        note_words_of(l, row_str(r, i, 1), row_str(r, i, k), row_str(r, i, k));
}

static enum err list(struct look *l, const json_t *arguments, struct tool_result *out) AWAITS
{
    bool owner = person_is_owner(&l->cx->person);
    int64_t from = json_int(arguments, "offset", 1) - 1, seen = 0, skipped = owner ? from : 0;
    struct rows r;

    TRY(store_read(l->gateway->store, l->cx->arena, &r, "tool.sessions", "sii", json_text_str(arguments, "platform"),
                   owner ? (int64_t)LISTED + 1 : (int64_t)LOOKED_AT, skipped));
    for (size_t i = 0; i < r.n && seen <= from - skipped + LISTED; i++) {
        if (!may_see(l, &r, i) || seen++ < from - skipped)
            continue;
        if (seen <= from - skipped + LISTED)
            add_session(l, &r, i);
    }
    if (seen > from - skipped + LISTED)
        buf_addf(&l->text, "[it goes on: offset=%" PRId64 "]", from + LISTED + 1);
    if (l->text.len == 0)
        buf_add(&l->text, from ? S("[no more conversations]") : S("[no conversation]"));
    *out = (struct tool_result){ .text = arena_str(l->cx->arena, buf_str(&l->text)), .taint = taint_of(l) };
    return OK;
}

/* ---- one conversation ---- */

static void add_reply(struct look *l, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j))
        return;
    buf_add(&l->text, S("  assistant: "));
    add_words(&l->text, json_text_str(j, "text"));
}

/* tool.session_messages, newest first: 0 inbox id, 1 sender, 2 sender's name, 3 text, 4 time, 5 state, 6 reply */
static void add_message(struct look *l, str platform, const struct rows *r, size_t i)
{
    str user = row_str(r, i, 1), name = row_str(r, i, 2).len ? row_str(r, i, 2) : user;
    char when[TIME_TEXT_SIZE];

    if (i + 1 == r->n || row_int(r, i, 0) != row_int(r, i + 1, 0)) {
        buf_addf(&l->text, "%s", minute(when, row_int(r, i, 4)));
        if (user.len) {
            buf_add_char(&l->text, ' ');
            add_line(&l->text, name, NAME_MAX_BYTES);
            buf_add(&l->text, S(": "));
            add_words(&l->text, row_str(r, i, 3));
        } else {
            buf_add_char(&l->text, '\n');
        }
        if (!str_eq(row_str(r, i, 5), S("done")))
            buf_addf(&l->text, "  [%.*s]\n", STR(row_str(r, i, 5)));
        note_words_of(l, platform, user, name);
    }
    if (!row_null(r, i, 6))
        add_reply(l, row_str(r, i, 6));
}

static enum err read_session(struct look *l, str id, int64_t limit, struct tool_result *out) AWAITS
{
    struct batch *b = batch_new(l->cx->arena);

    batch_add(b, "tool.session", "s", id);
    batch_add(b, "tool.session_messages", "si", id, limit);
    TRY(store_query(l->gateway->store, b));
    const struct rows *session = batch_rows(b, 0), *r = batch_rows(b, 1);

    if (session->n == 0 || !may_see(l, session, 0)) {
        *out = tool_refusal(l->cx, "there is no conversation \"%.*s\" that %s may read", STR(str_take(id, 60)),
                            person_is_owner(&l->cx->person) ? "you" : "this person");
        return OK;
    }
    l->text.max = ALL_MAX;
    for (size_t i = r->n; i-- > 0; ) {
        TRY(fiber_yield());     /* a long text is milliseconds of work */
        add_message(l, row_str(session, 0, 1), r, i);
    }
    if (r->n == 0)
        buf_add(&l->text, S("[nothing was said yet]"));
    str text = utf8_take(buf_str(&l->text), ALL_MAX - 100);

    if (text.len < l->text.len)
        text = str_from(arena_printf(l->cx->arena, "%.*s\n[cut: ask for fewer messages]", STR(text)));
    *out = (struct tool_result){ .text = arena_str(l->cx->arena, text), .taint = taint_of(l) };
    return OK;
}

static enum err sessions_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct look l = { .cx = cx, .gateway = cx->host->gateway };
    str id = json_text_str(arguments, "session");
    enum err e;

    if (id.len)
        e = read_session(&l, id, json_int(arguments, "messages", 20), out);
    else
        e = list(&l, arguments, out);
    buf_done(&l.text);
    return e;
}

const struct tool tool_sessions = {
    .name = "sessions",
    .description = "Lists the conversations that the person you serve may see, the latest first, or shows the last messages of one.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"session\":{\"type\":\"string\",\"description\":\"Id of the conversation to read; "
              "the list of them if absent\"},"
              "\"messages\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,"
              "\"description\":\"How many of its messages, 20 if absent\"},"
              "\"platform\":{\"type\":\"string\",\"description\":\"List only this platform's, such as telegram\"},"
              "\"offset\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"First one to list, from 1\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = sessions_run,
};
