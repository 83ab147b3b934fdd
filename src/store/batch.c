// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "store/driver.h"

static void free_results(void *arg)
{
    struct batch *b = arg;

    arena_free(b->results);
}

struct batch *batch_new(struct arena *a)
{
    struct batch *b = ARENA_NEW(a, struct batch);

    b->arena = a;
    arena_on_free(a, free_results, b);
    return b;
}

static size_t statement_named(const char *name)
{
    size_t from = 0, to = sql_n_names;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, sql_names[middle].name);

        if (order == 0)
            return middle;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    assert(!"a statement of this name");
    return 0;
}

static struct batch_statement *add_statement(struct batch *b)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 4;
        struct batch_statement *bigger = arena_alloc(b->arena, cap * sizeof *bigger);

        if (b->n)
            memcpy(bigger, b->statements, b->n * sizeof *bigger);
        b->statements = bigger;
        b->cap = cap;
    }
    return &b->statements[b->n++];
}

static struct store_value text_value(struct arena *a, enum store_type type, str s)
{
    return (struct store_value){ .type = type, .s = arena_str(a, s) };
}

static struct store_value next_value(struct arena *a, char type, va_list *ap)
{
    const char *c;
    str s;

    switch (type) {
    case 'i': return (struct store_value){ .type = STORE_INT, .i = va_arg(*ap, int64_t) };
    case 'd': return (struct store_value){ .type = STORE_REAL, .d = va_arg(*ap, double) };
    case 's': return text_value(a, STORE_TEXT, va_arg(*ap, str));
    case 'b': return text_value(a, STORE_BLOB, va_arg(*ap, str));
    case 'c':
        c = va_arg(*ap, const char *);
        assert(c);
        return text_value(a, STORE_TEXT, str_from(c));
    case 'S':
        s = va_arg(*ap, str);
        return s.len ? text_value(a, STORE_TEXT, s) : (struct store_value){ .type = STORE_NULL };
    case 'n': return (struct store_value){ .type = STORE_NULL };
    }
    assert(!"one of the letters i d s S c b n");
    return (struct store_value){ 0 };
}

void batch_addv(struct batch *b, const char *statement, const char *types, va_list ap)
{
    size_t id = statement_named(statement), n = strlen(types);
    struct store_value *values = NULL;
    va_list rest;

    assert(n == sql_names[id].params);
    if (n)
        values = arena_alloc(b->arena, n * sizeof *values);
    va_copy(rest, ap);
    for (size_t i = 0; i < n; i++)
        values[i] = next_value(b->arena, types[i], &rest);
    va_end(rest);
    *add_statement(b) = (struct batch_statement){ .id = id, .n_values = n, .values = values, .expect = EXPECT_ANY };
}

void batch_add(struct batch *b, const char *statement, const char *types, ...)
{
    va_list ap;

    va_start(ap, types);
    batch_addv(b, statement, types, ap);
    va_end(ap);
}

void batch_expect(struct batch *b, size_t n)
{
    assert(b->n);
    b->statements[b->n - 1].expect = n;
}

const struct rows *batch_rows(const struct batch *b, size_t i)
{
    assert(i < b->n);
    return &b->statements[i].rows;
}

size_t batch_size(const struct batch *b)
{
    return b->n;
}

size_t batch_changed(const struct batch *b, size_t i)
{
    assert(i < b->n);
    return b->statements[i].changed;
}

struct batch *batch_copy(struct arena *a, const struct batch *from)
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < from->n; i++) {
        const struct batch_statement *s = &from->statements[i];
        struct store_value *values = arena_alloc(a, s->n_values * sizeof *values + 1);

        for (size_t k = 0; k < s->n_values; k++) {
            values[k] = s->values[k];
            if (values[k].type >= STORE_TEXT)
                values[k].s = arena_str(a, values[k].s);
        }
        *add_statement(b) = (struct batch_statement){
            .id = s->id, .n_values = s->n_values, .values = values, .expect = s->expect };
    }
    return b;
}

void batch_forget_results(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        b->statements[i].changed = 0;
        b->statements[i].rows = (struct rows){ 0 };
    }
    arena_freep(&b->results);
}

enum err batch_check(const struct batch_statement *s)
{
    if (s->expect == EXPECT_ANY || s->changed == s->expect)
        return OK;
    return failed(ERR_CONFLICT, "%s: %zu rows, not %zu", sql_names[s->id].name, s->changed, s->expect);
}

static const struct store_value *value_at(const struct rows *r, size_t row, size_t column)
{
    assert(row < r->n && column < r->columns);
    return &r->values[row * r->columns + column];
}

int64_t row_int(const struct rows *r, size_t row, size_t column)
{
    const struct store_value *v = value_at(r, row, column);

    return v->type == STORE_INT ? v->i : 0;
}

double row_real(const struct rows *r, size_t row, size_t column)
{
    const struct store_value *v = value_at(r, row, column);

    return v->type == STORE_REAL ? v->d : (double)row_int(r, row, column);
}

str row_str(const struct rows *r, size_t row, size_t column)
{
    const struct store_value *v = value_at(r, row, column);

    return v->type >= STORE_TEXT ? v->s : S("");
}

bool row_null(const struct rows *r, size_t row, size_t column)
{
    return value_at(r, row, column)->type == STORE_NULL;
}
