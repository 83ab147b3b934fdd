// SPDX-License-Identifier: Apache-2.0
/* Slack's text: mrkdwn with <references>, and & < > as entities.  Times that are ids; signatures. */
#include <string.h>

#include "base/utf8.h"
#include "channel/slack.h"
#include "net/signature.h"

enum { SIGNATURE_AGE_MAX_MS = 5 * 60 * 1000, TS_SECONDS_MAX = 12, TS_FRACTION_MAX = 9 };

/* ---- text ---- */

static void add_decoded(struct buf *b, str text)
{
    static const struct { str entity; char c; } entities[] = { { { "&amp;", 5 }, '&' }, { { "&lt;", 4 }, '<' }, { { "&gt;", 4 }, '>' } };

    while (text.len) {
        size_t i = 0;

        while (i < N_ELEMENTS(entities) && !str_eat(&text, entities[i].entity))
            i++;
        buf_add_char(b, i < N_ELEMENTS(entities) ? entities[i].c : text.p[0]);
        text = str_skip(text, i < N_ELEMENTS(entities) ? 0 : 1);
    }
}

static void add_name(struct buf *b, char mark, str id, str label)
{
    str name = label.len ? label : id;

    if (name.len && name.p[0] == mark)
        name = str_skip(name, 1);
    buf_add_char(b, mark);
    add_decoded(b, name);
}

static void add_link(struct buf *b, str address, str label, bool in_code)
{
    if (!label.len || str_eq(label, address) || in_code) {
        add_decoded(b, in_code && label.len ? label : address);
        return;
    }
    buf_add_char(b, '[');
    add_decoded(b, label);
    buf_add(b, S("]("));
    add_decoded(b, address);
    buf_add_char(b, ')');
}

/* What stands between < and >: a person, a channel, a group, a date, a link. */
static void add_reference(struct buf *b, str inside, str user_id, bool in_code)
{
    size_t bar = str_find_char(inside, '|');
    str target = str_take(inside, bar), label = bar == STR_NONE ? S("") : str_skip(inside, bar + 1);

    if (str_eat(&target, S("@"))) {
        if (!user_id.len || !str_eq(target, user_id))
            add_name(b, '@', target, label);
    } else if (str_eat(&target, S("#"))) {
        add_name(b, '#', target, label);
    } else if (str_eat(&target, S("!date"))) {
        add_decoded(b, label);
    } else if (str_eat(&target, S("!"))) {
        add_name(b, '@', target, label);
    } else {
        add_link(b, target, label, in_code);
    }
}

static size_t ticks(str s)
{
    size_t n = 0;

    while (n < s.len && s.p[n] == '`')
        n++;
    return n;
}

str slack_text(struct arena *a, str text, str user_id)
{
    CLEANUP(buf_done) struct buf b = {0};
    size_t code = 0, run, end;      /* code: how many ticks close what is open */

    while (text.len) {
        if ((run = ticks(text))) {
            run = run >= 3 ? 3 : run;
            code = code == 0 ? run : code == run ? 0 : code;
            buf_add(&b, str_take(text, run));
            text = str_skip(text, run);
        } else if (text.p[0] == '<' && (end = str_find_char(text, '>')) != STR_NONE) {
            add_reference(&b, str_cut(text, 1, end), user_id, code != 0);
            text = str_skip(text, end + 1);
        } else {
            size_t n = 1;

            while (n < text.len && text.p[n] != '<' && text.p[n] != '`')
                n++;
            add_decoded(&b, str_take(text, n));
            text = str_skip(text, n);
        }
    }
    return arena_str(a, str_trim(buf_str(&b)));
}

/* ---- times and ids ---- */

static bool digits(str s, size_t most)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.len > 0 && s.len <= most;
}

bool slack_is_ts(str s)
{
    size_t dot = str_find_char(s, '.');

    return dot != STR_NONE && digits(str_take(s, dot), TS_SECONDS_MAX) && digits(str_skip(s, dot + 1), TS_FRACTION_MAX);
}

int64_t slack_ts_ms(str ts)
{
    size_t dot = str_find_char(ts, '.');
    int64_t seconds = 0, ms = 0;

    if (!slack_is_ts(ts) || str_i64(str_take(ts, dot), &seconds) || str_i64(str_take(str_skip(ts, dot + 1), 3), &ms))
        return 0;
    return seconds * 1000 + ms;
}

/* Both have six digits behind the dot. */
int slack_ts_cmp(str a, str b)
{
    size_t da = str_find_char(a, '.'), db = str_find_char(b, '.');

    if (da != db && da != STR_NONE && db != STR_NONE)
        return da < db ? -1 : 1;
    return str_cmp(a, b);
}

void slack_split_id(str id, str *ret_conversation, str *ret_ts)
{
    size_t colon = str_find_char(id, ':');

    *ret_conversation = colon == STR_NONE ? S("") : str_take(id, colon);
    *ret_ts = colon == STR_NONE ? id : str_skip(id, colon + 1);
}

/* ---- signatures ---- */

bool slack_signed(struct arena *a, str secret, str timestamp, str signature, str body, int64_t now_ms)
{
    CLEANUP(buf_done) struct buf want = {0};
    str parts[] = { S("v0:"), timestamp, S(":"), body };
    int64_t seconds;

    if (!secret.len || !signature.p || !digits(timestamp, TS_SECONDS_MAX) || str_i64(timestamp, &seconds))
        return false;
    buf_add(&want, S("v0="));
    buf_add_hex(&want, hmac_sha256(a, secret, parts, N_ELEMENTS(parts)));
    int64_t age = now_ms - seconds * 1000;

    return str_eq_secret(signature, buf_str(&want)) && age <= SIGNATURE_AGE_MAX_MS && age >= -SIGNATURE_AGE_MAX_MS;
}
