// SPDX-License-Identifier: Apache-2.0
#include "tool/shell_words.h"

#include <string.h>

#include "base/utf8.h"

struct scan {
    struct arena      *arena;
    str                rest;
    struct shell_line *line;
    struct shell_command *at;
    struct buf         word;
    bool               in_word, has_glob;
    size_t             first_quote;         /* where in the word; STR_NONE: nothing of it is quoted */
    enum { NO_TARGET, READ_TARGET, WRITE_TARGET } target;   /* the next word is a redirection's */
    bool               owes_command;        /* behind && || | something has to come */
    struct shell_word *words;               /* room for all there can be */
    struct shell_redirect *redirects;
};

static void call_complex(struct scan *s, const char *why)
{
    if (!s->line->complex)
        s->line->complex = why;
}

/* ---- characters that are not what they look like ---- */

static bool is_invisible(uint32_t c)
{
    static const struct { uint32_t from, to; } ranges[] = {
        { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x1680, 0x1680 },
        { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
        { 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
        { 0xfff0, 0xfffd }, { 0xe0000, 0xe0fff },
    };

    for (size_t i = 0; i < N_ELEMENTS(ranges); i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    return c < ' ' && c != '\t' && c != '\n';
}

const char *shell_text_deceives(str s)
{
    uint32_t c;

    for (size_t n; s.len; s = str_skip(s, n)) {
        n = utf8_next(s, &c);
        if (n == 0)
            return "it has bytes that are no text";
        if (is_invisible(c))
            return "it has characters that do not show";
    }
    return NULL;
}

/* ---- words ---- */

static bool is_name(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i && c >= '0' && c <= '9')))
            return false;
    }
    return s.len > 0;
}

/* What the shell would take for its own, were it the first word. */
static bool is_reserved(str s)
{
    static const char *const words[] = {
        "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select",
        "then", "until", "while", "{", "}",
    };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (str_eq(s, str_from(words[i])))
            return true;
    return false;
}

static bool is_ascii(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] & 0x80)
            return false;
    return true;
}

/* Has it a name before its "=", with nothing of that quoted? */
static bool assigns(const struct scan *s, str word)
{
    size_t eq = str_find_char(word, '=');

    return eq != STR_NONE && eq < s->first_quote && is_name(str_take(word, eq));
}

static void add_first_word(struct scan *s, struct shell_word w)
{
    if (assigns(s, w.text)) {
        if (!s->at->n_assigned)
            s->at->assigned = s->words;
        *s->words++ = w;
        s->at->n_assigned++;
        return;
    }
    if (w.has_glob)
        call_complex(s, "the command itself is a pattern");
    else if (s->first_quote == STR_NONE && is_reserved(w.text))
        call_complex(s, "it is a program of the shell, not a command");
    else if (!is_ascii(w.text))
        call_complex(s, "the command's name has letters that are not ASCII");
    else if (w.text.len == 0)
        call_complex(s, "the command's name is empty");
    else if (str_find(w.text, S("+=")) != STR_NONE)
        call_complex(s, "it may set a variable");
    s->at->words = s->words;
    *s->words++ = w;
    s->at->n = 1;
}

static void add_target(struct scan *s, struct shell_word w)
{
    if (w.has_glob || w.text.len == 0)
        call_complex(s, "a redirection to a pattern");
    if (!s->at->n_redirects)
        s->at->redirects = s->redirects;
    *s->redirects++ = (struct shell_redirect){ w.text, s->target == WRITE_TARGET };
    s->at->n_redirects++;
    s->target = NO_TARGET;
}

static void end_word(struct scan *s)
{
    if (!s->in_word)
        return;
    struct shell_word w = { arena_str(s->arena, buf_str(&s->word)), s->has_glob };

    if (s->first_quote == STR_NONE && str_eq(w.text, S("[")))
        w.has_glob = false;
    if (s->target != NO_TARGET)
        add_target(s, w);
    else if (s->at->n == 0)
        add_first_word(s, w);
    else {
        *s->words++ = w;
        s->at->n++;
    }
    buf_clear(&s->word);
    s->in_word = s->has_glob = false;
    s->first_quote = STR_NONE;
}

