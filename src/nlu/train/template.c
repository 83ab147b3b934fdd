// SPDX-License-Identifier: Apache-2.0
/* template.c: recursive descent; nesting is bounded by DEPTH_MAX. */
#include "nlu/train/template.h"

#include <string.h>

#include "base/buf.h"

enum { DEPTH_MAX = 24 };

struct parse { struct arena *arena; str rest; unsigned depth; };

static struct template *node(struct parse *p, enum template_kind kind)
{
    struct template *t = ARENA_NEW(p->arena, struct template);

    t->kind = kind;
    return t;
}

static enum err sequence(struct parse *, const char *ends, struct template **out);

static enum err literal(struct parse *p, struct template **out)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    while (p->rest.len && !strchr("[](){}|<>", p->rest.p[0])) {
        if (p->rest.p[0] == '\\' && p->rest.len > 1)
            p->rest = str_skip(p->rest, 1);
        buf_add_char(&b, p->rest.p[0]);
        p->rest = str_skip(p->rest, 1);
    }
    if (!b.len)
        return failed(ERR_INPUT, "\"%.*s\" is out of place; put a backslash before it to mean it literally", STR(p->rest));
    *out = node(p, TEMPLATE_TEXT);
    (*out)->text = arena_str(p->arena, buf_str(&b));
    return OK;
}

static enum err closed(struct parse *p, str by)
{
    return str_eat(&p->rest, by) ? OK : failed(ERR_INPUT, "no %.*s before \"%.*s\"", STR(by), STR(p->rest));
}

/* What stands between the brackets: one of several. */
static enum err choice(struct parse *p, str by, struct template **out)
{
    struct template *one = node(p, TEMPLATE_ONE), **end = &one->first;

    do {
        TRY(sequence(p, by.p[0] == ']' ? "|]" : "|)", end));
        end = &(*end)->next;
    } while (str_eat(&p->rest, S("|")));
    *out = one;
    return closed(p, by);
}

static str name(struct parse *p)
{
    size_t n = 0;

    while (n < p->rest.len && !strchr("=}> ", p->rest.p[n]))
        n++;
    str got = str_take(p->rest, n);
    p->rest = str_skip(p->rest, n);
    return arena_str(p->arena, got);
}

static enum err slot(struct parse *p, struct template **out)
{
    struct template *t = node(p, TEMPLATE_SLOT), *words = NULL;
    struct template **end;

    t->text = name(p);
    if (str_eat(&p->rest, S("="))) {
        words = node(p, TEMPLATE_ONE);
        end = &words->first;
        do {
            TRY(sequence(p, "|}", end));
            end = &(*end)->next;
        } while (str_eat(&p->rest, S("|")));
    }
    t->first = words;
    *out = t;
    return closed(p, S("}"));
}

static enum err item(struct parse *p, struct template **out)
{
    struct template *inner = NULL;

    if (str_eat(&p->rest, S("("))) {
        return choice(p, S(")"), out);
    } else if (str_eat(&p->rest, S("["))) {
        TRY(choice(p, S("]"), &inner));
        *out = node(p, TEMPLATE_MAYBE);
        (*out)->first = inner;
        return OK;
    } else if (str_eat(&p->rest, S("{"))) {
        return slot(p, out);
    } else if (str_eat(&p->rest, S("<"))) {
        *out = node(p, TEMPLATE_LIST);
        (*out)->text = name(p);
        return closed(p, S(">"));
    }
    return literal(p, out);
}

static enum err sequence(struct parse *p, const char *ends, struct template **out)
{
    struct template *all = node(p, TEMPLATE_ALL), **end = &all->first;

    if (++p->depth > DEPTH_MAX)
        return failed(ERR_LIMIT, "nested too deeply");
    while (p->rest.len && !strchr(ends, p->rest.p[0])) {
        TRY(item(p, end));
        end = &(*end)->next;
    }
    p->depth--;
    *out = all;
    return OK;
}

static size_t least(const struct template *t)
{
    size_t n = 0, best = SIZE_MAX;

    if (t->kind == TEMPLATE_TEXT)
        return t->text.len;
    if (t->kind == TEMPLATE_MAYBE)
        return 0;
    if (t->kind == TEMPLATE_LIST || (t->kind == TEMPLATE_SLOT && !t->first))
        return TEMPLATE_WORD;
    for (const struct template *c = t->first; c; c = c->next) {
        size_t one = least(c);

        n += one;
        best = one < best ? one : best;
    }
    return t->kind == TEMPLATE_ONE && t->first ? best : n;
}

enum err template_parse(struct arena *a, str text, struct template **out)
{
    struct parse p = { .arena = a, .rest = text };

    TRY(sequence(&p, "", out));
    (*out)->least = least(*out);
    return p.rest.len ? failed(ERR_INPUT, "\"%.*s\" is left over", STR(p.rest)) : OK;
}
