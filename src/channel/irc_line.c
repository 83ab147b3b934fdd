// SPDX-License-Identifier: Apache-2.0
#include "channel/irc_line.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

/* ---- a line ---- */

static str take_word(str *rest)
{
    str word = str_take(*rest, str_find_char(*rest, ' '));

    *rest = str_skip(*rest, word.len);
    while (str_eat(rest, S(" ")))
        ;
    return word;
}

static void take_params(str rest, struct irc_line *out)
{
    while (rest.len && out->n_params < IRC_PARAMS_MAX) {
        bool last = str_eat(&rest, S(":")) || out->n_params + 1 == IRC_PARAMS_MAX;

        out->params[out->n_params++] = last ? rest : take_word(&rest);
        if (last)
            return;
    }
}

static bool is_command(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.p[i]))
            return false;
    return s.len > 0;
}

enum err irc_parse(str line, struct irc_line *out)
{
    *out = (struct irc_line){ .tags = S(""), .nick = S(""), .mask = S("") };
    for (size_t i = 0; i < IRC_PARAMS_MAX; i++)
        out->params[i] = S("");
    if (memchr(line.p ? line.p : "", '\0', line.len) || str_find_char(line, '\n') != STR_NONE || str_find_char(line, '\r') != STR_NONE)
        return failed(ERR_INPUT, "a line of IRC with a control character");
    if (str_eat(&line, S("@")))
        out->tags = take_word(&line);
    if (str_eat(&line, S(":"))) {
        out->mask = take_word(&line);
        out->nick = str_take(out->mask, str_find_char(out->mask, '!'));
        if (out->nick.len == out->mask.len && str_find_char(out->mask, '.') != STR_NONE)
            out->nick = S("");
    }
    out->command = take_word(&line);
    if (!is_command(out->command))
        return failed(ERR_INPUT, "a line of IRC without a command");
    take_params(line, out);
    return OK;
}

bool irc_is(const struct irc_line *l, const char *command)
{
    return str_eq_nocase(l->command, str_from(command));
}

static void add_unescaped(struct buf *b, str value)
{
    static const struct { char code, means; } escapes[] = { { ':', ';' }, { 's', ' ' }, { 'r', '\r' }, { 'n', '\n' }, { '\\', '\\' } };

    for (size_t i = 0; i < value.len; i++) {
        char c = value.p[i];

        if (c == '\\') {
            if (++i == value.len)
                return;
            c = value.p[i];
            for (size_t k = 0; k < N_ELEMENTS(escapes); k++)
                if (value.p[i] == escapes[k].code)
                    c = escapes[k].means;
        }
        buf_add_char(b, c);
    }
}

str irc_tag(struct arena *a, const struct irc_line *l, const char *name)
{
    CLEANUP(buf_done) struct buf b = {0};
    str rest = l->tags, tag;

    while (rest.len && str_split(&rest, ';', &tag)) {
        size_t equals = str_find_char(tag, '=');

        if (!str_eq(str_take(tag, equals), str_from(name)))
            continue;
        buf_clear(&b);      /* of two the last counts */
        if (equals != STR_NONE)
            add_unescaped(&b, str_skip(tag, equals + 1));
    }
    return arena_str(a, buf_str(&b));
}

bool irc_has_tag(const struct irc_line *l, const char *name)
{
    str rest = l->tags, tag;

    while (rest.len && str_split(&rest, ';', &tag))
        if (str_eq(str_take(tag, str_find_char(tag, '=')), str_from(name)))
            return true;
    return false;
}

/* ---- names and times ---- */

str irc_lower(struct arena *a, str s, bool ascii)
{
    char *out = arena_c(a, s);

    for (size_t i = 0; i < s.len; i++)
        if ((out[i] >= 'A' && out[i] <= 'Z') || (!ascii && out[i] >= '[' && out[i] <= '^'))
            out[i] = (char)(out[i] + 32);
    return str_of(out, s.len);
}

bool irc_is_word(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == ',')
            return false;
    return s.len > 0 && s.p[0] != ':';
}

int64_t irc_time_ms(str text)
{
    struct tm tm = {0};
    char copy[32];
    unsigned ms = 0;

    if (text.len >= sizeof copy || memchr(text.p ? text.p : "", '\0', text.len))
        return 0;
    memcpy(copy, text.p ? text.p : "", text.len);
    copy[text.len] = '\0';
    const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);

    if (!end)
        return 0;
    if (*end == '.')
        for (unsigned unit = 100; isdigit((unsigned char)*++end); unit /= 10)
            ms += unit * (unsigned)(*end - '0');
    return *end == 'Z' && end[1] == '\0' ? (int64_t)timegm(&tm) * 1000 + ms : 0;
}

/* ---- text ---- */

/* The digits of a colour, "4,12"; hexadecimal ones are six. */
static size_t colour_length(str s, bool hex)
{
    size_t most = hex ? 6 : 2, n = 0;

    for (int part = 0; part < 2; part++) {
        size_t from = n;

        while (n < s.len && n - from < most && (hex ? isxdigit((unsigned char)s.p[n]) : isdigit((unsigned char)s.p[n])))
            n++;
        if (part || n == from || n + 1 >= s.len || s.p[n] != ',' || !isdigit((unsigned char)s.p[n + 1]))
            return n;
        n++;
    }
    return n;
}

void irc_add_plain(struct buf *out, str text)
{
    CLEANUP(buf_done) struct buf b = {0};

    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] == 3 || text.p[i] == 4)
            i += colour_length(str_skip(text, i + 1), text.p[i] == 4);
        else if ((unsigned char)text.p[i] >= ' ' || text.p[i] == '\t')
            buf_add_char(&b, text.p[i]);
    utf8_add_repaired(out, buf_str(&b));
}

/* Up to `most` bytes of a line, where there is a space in its second half up to there. */
static str cut_line(str line, size_t most)
{
    str fits = utf8_take(line, most);
    size_t space = fits.len;

    if (line.len <= most)
        return line;
    while (space > fits.len / 2 && fits.p[space - 1] != ' ')
        space--;
    return space > fits.len / 2 ? str_take(fits, space) : fits.len ? fits : str_take(line, 1);
}

str irc_take_line(str *text, size_t most)
{
    str line = S("");

    while (text->len && !line.len) {
        str whole = str_take(*text, str_find_char(*text, '\n'));
        str cut = cut_line(whole, most);

        *text = str_skip(*text, cut.len + (cut.len == whole.len));
        line = str_trim(cut);
    }
    return line;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || (c && strchr("-_[]\\`^{}|", c));
}

/* Where the name stands as a word. */
static size_t find_name(str text, str nick)
{
    for (size_t at = 0; nick.len && at + nick.len <= text.len; at++)
        if (str_eq_nocase(str_cut(text, at, at + nick.len), nick) && (at == 0 || !is_name_char(text.p[at - 1]))
            && (at + nick.len == text.len || !is_name_char(text.p[at + nick.len])))
            return at;
    return STR_NONE;
}

bool irc_addressed(str text, str nick, str *ret_text)
{
    str rest = str_trim(text);
    size_t at = find_name(rest, nick);

    *ret_text = rest;
    if (at == STR_NONE)
        return false;
    if (at == 0 || (at == 1 && rest.p[0] == '@')) {
        rest = str_skip(rest, at + nick.len);
        if (rest.len && strchr(":,", rest.p[0]))
            rest = str_skip(rest, 1);
        *ret_text = str_trim(rest);
    }
    return true;
}