static void add_char(struct scan *s, char c)
{
    buf_add_char(&s->word, c);
    s->in_word = true;
}

/* ---- commands ---- */

static bool is_begun(const struct scan *s)
{
    return s->at->n || s->at->n_assigned || s->at->n_redirects;
}

/* `join`: what leads to the next one. */
static void end_command(struct scan *s, enum shell_join join)
{
    end_word(s);
    if (s->target != NO_TARGET)
        call_complex(s, "a redirection to nothing");
    if (is_begun(s) && s->at->n == 0)
        call_complex(s, "it sets variables or empties files without a command");
    if (!is_begun(s)) {
        call_complex(s, "a command is missing");
        return;
    }
    s->line->n++;
    s->at++;
    s->at->join = join;
    s->owes_command = join == SHELL_AND || join == SHELL_OR || join == SHELL_PIPE;
}

static void end_of_line(struct scan *s)
{
    end_word(s);
    if (s->target != NO_TARGET)
        call_complex(s, "a redirection to nothing");
    if (is_begun(s))
        end_command(s, SHELL_THEN);
}

/* ---- characters ---- */

static void quote_begins(struct scan *s)
{
    if (s->first_quote == STR_NONE)
        s->first_quote = s->word.len;
    s->in_word = true;
}

static void take_single(struct scan *s)
{
    str inside;

    quote_begins(s);
    if (str_find_char(s->rest, '\'') == STR_NONE) {
        call_complex(s, "a quote has no end");
        s->rest = NO_STR;
    } else if (str_split(&s->rest, '\'', &inside)) {
        buf_add(&s->word, inside);
    }
}

/* "$" is itself before a blank and at the end of the quotes. */
static bool expands_in_quotes(const struct scan *s)
{
    return s->rest.len == 0 || !strchr("\" \t\n", s->rest.p[0]);
}

static void take_double(struct scan *s)
{
    quote_begins(s);
    while (s->rest.len) {
        char c = s->rest.p[0];

        s->rest = str_skip(s->rest, 1);
        if (c == '"')
            return;
        if (c == '`' || (c == '$' && expands_in_quotes(s)))
            call_complex(s, "it has a variable or a substitution");
        if (c == '\\' && s->rest.len && strchr("$`\"\\\n", s->rest.p[0])) {
            c = s->rest.p[0];
            s->rest = str_skip(s->rest, 1);
            if (c == '\n')
                continue;
        }
        add_char(s, c);
    }
    call_complex(s, "a quote has no end");
}

static void take_escape(struct scan *s)
{
    if (s->rest.len == 0) {
        call_complex(s, "it ends with a backslash");
        return;
    }
    char c = s->rest.p[0];

    s->rest = str_skip(s->rest, 1);
    if (c == '\n')
        return;
    quote_begins(s);
    add_char(s, c);
}

static bool next_is(const struct scan *s, const char *set)
{
    return s->rest.len && strchr(set, s->rest.p[0]);
}

/* 0, 1 and 2 written before the sign; anything else that is a number is more than we follow. */
static void take_descriptor(struct scan *s, char sign)
{
    str word = buf_str(&s->word);
    bool number = s->in_word && s->first_quote == STR_NONE && word.len;

    for (size_t i = 0; number && i < word.len; i++)
        number = word.p[i] >= '0' && word.p[i] <= '9';
    if (!number) {
        end_word(s);
        return;
    }
    if (word.len != 1 || (sign == '<' ? word.p[0] != '0' : word.p[0] != '1' && word.p[0] != '2'))
        call_complex(s, "it redirects other descriptors than 0, 1 and 2");
    buf_clear(&s->word);
    s->in_word = false;
}

/* "2>&1": no file. */
static void take_duplicate(struct scan *s)
{
    if (!(str_eat(&s->rest, S("1")) || str_eat(&s->rest, S("2"))) || (s->rest.len && !next_is(s, " \t\n;|&")))
        call_complex(s, "it redirects to something else than a file");
}

