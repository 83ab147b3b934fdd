// SPDX-License-Identifier: Apache-2.0
#include "nlu/entity.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "nlu/entity_find.h"

/* Where a finder may begin; one bit each. */
enum begins { BY_WORD = 1, BY_MARK = 2, BY_WIDE = 4, ANYWHERE = 7 };

/* Nothing lies inside of a solid one.  The order is that in which they are asked: the first solid one is taken. */
static const struct { find_fn *find; uint8_t begins; bool solid; } finders[] = {
    { find_quoted, BY_MARK | BY_WIDE, false },
    { find_code, BY_MARK, true },
    { find_url, BY_WORD, true },
    { find_mail, BY_WORD, true },
    { find_address, BY_WORD | BY_MARK, true },
    { find_unit_file, BY_WORD, true },
    { find_path, ANYWHERE, true },
    { find_mention, BY_MARK, true },
    { find_host, BY_WORD | BY_WIDE, false },
    { find_folder, BY_WORD | BY_WIDE, false },
    { find_name, BY_WORD | BY_WIDE, false },
    { find_size, BY_WORD | BY_WIDE, false },
    { find_when, BY_WORD | BY_WIDE, false },
    { find_quantity, ANYWHERE, false },
    { find_percent, BY_WORD | BY_WIDE, false },
    { find_number, ANYWHERE, false },
};

enum { FINDERS = N_ELEMENTS(finders) };

bool is_plain(const struct finder *f, size_t at)
{
    return (unsigned char)f->normal->original.p[f->normal->origin[at]] < 0x80;
}

bool is_capital(const struct finder *f, size_t at)
{
    unsigned char c = (unsigned char)f->normal->original.p[f->normal->origin[at]];

    return c >= 'A' && c <= 'Z';
}

bool is_name_edge(const struct finder *f, size_t at)
{
    unsigned char a = sign_before(f, at), b = sign(f, at);

    if (is_word_sign(a) && is_word_sign(b))
        return false;
    if ((a == '-' || a == '.') && is_word_sign(b))
        return !is_word_sign(at > 1 ? sign(f, at - 2) : 0);
    return !((b == '-' || b == '.') && is_word_sign(a) && is_word_sign(sign(f, at + 1)));
}

size_t name_end(const struct finder *f, size_t at)
{
    while (is_word_sign(sign(f, at)) || ((sign(f, at) == '-' || sign(f, at) == '.') && is_plain(f, at)))
        at++;
    return at;
}

str word_before(const struct finder *f, size_t at)
{
    while (at > 0 && (sign_before(f, at) == ' ' || sign_before(f, at) == ':'))
        at--;
    size_t end = at;

    while (at > 0 && end - at < 24 && (is_word_sign(sign_before(f, at)) || sign_before(f, at) == '-' || sign_before(f, at) == '.'))
        at--;
    return str_cut(f->text, at, end);
}

static bool ends_as_word(const struct finder *f, str word, size_t end)
{
    return !is_word_sign((unsigned char)word.p[word.len - 1]) || !is_word_sign(sign(f, end));
}

size_t one_of_at(const struct finder *f, size_t at, const str *words, size_t n)
{
    size_t longest = 0;
    str rest = str_skip(f->text, at);

    for (size_t i = 0; i < n; i++)
        if (words[i].len > longest && words[i].p[0] == (char)sign(f, at) && str_starts(rest, words[i])
            && ends_as_word(f, words[i], at + words[i].len))
            longest = words[i].len;
    return longest;
}

size_t one_of_before(const struct finder *f, size_t at, const str *words, size_t n)
{
    size_t longest = 0;
    str before = str_take(f->text, at);

    for (size_t i = 0; i < n; i++)
        if (words[i].len > longest && str_ends(before, words[i])
            && (!is_word_sign((unsigned char)words[i].p[0]) || !is_word_sign(sign_before(f, at - words[i].len))))
            longest = words[i].len;
    return longest;
}

bool str_among(str s, const str *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, words[i]))
            return true;
    return false;
}

