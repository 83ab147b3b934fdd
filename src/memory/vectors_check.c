// SPDX-License-Identifier: Apache-2.0
/* vectors_check.c: whether the files say what this program would have written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory/vectors_internal.h"

enum { SCRUB_BLOCKS = 32 };

struct check {
    struct vectors    *v;
    struct buf        *out;
    size_t             problems;
    struct vector_code code;
    size_t             items, retired;
};

static void check_done(struct check *c)
{
    vector_code_done(&c->code);
}

static void say(struct check *c, uint32_t row, const char *what)
{
    c->problems++;
    buf_addf(c->out, "row %u (item %lld): %s\n", row, (long long)row_id(c->v, row), what);
}

static bool all_zero(const void *p, size_t n)
{
    const char *bytes = p;

    return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

static bool is_empty(const struct vector_files *f, uint32_t row)
{
    return all_zero(codes_at(f, row), f->length) && all_zero(floats_at(f, row), f->width * sizeof(float));
}

static void check_free(struct check *c, uint32_t row)
{
    if (!is_empty(&c->v->files, row))
        say(c, row, "bytes of a vector where there is no item");
}

/* The int8 row is what the float32 row makes.  One apart is left to the rounding of another compiler. */
static bool copies_agree(struct check *c, uint32_t row)
{
    const struct vector_files *f = &c->v->files;
    const uint8_t *codes = codes_at(f, row);
    float scale = block_at(f, row / BLOCK_ROWS)->scales[row % BLOCK_ROWS];

    for (size_t i = 0; i < f->length; i++)
        if (abs(codes[i] - 128 - c->code.codes[i]) > 1)
            return false;
    return fabsf(scale - c->code.scale) <= c->code.scale * 1e-5F;
}

static void check_used(struct check *c, uint32_t row)
{
    const struct vector_files *f = &c->v->files;
    const float *floats = floats_at(f, row);
    float length = c->v->kernel->dot_float(floats, floats, f->width);
    int64_t id = row_id(c->v, row);

    c->items++;
    if (!item_id_valid(id) || item_partition(id) != block_at(f, row / BLOCK_ROWS)->partition)
        say(c, row, "an item in another's partition");
    else if (vector_map_get(&c->v->map, id) != row)
        say(c, row, "an item that is there twice");
    if (!(fabsf(length - 1) < 1e-3F) || vector_code_make(f, floats, f->dimension, &c->code) != OK)
        say(c, row, "the float32 vector does not have length 1");
    else if (!copies_agree(c, row))
        say(c, row, "the int8 vector is not that of the float32 vector");
}

static void check_block(struct check *c, uint32_t block)
{
    uint32_t used = block_used(c->v, block);

    for (uint32_t row = block * BLOCK_ROWS, r = 0; r < BLOCK_ROWS; r++, row++)
        if (used >> r & 1)
            check_used(c, row);
        else if (row_id(c->v, row) == 0)
            check_free(c, row);
        else
            c->retired++;
}

/* The lists that searches go through have every block of the file that has rows in use, once. */
static void check_lists(struct check *c)
{
    struct vector_partition *p;

    for (size_t i = 0; (p = partition_next(c->v, &i));) {
        const struct block_list *l = partition_blocks(p);
        size_t n = 0;

        for (size_t k = 0; k < list_length(l); k++)
            if (block_at(&c->v->files, l->at[k])->partition == p->number)
                n += (size_t)__builtin_popcount(block_used(c->v, l->at[k]));
        if (n != atomic_load(&p->items)) {
            c->problems++;
            buf_addf(c->out, "partition %u: %zu items, its blocks have %zu\n", p->number, atomic_load(&p->items), n);
        }
    }
}

static void scrub_block(struct vectors *v, size_t block)
{
    for (uint32_t row = (uint32_t)(block * BLOCK_ROWS), end = row + BLOCK_ROWS; row < end; row++)
        if (row_id(v, row) == 0 && !is_empty(&v->files, row))
            vector_files_zero(&v->files, row, 1);
}

size_t vectors_scrub(struct vectors *v, size_t steps)
{
    for (; v->files.was_open && steps > 0; steps--) {
        for (size_t i = 0; i < SCRUB_BLOCKS && v->scrub_at < v->files.blocks; i++)
            scrub_block(v, v->scrub_at++);
        v->files.was_open = v->scrub_at < v->files.blocks;
    }
    return steps;
}

size_t vectors_check(struct vectors *v, struct buf *out)
{
    CLEANUP(check_done) struct check c = { .v = v, .out = out, .code = vector_code_new(&v->files) };

    for (size_t b = 0; b < v->files.blocks; b++)
        check_block(&c, (uint32_t)b);
    check_lists(&c);
    if (c.items != atomic_load(&v->items) || c.retired != v->retired.n) {
        c.problems++;
        buf_addf(out, "%zu items and %zu removed ones in the file, %zu and %zu are known\n", c.items, c.retired,
                 atomic_load(&v->items), v->retired.n);
    }
    return c.problems;
}
