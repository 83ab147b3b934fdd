// SPDX-License-Identifier: Apache-2.0
#include "tool/patch.h"

#include <string.h>

enum { SHOWN = 80 };        /* bytes of a line in an error */

struct lines { str *items; size_t n; };

/* Without their line ends; what is behind the last one is a line if it is anything. */
static enum err split(struct arena *a, str text, struct lines *out)
{
    size_t n = 1;
    str line;

    for (size_t i = 0; i < text.len; i++)
        n += text.p[i] == '\n';
    if (n > PATCH_LINES_MAX)
        return failed(ERR_LIMIT, "more than %d lines", PATCH_LINES_MAX);
    *out = (struct lines){ .items = arena_alloc(a, n * sizeof(str)) };
    while (text.len && str_split(&text, '\n', &line))
        out->items[out->n++] = line;
    return OK;
}

static str shown(str line) { return str_take(line, SHOWN); }

/* --- reading --- */

/* "@@ -12,3 +12,4 @@ whatever"; without numbers it is "@@ whatever". */
static enum err parse_head(str head, size_t number, size_t *ret_line)
{
    str rest = str_trim(str_skip(head, 2)), digits = NO_STR;
    uint64_t line = 0;

    if (str_eat(&rest, S("-"))) {
        size_t n = 0;

        while (n < rest.len && rest.p[n] >= '0' && rest.p[n] <= '9')
            n++;
        digits = str_take(rest, n);
        if (n > 9 || str_u64(digits, &line) != OK)
            return failed(ERR_INPUT, "hunk %zu: \"%.*s\" is no head of a hunk, such as @@ -12,3 +12,4 @@", number, STR(shown(head)));
    }
    *ret_line = (size_t)line;
    return OK;
}

static bool begins_file(const struct lines *l, size_t at)
{
    return str_starts(l->items[at], S("diff --git "))
        || (at + 2 < l->n && str_starts(l->items[at], S("--- ")) && str_starts(l->items[at + 1], S("+++ "))
            && str_starts(l->items[at + 2], S("@@")));
}

static enum err parse_line(str line, size_t hunk, size_t at, struct patch_hunk *h)
{
    struct patch_line *last = h->n ? &h->lines[h->n - 1] : NULL;
    bool empty = line.len == 0 || str_eq(line, S("\r"));        /* its space was lost on the way */
    char kind = empty ? ' ' : line.p[0];

    if (kind == '\\' && last) {
        last->ends_file = true;
        return OK;
    }
    if (kind != ' ' && kind != '+' && kind != '-')
        return failed(ERR_INPUT, "hunk %zu, line %zu of the diff: begins with none of space, + and -: \"%.*s\"",
                      hunk, at + 1, STR(shown(line)));
    h->lines[h->n++] = (struct patch_line){ .kind = kind, .text = empty ? NO_STR : str_skip(line, 1) };
    return OK;
}

/* Empty lines between hunks, or at the end, belong to nobody. */
static enum err end_hunk(struct patch_hunk *h, size_t number)
{
    size_t changes = 0;

    while (h->n && h->lines[h->n - 1].kind == ' ' && h->lines[h->n - 1].text.p == NULL)
        h->n--;
    for (size_t i = 0; i < h->n; i++) {
        h->n_old += h->lines[i].kind != '+';
        h->n_new += h->lines[i].kind != '-';
        changes += h->lines[i].kind != ' ';
    }
    if (changes == 0)
        return failed(ERR_INPUT, "hunk %zu: changes nothing: no line begins with + or -", number);
    return OK;
}

static enum err parse_hunk(const struct lines *l, size_t number, size_t *at, struct patch_line *room, struct patch_hunk *h)
{
    *h = (struct patch_hunk){ .lines = room };
    TRY(parse_head(l->items[(*at)++], number, &h->line));
    for (; *at < l->n && !str_starts(l->items[*at], S("@@")); (*at)++) {
        if (begins_file(l, *at))
            return failed(ERR_INPUT, "line %zu of the diff: a second file begins; give each file's diff by itself", *at + 1);
        TRY(parse_line(l->items[*at], number, *at, h));
    }
    return end_hunk(h, number);
}

enum err patch_parse(struct arena *a, str diff, struct patch *out)
{
    struct patch p = { 0 };
    struct patch_line *room;
    size_t n = 0, at = 0;
    struct lines l;

    if (diff.len > PATCH_MAX)
        return failed(ERR_LIMIT, "a diff of more than %d bytes", PATCH_MAX);
    TRY(split(a, diff, &l));
    for (size_t i = 0; i < l.n; i++)
        n += str_starts(l.items[i], S("@@"));
    if (n == 0)
        return failed(ERR_INPUT, "the diff has no hunk; a line such as @@ -12,3 +12,4 @@ begins one");
    while (!str_starts(l.items[at], S("@@")))       /* names of files, and what else stands above */
        at++;
    p.hunks = arena_alloc(a, n * sizeof *p.hunks);
    room = arena_alloc(a, l.n * sizeof *room);
    for (; p.n < n; p.n++)
        TRY(parse_hunk(&l, p.n + 1, &at, room + at, &p.hunks[p.n]));
    *out = p;
    return OK;
}

/* --- applying --- */

struct text { struct lines lines; str bytes; bool crlf; };

static str plain(const struct text *t, str line)
{
    return t->crlf && str_ends(line, S("\r")) ? str_take(line, line.len - 1) : line;
}

static bool same(const struct text *t, str x, str y) { return str_eq(plain(t, x), plain(t, y)); }