bool found(struct finder *f, enum entity_type type, size_t start, size_t end, struct entity *out)
{
    *out = (struct entity){ .type = type, .start = (uint32_t)start, .end = (uint32_t)end,
        .text = normal_written(f->arena, f->normal, start, end) };
    return end > start;
}

static enum begins begins_at(const struct finder *f, size_t at)
{
    unsigned char c = sign(f, at);

    return is_wide(c) ? BY_WIDE : is_word_sign(c) ? BY_WORD : BY_MARK;
}

/* In the middle of a word nothing begins. */
static bool may_begin(const struct finder *f, size_t at)
{
    unsigned char c = sign(f, at);

    return c != ' ' && !((is_word_sign(c)) && is_word_sign(sign_before(f, at)));
}

static void add(struct entities *all, const struct entity *e)
{
    if (all->n < ENTITIES_MAX)
        all->p[all->n++] = *e;
}

/* Everything that begins at `at`.  Returns where to go on. */
static size_t find_at(struct finder *f, size_t at, size_t ends[FINDERS], struct entities *out)
{
    enum begins here = begins_at(f, at);

    for (size_t i = 0; i < FINDERS; i++) {
        struct entity e;

        if (!(finders[i].begins & here) || at < ends[i] || !finders[i].find(f, at, &e))
            continue;
        add(out, &e);
        ends[i] = e.end;
        if (finders[i].solid)
            return f->solid_end = e.end;
    }
    return at + 1;
}

static int by_place(const void *a, const void *b)
{
    const struct entity *x = a, *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1;
    return (int)x->type - (int)y->type;
}

static bool holds_nothing(const struct entity *e)
{
    switch (e->type) {
    case ENTITY_CODE: case ENTITY_URL: case ENTITY_EMAIL: case ENTITY_MENTION: case ENTITY_PATH: case ENTITY_GLOB: case ENTITY_HOST:
    case ENTITY_SERVICE:
        return true;
    default:
        return false;
    }
}

/* A file's Chinese name is known by its ending only, when the number in it was found already. */
static void drop_inner(struct entities *all)
{
    size_t kept = 0, solid_end = 0;

    for (size_t i = 0; i < all->n; i++) {
        if (all->p[i].end <= solid_end)
            continue;
        all->p[kept] = all->p[i];
        if (holds_nothing(&all->p[kept]) && all->p[kept].end > solid_end)
            solid_end = all->p[kept].end;
        kept++;
    }
    all->n = kept;
}

void entities_find(struct arena *a, const struct nlu_context *context, const struct normal *n, struct entities *out)
{
    struct finder f = { .arena = a, .context = context, .normal = n, .text = utf8_take(n->text, ENTITIES_BYTES) };
    struct entities all = { arena_alloc(a, ENTITIES_MAX * sizeof(struct entity)), 0 };
    size_t ends[FINDERS] = {0};

    for (size_t at = 0; at < f.text.len && all.n < ENTITIES_MAX;) {
        bool inside = (sign(&f, at) & 0xC0) == 0x80;

        at = inside || !may_begin(&f, at) ? at + 1 : find_at(&f, at, ends, &all);
    }
    qsort(all.p, all.n, sizeof(struct entity), by_place);
    drop_inner(&all);
    *out = all;
}

const char *entity_type_name(enum entity_type type)
{
    static const char *const names[ENTITY_TYPES] = {
        [ENTITY_QUOTED] = "quoted", [ENTITY_CODE] = "code", [ENTITY_URL] = "url", [ENTITY_EMAIL] = "email",
        [ENTITY_MENTION] = "mention", [ENTITY_PATH] = "path", [ENTITY_GLOB] = "glob", [ENTITY_HOST] = "host",
        [ENTITY_SERVICE] = "service", [ENTITY_SIZE] = "size", [ENTITY_QUANTITY] = "quantity", [ENTITY_PERCENT] = "percent",
        [ENTITY_WHEN] = "when", [ENTITY_NUMBER] = "number", [ENTITY_LANGUAGE] = "language", [ENTITY_PLACE] = "place",
    };
    return names[type];
}
