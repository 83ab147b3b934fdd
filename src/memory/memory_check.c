// SPDX-License-Identifier: Apache-2.0
/* memory_check.c: what `memory doctor` asks. */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "memory/memory_internal.h"
#include "runtime/offload.h"

struct doctor {
    struct memory          *memory;
    struct arena           *arena;
    enum memory_care        care;
    struct memory_findings *out;
    struct buf              text;
};

static void doctor_done(struct doctor *d)
{
    buf_done(&d->text);
}

static void find(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void find(struct doctor *d, const char *fmt, ...)
{
    va_list args;
    char line[600];

    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    buf_addf(&d->text, "%s\n", line);
    d->out->n++;
}

static void mended(struct doctor *d)
{
    d->out->mended++;
}

static bool is_asked_to_mend(const struct doctor *d)
{
    return d->care == MEMORY_MEND;
}

static enum err commit_one(struct doctor *d, const char *statement) AWAITS
{
    struct batch *b = batch_new(d->arena);

    batch_add(b, statement, "");
    return store_commit(d->memory->store, b);
}

/* ---- the database ---- */

/* Damaged pages are not mended here: what is in them is known by the last backup. */
static enum err check_pages(struct doctor *d) AWAITS
{
    str report = NO_STR, line;
    enum err e = store_check(d->memory->store, d->arena, &report);

    if (e == OK || report.len == 0)
        return e;
    while (str_split(&report, '\n', &line))
        find(d, "database: %.*s", STR(line));
    return OK;
}

static enum err check_counts(struct doctor *d) AWAITS
{
    struct rows r;

    TRY(store_read(d->memory->store, d->arena, &r, "partition.miscounted", ""));
    if (r.n == 0)
        return OK;
    find(d, "counts: %zu scopes or collections count other items than they have", r.n);
    if (is_asked_to_mend(d)) {
        TRY(commit_one(d, "partition.count_again"));
        mended(d);
    }
    return OK;
}

static enum err check_text(struct doctor *d) AWAITS
{
    enum err e = text_check(&d->memory->text);

    if (e != ERR_IO && e != ERR_CONFLICT)
        return e;
    find(d, "full-text index: it is damaged, or is not of these items: %s", failed_text());
    if (is_asked_to_mend(d)) {
        TRY(text_rebuild(&d->memory->text));
        TRY(text_check(&d->memory->text));
        mended(d);
    }
    return OK;
}

/* ---- the vectors ---- */

struct file_check { struct vectors *vectors; struct buf report; size_t problems; };

static enum err check_files(void *arg)
{
    struct file_check *c = arg;

    c->problems = vectors_check(c->vectors, &c->report);
    return OK;
}

static void file_check_done(struct file_check *c)
{
    buf_done(&c->report);
}

static enum err check_files_inside(struct memory *m, struct file_check *c) AWAITS
{
    CLEANUP(vector_side_leave) struct memory *inside = NULL;

    TRY(vector_side_enter(m, &inside));
    c->vectors = m->vectors;
    return fiber_offload(check_files, c);
}

/* How much of it can be trusted is not known, and all of it can be made anew. */
static enum err check_vector_files(struct doctor *d) AWAITS
{
    CLEANUP(file_check_done) struct file_check c = { .report.max = 64 << 10 };

    TRY(check_files_inside(d->memory, &c));
    if (c.problems == 0)
        return OK;
    find(d, "vectors: %zu problems in the files; the first: %.*s", c.problems,
         STR(str_take(buf_str(&c.report), str_find_char(buf_str(&c.report), '\n'))));
    if (is_asked_to_mend(d) && d->memory->embedder.embed) {
        TRY(memory_renew_vectors(d->memory));
        mended(d);
    }
    return OK;
}

static enum err check_agreement(struct doctor *d) AWAITS
{
    struct vectors_difference v;

    TRY(vectors_compare(d->memory, d->care, &v));
    d->out->items = v.items;
    d->out->vectors = v.vectors;
    if (v.missing)
        find(d, "vectors: %llu items have none, though they should", (unsigned long long)v.missing);
    if (v.extra)
        find(d, "vectors: %llu are there of no item", (unsigned long long)v.extra);
    if (is_asked_to_mend(d))
        d->out->mended += (v.missing > 0) + (v.extra > 0);
    return OK;
}

static enum err check_left(struct doctor *d) AWAITS
{
    struct rows r;

    TRY(store_read(d->memory->store, d->arena, &r, "memory.stats", ""));
    d->out->purges = (uint64_t)row_int(&r, 0, 3);
    if (row_int(&r, 0, 2)) {
        find(d, "vectors: the embedder does not take %lld items; they are found by their words only", (long long)row_int(&r, 0, 2));
        if (is_asked_to_mend(d)) {
            TRY(commit_one(d, "vectors.try_again"));
            mended(d);
        }
    }
    return OK;
}

static enum err check_all(struct doctor *d) AWAITS
{
    TRY(check_pages(d));
    TRY(check_counts(d));
    TRY(check_text(d));
    if (d->memory->vectors) {
        TRY(check_vector_files(d));
        TRY(check_agreement(d));
    }
    return check_left(d);
}

enum err memory_check(struct memory *m, struct arena *a, enum memory_care care, struct memory_findings *out)
{
    CLEANUP(doctor_done) struct doctor d = { .memory = m, .arena = a, .care = care, .out = out, .text.max = 256 << 10 };

    *out = (struct memory_findings){ 0 };
    TRY(check_all(&d));
    if (care == MEMORY_MEND) {
        TRY(purge_all(m));
        memory_changed(m);
    }
    out->text = arena_str(a, buf_str(&d.text));
    return OK;
}
