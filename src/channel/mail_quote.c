// SPDX-License-Identifier: Apache-2.0
/* What a person wrote above what their program quoted.  There is no standard for it: these are the habits of the programs that
 * people use, and where none fits all of the text stays. */
#include "channel/mail.h"

enum { HEAD_LOOK_AHEAD = 6 };

static bool starts_nocase(str s, const char *prefix)
{
    str p = str_from(prefix);

    return s.len >= p.len && str_eq_nocase(str_take(s, p.len), p);
}

static bool starts_with_any(str line, const char *const *prefixes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (starts_nocase(line, prefixes[i]))
            return true;
    return false;
}

#define STARTS_WITH(line, ...) \
    starts_with_any((line), (const char *const[]){ __VA_ARGS__ }, N_ELEMENTS(((const char *const[]){ __VA_ARGS__ })))

static bool contains(str hay, const char *needle)
{
    return str_find(hay, str_from(needle)) != STR_NONE;
}

/* HTML's bold and rules come as Markdown. */
static str bare(str line)
{
    while (str_eat(&line, S(" ")) || str_eat(&line, S("*")) || str_eat(&line, S("_")))
        ;
    return str_trim(line);
}

/* "-----Original Message-----" in many languages; never "Forwarded message", which is to be read. */
static bool is_divider(str line)
{
    static const char *const words[] = { "Original Message", "Original message", "Urspr\xc3\xbcngliche Nachricht", "Message d'origine",
                                         "Mensaje original", "\xe5\x8e\x9f\xe5\xa7\x8b\xe9\x82\xae\xe4\xbb\xb6",
                                         "\xe5\x8e\x9f\xe9\x82\xae\xe4\xbb\xb6" };

    if (!str_starts(str_trim(line), S("--")))
        return false;
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (contains(line, words[i]))
            return true;
    return false;
}

/* Outlook's head of what is quoted: From, and soon Sent or Date, and To or Subject. */
static bool is_head(str line, str rest)
{
    bool when = false, about = false;
    str next;

    if (!STARTS_WITH(bare(line), "From:", "Von:", "De:",
                     "\xe5\x8f\x91\xe4\xbb\xb6\xe4\xba\xba:", "\xe5\x8f\x91\xe4\xbb\xb6\xe4\xba\xba\xef\xbc\x9a"))
        return false;
    for (unsigned i = 0; i < HEAD_LOOK_AHEAD && str_split(&rest, '\n', &next); i++) {
        when |= STARTS_WITH(bare(next), "Sent:", "Date:", "Gesendet:", "Datum:", "Envoy\xc3\xa9", "Enviado",
                            "\xe5\x8f\x91\xe9\x80\x81\xe6\x97\xb6\xe9\x97\xb4",
                            "\xe6\x97\xa5\xe6\x9c\x9f");
        about |= STARTS_WITH(bare(next), "To:", "Subject:", "An:", "Betreff:", "Objet", "Asunto", "\xe6\x94\xb6\xe4\xbb\xb6\xe4\xba\xba",
                             "\xe4\xb8\xbb\xe9\xa2\x98");
    }
    return when && about;
}

static bool is_blank(str line)
{
    return str_trim(line).len == 0;
}

static bool is_quoted(str line)
{
    return str_starts(str_trim(line), S(">"));
}

/* The last line of text, and what stands above it. */
static str take_last(str text, str *ret_above)
{
    size_t at = text.len;

    while (at && text.p[at - 1] != '\n')
        at--;
    *ret_above = str_take(text, at ? at - 1 : 0);
    return str_skip(text, at);
}

static str drop_blank(str text)
{
    str above, line;

    while (text.len && is_blank(line = take_last(text, &above)))
        text = above;
    return text;
}

/* "On Mon, 3 Mar 2025, Ann <ann@example.org> wrote:", which may be broken into two or three lines. */
static str drop_introduction(str text)
{
    str above, last = take_last(text, &above), line = last, at = above;
    bool ends = str_ends(str_trim(last), S(":")) || str_ends(str_trim(last), S("\xef\xbc\x9a"));

    if (!ends)
        return text;
    for (unsigned i = 0; i < 3; i++) {
        if (STARTS_WITH(bare(line), "On ", "Am ", "Le ", "El ", "Il ", "Op ", "\xe5\x9c\xa8", "\xe4\xba\x8e", "20"))
            return at;
        if (is_blank(line) || at.len == 0)
            break;
        line = take_last(at, &at);
    }
    return contains(last, "@") || contains(last, "wrote") || contains(last, "\xe5\x86\x99\xe9\x81\x93") ? above : text;
}

static str drop_trailing_quote(str text)
{
    str above, rest = drop_blank(text), line;
    bool any = false;

    while (rest.len && (is_quoted(line = take_last(rest, &above)) || (any && is_blank(line)))) {
        any = true;
        rest = above;
    }
    return any ? drop_blank(drop_introduction(drop_blank(rest))) : text;
}

/* From the first line that says "below is what I answer". */
static str drop_below_divider(str text)
{
    str rest = text, line;

    while (str_split(&rest, '\n', &line)) {
        size_t at = (size_t)(line.p - text.p);

        if (is_divider(line) || is_head(line, rest)) {
            str kept = drop_blank(str_take(text, at));
            str above, last = take_last(kept, &above);

            /* Outlook's line of underscores. */
            return str_starts(last, S("____")) ? drop_blank(above) : kept;
        }
    }
    return text;
}

static str drop_signature(str text)
{
    str rest = text, line;

    while (str_split(&rest, '\n', &line))
        if (str_eq(line, S("-- ")))
            return str_take(text, (size_t)(line.p - text.p));
    return text;
}

str mail_own_words(str text, bool is_reply)
{
    str own = is_reply ? drop_below_divider(text) : text;

    if (is_reply)
        own = drop_trailing_quote(own);
    own = str_trim(drop_signature(own));
    return own.len ? own : str_trim(text);
}