/* Its lines that must be there. */
static struct lines old_lines(struct arena *a, const struct patch_hunk *h)
{
    struct lines l = { .items = arena_alloc(a, (h->n_old + 1) * sizeof(str)) };

    for (size_t i = 0; i < h->n; i++)
        if (h->lines[i].kind != '+')
            l.items[l.n++] = h->lines[i].text;
    return l;
}

/* The first of its lines that is not so at `at`; l->n if it all is. */
static size_t first_difference(const struct text *t, const struct lines *l, size_t at)
{
    size_t i = 0;

    while (i < l->n && at + i < t->lines.n && same(t, t->lines.items[at + i], l->items[i]))
        i++;
    return i;
}

/* Up to two places from `from` on; in linear time (Knuth, Morris, Pratt), whatever repeats. */
static size_t find_places(struct arena *a, const struct text *t, const struct lines *l, size_t from, size_t places[2])
{
    size_t *border = arena_alloc(a, (l->n + 1) * sizeof *border), k = 0, n = 0;

    for (size_t i = 1; i < l->n; i++) {
        while (k && !same(t, l->items[i], l->items[k]))
            k = border[k];
        k += same(t, l->items[i], l->items[k]);
        border[i + 1] = k;
    }
    k = 0;
    for (size_t i = from; i < t->lines.n && n < 2; i++) {
        while (k && !same(t, t->lines.items[i], l->items[k]))
            k = border[k];
        k += same(t, t->lines.items[i], l->items[k]);
        if (k == l->n) {
            places[n++] = i + 1 - k;
            k = border[k];
        }
    }
    return n;
}

static enum err not_there(const struct text *t, const struct lines *l, size_t number, size_t hint)
{
    size_t i = hint < t->lines.n ? first_difference(t, l, hint) : l->n;

    if (hint == STR_NONE || i == l->n)
        return failed(ERR_CONFLICT, "hunk %zu: the lines that it keeps and removes do not stand in the file like this%s; "
                      "read the file again", number, number > 1 ? " behind the hunk before" : "");
    if (hint + i >= t->lines.n)
        return failed(ERR_CONFLICT, "hunk %zu: does not match: the file ends at line %zu, before \"%.*s\"", number,
                      t->lines.n, STR(shown(l->items[i])));
    return failed(ERR_CONFLICT, "hunk %zu: does not match, at line %zu or elsewhere: the diff has \"%.*s\", the file \"%.*s\"",
                  number, hint + i + 1, STR(shown(l->items[i])), STR(shown(t->lines.items[hint + i])));
}

/* Where the hunk stands, not before `from`; `hint` is where its number and the hunks before let expect it. */
static enum err place(struct arena *a, const struct text *t, const struct patch_hunk *h, size_t number, size_t from,
                      size_t hint, size_t *ret_at)
{
    struct lines l = old_lines(a, h);
    size_t places[2] = { 0 }, n;

    if (l.n == 0 && t->lines.n > 0)
        return failed(ERR_CONFLICT, "hunk %zu: only adds; give the lines around it too, so that its place is sure", number);
    if (l.n == 0 || (hint != STR_NONE && hint >= from && first_difference(t, &l, hint) == l.n)) {
        *ret_at = l.n ? hint : 0;
        return OK;
    }
    n = find_places(a, t, &l, from, places);
    if (n == 0)
        return not_there(t, &l, number, hint);
    if (n == 2)
        return failed(ERR_CONFLICT, "hunk %zu: its lines stand at line %zu and at line %zu; give more of the lines around it, "
                      "or the right line number", number, places[0] + 1, places[1] + 1);
    *ret_at = places[0];
    return OK;
}

static void end_line(const struct text *t, struct buf *out)
{
    if (out->len && out->p[out->len - 1] != '\n')
        buf_add(out, t->crlf ? S("\r\n") : S("\n"));
}

/* Lines as they are, with their line ends: the last may have none. */
static void copy(const struct text *t, size_t from, size_t to, struct buf *out)
{
    const char *end;

    if (from >= to)
        return;
    end = to < t->lines.n ? t->lines.items[to].p : t->bytes.p + t->bytes.len;
    end_line(t, out);
    buf_add(out, str_of(t->lines.items[from].p, (size_t)(end - t->lines.items[from].p)));
}

static void write_hunk(const struct text *t, const struct patch_hunk *h, size_t at, struct buf *out)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct patch_line *l = &h->lines[i];

        if (l->kind == '+') {
            end_line(t, out);
            buf_add(out, plain(t, l->text));
            if (!l->ends_file)
                buf_add(out, t->crlf ? S("\r\n") : S("\n"));
            continue;
        }
        if (l->kind == ' ')
            copy(t, at, at + 1, out);
        at++;
    }
}

enum err patch_apply(struct arena *a, struct patch *p, str before, struct buf *after)
{
    struct text t = { .bytes = before };
    size_t from = 0, at = 0, drift = 0;     /* drift: may wrap below 0, as size_t does */

    TRY(split(a, before, &t.lines));
    t.crlf = t.lines.n && str_ends(t.lines.items[0], S("\r"));
    for (size_t i = 0; i < p->n; i++) {
        struct patch_hunk *h = &p->hunks[i];
        size_t hint = h->line ? h->line - 1 + drift : STR_NONE;

        if (hint > t.lines.n && h->line)
            hint = t.lines.n;
        TRY(place(a, &t, h, i + 1, from, hint, &at));
        drift = h->line ? at - (h->line - 1) : drift;
        copy(&t, from, at, after);
        write_hunk(&t, h, at, after);
        from = at + h->n_old;
        h->found = at + 1;
    }
    copy(&t, from, t.lines.n, after);
    return buf_check(after, "the edited file");
}