static void take_redirect(struct scan *s, char sign)
{
    take_descriptor(s, sign);
    if (s->target != NO_TARGET)
        call_complex(s, "a redirection to nothing");
    if (sign == '<' && next_is(s, "<>&")) {
        call_complex(s, "a here-document, or a redirection in both directions");
        return;
    }
    if (sign == '>' && str_eat(&s->rest, S("&"))) {
        take_duplicate(s);
        return;
    }
    if (sign == '>' && next_is(s, ">|"))
        s->rest = str_skip(s->rest, 1);
    if (next_is(s, "("))
        call_complex(s, "it has a substitution");
    s->target = sign == '<' ? READ_TARGET : WRITE_TARGET;
}

static void take_join(struct scan *s, char c)
{
    char twice[2] = { c, '\0' };

    if (c == ';') {
        if (next_is(s, ";&"))
            call_complex(s, "it is a program of the shell, not a command");
        end_command(s, SHELL_THEN);
    } else if (str_eat(&s->rest, str_from(twice))) {
        end_command(s, c == '&' ? SHELL_AND : SHELL_OR);
    } else if (c == '|') {
        if (next_is(s, "&"))
            call_complex(s, "it joins commands with |&");
        end_command(s, SHELL_PIPE);
    } else {
        call_complex(s, "it runs something in the background");
    }
}

static void take_newline(struct scan *s)
{
    end_word(s);
    if (!(s->owes_command && !is_begun(s)))
        end_of_line(s);
}

static void take_special(struct scan *s, char c)
{
    switch (c) {
    case '`':
    case '$':
        call_complex(s, "it has a variable or a substitution");
        break;
    case '(':
    case ')':
        call_complex(s, "it has a subshell or a function");
        break;
    case '{':
        if (s->in_word || !str_starts(s->rest, S("}")) || (s->rest.len > 1 && !strchr(" \t\n;", s->rest.p[1])))
            call_complex(s, "it has braces");
        add_char(s, c);
        break;
    case '~':
        if (!s->in_word || (s->word.len && strchr("=:", s->word.p[s->word.len - 1])))
            call_complex(s, "~ stands for a folder");
        add_char(s, c);
        break;
    default:    /* * ? [ */
        s->has_glob = true;
        add_char(s, c);
    }
}

static void take_char(struct scan *s, char c)
{
    if (c == ' ' || c == '\t')
        end_word(s);
    else if (c == '\n')
        take_newline(s);
    else if (c == '\'')
        take_single(s);
    else if (c == '"')
        take_double(s);
    else if (c == '\\')
        take_escape(s);
    else if (c == '#' && !s->in_word)
        s->rest = str_skip(s->rest, str_find_char(s->rest, '\n'));
    else if (c == '<' || c == '>')
        take_redirect(s, c);
    else if (c == ';' || c == '|' || c == '&')
        take_join(s, c);
    else if (strchr("`$(){~*?[", c))
        take_special(s, c);
    else
        add_char(s, c);
}

void shell_words_parse(struct arena *a, str line, struct shell_line *out)
{
    CLEANUP(buf_done) struct buf word = { 0 };
    struct scan s = { .arena = a, .rest = line, .line = out, .first_quote = STR_NONE };

    *out = (struct shell_line){ .complex = shell_text_deceives(line) };
    if (line.len > SHELL_LINE_MAX)
        out->complex = "it is too long";
    if (out->complex)
        return;
    out->commands = s.at = arena_alloc(a, (line.len / 2 + 2) * sizeof *s.at);
    s.words = arena_alloc(a, (line.len / 2 + 2) * sizeof *s.words);
    s.redirects = arena_alloc(a, (line.len / 2 + 2) * sizeof *s.redirects);
    s.word = word;
    while (s.rest.len && !out->complex) {
        char c = s.rest.p[0];

        s.rest = str_skip(s.rest, 1);
        take_char(&s, c);
    }
    if (!out->complex)
        end_of_line(&s);
    word = s.word;
    if (!out->complex && s.owes_command)
        out->complex = "a command is missing";
    else if (!out->complex && out->n == 0)
        out->complex = "there is no command in it";
    if (out->complex)
        out->n = 0;
}
