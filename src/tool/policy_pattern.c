// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_pattern.h"

#include <string.h>

#include "base/utf8.h"

/* The pattern's next element against the text's next character; a bad byte is one of its own. */
static bool match_one(str *pattern, str *text)
{
    bool any = pattern->p[0] == '?';
    uint32_t c;
    size_t n_text, n;

    if (!any && pattern->p[0] == '\\' && pattern->len > 1)
        *pattern = str_skip(*pattern, 1);
    n = any ? 1 : utf8_next(*pattern, &c);
    n_text = utf8_next(*text, &c);
    n = n ? n : 1;
    n_text = n_text ? n_text : 1;
    bool same = any || str_eq(str_take(*pattern, n), str_take(*text, n_text));

    *pattern = str_skip(*pattern, n);
    *text = str_skip(*text, n_text);
    return same;
}

static bool is_star(str pattern)
{
    return pattern.len && pattern.p[0] == '*';
}

/* Goes back to the last star only: where stars do not cross "/", an earlier one could not help either. */
bool pattern_matches(str pattern, str text, enum strength strength)
{
    str behind_star = NO_STR, from = NO_STR;
    bool starred = false;

    while (text.len || pattern.len) {
        if (is_star(pattern)) {
            pattern = behind_star = str_skip(pattern, 1);
            from = text;
            starred = true;
            continue;
        }
        if (pattern.len && text.len && !(strength == STRICT && pattern.p[0] == '?' && text.p[0] == '/')
            && match_one(&pattern, &text))
            continue;
        if (!starred || from.len == 0 || (strength == STRICT && from.p[0] == '/'))
            return false;
        pattern = behind_star;
        text = from = str_skip(from, 1);
    }
    return true;
}

/* ---- commands ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static void skip_blanks(str *s)
{
    while (s->len && is_blank(s->p[0]))
        *s = str_skip(*s, 1);
}

/* Leaves the rest at the word after it. */
static str next_word(str *rest)
{
    size_t n = 0;

    while (n < rest->len && !is_blank(rest->p[n]))
        n += rest->p[n] == '\\' && n + 1 < rest->len ? 2 : 1;
    str word = str_take(*rest, n);

    *rest = str_skip(*rest, n);
    skip_blanks(rest);
    return str_eq(word, S("\"\"")) ? str_take(word, 0) : word;
}

struct word_pattern word_pattern_new(struct arena *a, str pattern)
{
    str *words = arena_alloc(a, (pattern.len / 2 + 1) * sizeof *words);
    struct word_pattern p = { words, 0 };

    skip_blanks(&pattern);
    for (str rest = pattern; rest.len; p.n++)
        words[p.n] = arena_str(a, next_word(&rest));
    return p;
}

static bool has_dots(str text)
{
    str part;

    while (str_split(&text, '/', &part))
        if (str_eq(part, S("..")))
            return true;
    return false;
}

static bool has_wildcard(str pattern)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.p[i] == '\\')
            i++;
        else if (pattern.p[i] == '*' || pattern.p[i] == '?')
            return true;
    return false;
}

static bool matches_word(str pattern, const struct shell_word *w, enum strength strength)
{
    if (str_eq(pattern, S("*")))
        return true;
    if (strength == STRICT && w->has_glob)
        return str_eq(pattern, w->text);
    if (strength == STRICT && has_dots(w->text) && has_wildcard(pattern))
        return false;
    return pattern_matches(pattern, w->text, strength);
}

static str base_name(str path)
{
    for (size_t i = path.len; i > 0; i--)
        if (path.p[i - 1] == '/')
            return str_skip(path, i);
    return path;
}

/* "/usr/bin/git" is git; "./git" is whatever it is: not for a row that allows. */
static bool matches_program(str pattern, const struct shell_word *w, enum strength strength)
{
    struct shell_word base = { base_name(w->text), w->has_glob };
    bool of_system = str_eq(str_take(w->text, w->text.len - base.text.len), S("/usr/bin/"))
                     || str_eq(str_take(w->text, w->text.len - base.text.len), S("/bin/"));

    return matches_word(pattern, w, strength) || ((strength == LOOSE || of_system) && matches_word(pattern, &base, strength));
}

/* Does this place stand for any number of words? */
static bool is_many(const struct word_pattern *p, size_t i)
{
    return str_eq(p->words[i], S("**")) || (i + 1 == p->n && str_eq(p->words[i], S("*")));
}

bool word_pattern_matches(const struct word_pattern *p, const struct shell_word *words, size_t n, enum strength strength)
{
    size_t i = 0, at = 0, many = p->n, from = 0;

    while (i < p->n || at < n) {
        if (i < p->n && is_many(p, i)) {
            many = i++;
            from = at;
            continue;
        }
        if (i < p->n && at < n && strength == LOOSE && words[at].has_glob)
            return true;        /* it may become any words */
        if (i < p->n && at < n && (at ? matches_word : matches_program)(p->words[i], &words[at], strength)) {
            i++;
            at++;
            continue;
        }
        if (many == p->n || from == n)
            return false;
        i = many + 1;
        at = ++from;
    }
    return true;
}

void pattern_add_literal(struct buf *b, str text)
{
    if (text.len == 0)
        buf_add(b, S("\"\""));
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("*?[\\ \t\n\"", text.p[i]))
            buf_add_char(b, '\\');
        buf_add_char(b, text.p[i]);
    }
}
