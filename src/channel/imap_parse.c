// SPDX-License-Identifier: Apache-2.0
#include "channel/imap_parse.h"

#include <string.h>

#include "base/buf.h"

struct parser { struct arena *arena; str rest; size_t n_values; };

static enum err odd(const char *what)
{
    return failed(ERR_REMOTE, "the IMAP server said something that is no response: %s", what);
}

/* ---- values ---- */

static bool is_atom_char(char c)
{
    return (unsigned char)c > ' ' && (unsigned char)c != 0x7f && !strchr("(){\"", c);
}

/* "BODY[HEADER.FIELDS (DATE FROM)]<0>" is one, with spaces and brackets inside its own. */
static enum err take_atom(struct parser *p, struct imap_value *out)
{
    bool inside = false;
    size_t n = 0;

    for (; n < p->rest.len; n++) {
        char c = p->rest.p[n];

        if (c == '\r' || c == '\n' || c == '\0')
            return odd("a control character");
        inside = c == '[' ? true : c == ']' ? false : inside;
        if (!inside && !is_atom_char(c))
            break;
    }
    if (n == 0 || inside)
        return odd("an atom without an end, or none");
    out->text = str_take(p->rest, n);
    out->kind = str_eq_nocase(out->text, S("NIL")) ? IMAP_NIL : IMAP_ATOM;
    p->rest = str_skip(p->rest, n);
    return OK;
}

static enum err take_quoted(struct parser *p, struct imap_value *out)
{
    char *text = arena_alloc(p->arena, p->rest.len + 1);
    size_t n = 0, i = 1;

    for (; i < p->rest.len && p->rest.p[i] != '"'; i++) {
        if (p->rest.p[i] == '\\' && ++i == p->rest.len)
            break;
        if (p->rest.p[i] == '\r' || p->rest.p[i] == '\n')
            return odd("a line end in a quoted string");
        text[n++] = p->rest.p[i];
    }
    if (i >= p->rest.len)
        return odd("a quoted string without an end");
    *out = (struct imap_value){ .kind = IMAP_STRING, .text = str_of(text, n) };
    p->rest = str_skip(p->rest, i + 1);
    return OK;
}

static enum err take_counted(struct parser *p, struct imap_value *out)
{
    size_t end = str_find(p->rest, S("\r\n"));
    uint64_t n;

    if (end == STR_NONE || !imap_announces(str_take(p->rest, end), &n) || n > p->rest.len - end - 2)
        return odd("counted bytes that are not there");
    *out = (struct imap_value){ .kind = IMAP_STRING, .text = str_cut(p->rest, end + 2, end + 2 + (size_t)n) };
    p->rest = str_skip(p->rest, end + 2 + (size_t)n);
    return OK;
}

static enum err take_values(struct parser *p, char end, unsigned depth, struct imap_value **ret_first);

static enum err take_list(struct parser *p, unsigned depth, struct imap_value *out)
{
    p->rest = str_skip(p->rest, 1);
    out->kind = IMAP_LIST;
    if (depth >= IMAP_DEPTH_MAX)
        return odd("lists within lists, too many of them");
    TRY(take_values(p, ')', depth + 1, &out->first));
    if (!str_eat(&p->rest, S(")")))
        return odd("a list without an end");
    return OK;
}

static enum err take_value(struct parser *p, unsigned depth, struct imap_value *out)
{
    switch (p->rest.p[0]) {
    case '(':
        return take_list(p, depth, out);
    case '"':
        return take_quoted(p, out);
    case '{':
        return take_counted(p, out);
    default:
        return take_atom(p, out);
    }
}

/* Between them one space; some servers put none between lists, and one before the end. */
static enum err take_values(struct parser *p, char end, unsigned depth, struct imap_value **ret_first)
{
    struct imap_value **at = ret_first;

    *ret_first = NULL;
    for (;;) {
        str_eat(&p->rest, S(" "));
        if (p->rest.len == 0 || p->rest.p[0] == end)
            return OK;
        if (++p->n_values > IMAP_VALUES_MAX)
            return odd("too many values");
        *at = ARENA_NEW(p->arena, struct imap_value);
        TRY(take_value(p, depth, *at));
        at = &(*at)->next;
    }
}

/* ---- the response ---- */

static str take_word(struct parser *p)
{
    size_t space = str_find_char(p->rest, ' ');
    str word = str_take(p->rest, space);

    p->rest = str_skip(p->rest, word.len + 1);
    return word;
}

static void take_words(struct parser *p, struct imap_response *out)
{
    out->code = out->code_value = S("");
    if (str_starts(p->rest, S("["))) {
        size_t end = str_find_char(p->rest, ']');
        str inside = str_cut(p->rest, 1, end);
        size_t space = str_find_char(inside, ' ');

        if (end != STR_NONE) {
            out->code = str_take(inside, space);
            out->code_value = space == STR_NONE ? S("") : str_skip(inside, space + 1);
            p->rest = str_skip(p->rest, end + 1);
        }
    }
    out->text = str_trim(p->rest);
    p->rest = S("");
}

static enum err take_untagged(struct parser *p, struct imap_response *out)
{
    struct imap_value *first;
    uint64_t number;

    out->name = take_word(p);
    if (str_u64(out->name, &number) == OK) {
        if (number > UINT32_MAX)
            return odd("a number that is too large");
        out->has_number = true;
        out->number = (uint32_t)number;
        out->name = take_word(p);
    }
    if (imap_is(out, "OK") || imap_is(out, "NO") || imap_is(out, "BAD") || imap_is(out, "BYE") || imap_is(out, "PREAUTH")) {
        take_words(p, out);
        return OK;
    }
    TRY(take_values(p, '\0', 0, &first));
    out->values = first;
    return p->rest.len ? odd("something behind its end") : OK;
}

static enum err check_name(str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_atom_char(name.p[i]))
            return odd("a name that is none");
    return name.len ? OK : odd("it has no name");
}

enum err imap_parse(struct arena *a, str response, struct imap_response *out)
{
    struct parser p = { .arena = a, .rest = response };

    *out = (struct imap_response){ .tag = S(""), .name = S(""), .code = S(""), .code_value = S(""), .text = S("") };
    if (str_eat(&p.rest, S("+"))) {
        str_eat(&p.rest, S(" "));
        out->type = IMAP_CONTINUE;
        out->text = p.rest;
        return OK;
    }
    if (str_eat(&p.rest, S("* "))) {
        TRY(take_untagged(&p, out));
        return check_name(out->name);
    }
    out->type = IMAP_TAGGED;
    out->tag = take_word(&p);
    out->name = take_word(&p);
    take_words(&p, out);
    TRY(check_name(out->tag));
    if (!imap_is(out, "OK") && !imap_is(out, "NO") && !imap_is(out, "BAD"))
        return odd("a command's end that is neither OK nor NO nor BAD");
    return OK;
}

bool imap_announces(str line, uint64_t *ret_n)
{
    size_t open = line.len;

    if (!str_ends(line, S("}")))
        return false;
    while (open && line.p[open - 1] != '{')
        open--;
    str digits = str_cut(line, open, line.len - 1);

    return open && digits.len <= 10 && str_u64(digits, ret_n) == OK;
}

bool imap_is(const struct imap_response *r, const char *name)
{
    return str_eq_nocase(r->name, str_from(name));
}

const struct imap_value *imap_behind(const struct imap_value *v, const char *name)
{
    for (; v && v->next; v = v->next->next)
        if (v->kind == IMAP_ATOM && str_eq_nocase(v->text, str_from(name)))
            return v->next;
    return NULL;
}
