// SPDX-License-Identifier: Apache-2.0
/* vectors_graph.c: which partitions have a graph (hnsw.h), and what is in it.  A search goes through the graph and through the
 * rows that are not in it yet. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "memory/hnsw.h"

enum { SAVE_LEAST = 1000, SAVE_SHARE = 16 };

#define NEVER_SAVED (SIZE_MAX / 2)

static struct hnsw *graph_of(const struct vector_partition *p)
{
    return atomic_load_explicit(&p->graph, memory_order_acquire);
}

/* --- rows that are not in the graph --- */

static struct fresh_list *fresh_new(size_t cap)
{
    struct fresh_list *l = mem_alloc(sizeof *l + cap * sizeof l->at[0]);

    l->cap = cap;
    return l;
}

static void fresh_replace(struct vectors *v, struct vector_partition *p, struct fresh_list *new)
{
    struct fresh_list *old = atomic_load_explicit(&p->fresh, memory_order_relaxed);

    atomic_store_explicit(&p->fresh, new, memory_order_release);
    partition_keep_garbage(v, old);
}

/* Those of the old list that are still in use, with room for more. */
static struct fresh_list *fresh_copy(const struct vectors *v, const struct fresh_list *old)
{
    size_t n = old->n - old->head;
    struct fresh_list *l = fresh_new(n * 2 + 64);

    for (size_t i = old->head; i < old->n; i++)
        if (block_used(v, old->at[i] / BLOCK_ROWS) >> old->at[i] % BLOCK_ROWS & 1)
            l->at[l->n++] = old->at[i];
    return l;
}

void graph_added(struct vectors *v, struct vector_partition *p, uint32_t row)
{
    struct fresh_list *l = atomic_load_explicit(&p->fresh, memory_order_relaxed);

    if (l == NULL)
        return;
    if (l->n == l->cap) {
        l = fresh_copy(v, l);       /* the row is in use, and not in the old one */
        fresh_replace(v, p, l);
    }
    l->at[l->n] = row;
    atomic_fetch_add_explicit(&l->n, 1, memory_order_release);
}

/* --- graphs come and go --- */

static void path_of(const struct vectors *v, const struct vector_partition *p, char out[PATH_MAX])
{
    const char *rows = v->files.paths[VECTOR_ROWS];

    snprintf(out, PATH_MAX, "%.*s.%u.hnsw", (int)(strlen(rows) - strlen(".rows")), rows, p->number);
}

/* Whoever searches in it may go on; it is freed when none can. */
static void graph_leave(struct vectors *v, struct vector_partition *p)
{
    char path[PATH_MAX];

    path_of(v, p, path);
    unlink(path);
    v->old_graphs = mem_resize(v->old_graphs, (v->n_old_graphs + 1) * sizeof(struct hnsw *));
    v->old_graphs[v->n_old_graphs++] = graph_of(p);
    atomic_store_explicit(&p->graph, NULL, memory_order_release);
    fresh_replace(v, p, NULL);
}

void graph_after_readers(struct vectors *v)
{
    struct vector_partition *p;

    for (size_t i = 0; i < v->n_old_graphs; i++)
        hnsw_free(v->old_graphs[i]);
    free(v->old_graphs);
    v->old_graphs = NULL;
    v->n_old_graphs = 0;
    for (size_t i = 0; (p = partition_next(v, &i));)
        if (graph_of(p))
            hnsw_free_garbage(graph_of(p));
}

void graph_close(struct vectors *v)
{
    struct vector_partition *p;

    for (size_t i = 0; (p = partition_next(v, &i));) {
        hnsw_free(graph_of(p));
        p->graph = NULL;
    }
}

void graph_stats(struct vectors *v, struct vectors_stats *out)
{
    struct vector_partition *p;

    pthread_rwlock_rdlock(&v->readers);
    for (size_t i = 0; (p = partition_next(v, &i));)
        if (graph_of(p)) {
            out->graphs++;
            out->in_graphs += hnsw_size(graph_of(p));
        }
    pthread_rwlock_unlock(&v->readers);
}

enum err graph_delete(const char *folder, uint32_t generation)
{
    char prefix[40], path[PATH_MAX];
    DIR *d = opendir(folder);
    struct dirent *entry;
    enum err e = OK;

    snprintf(prefix, sizeof prefix, "vectors-%u.", generation);
    while (d && e == OK && (entry = readdir(d)) != NULL) {
        str name = str_from(entry->d_name);

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (str_starts(name, str_from(prefix)) && str_ends(name, S(".hnsw")) && unlink(path) < 0)
            e = failed(ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    if (d)
        closedir(d);
    return e;
}

/* --- what is removed --- */

/* The rows of those partitions that have a graph, each with its partition. */
static void sort_retired(struct vectors *v)
{
    for (size_t i = 0; i < v->retired.n; i++) {
        uint32_t row = v->retired.p[i];
        struct vector_partition *p = partition_find(v, block_at(&v->files, row / BLOCK_ROWS)->partition);

        if (graph_of(p))
            row_list_add(&p->leaving, row);
    }
}

void graph_take_out(struct vectors *v)
{
    struct vector_partition *p;

    sort_retired(v);
    for (size_t i = 0; (p = partition_next(v, &i));) {
        if (p->leaving.n == 0)
            continue;
        if (p->leaving.n * 2 > hnsw_size(graph_of(p))) {    /* mending costs more than a new one */
            graph_leave(v, p);
        } else {
            hnsw_remove(graph_of(p), p->leaving.p, p->leaving.n, partition_blocks(p));
            fresh_replace(v, p, fresh_copy(v, p->fresh));
            p->unsaved += p->leaving.n;
        }
        p->leaving.n = 0;
    }
}

/* --- upkeep --- */

static bool is_wanted(const struct vectors *v, const struct vector_partition *p)
{
    return atomic_load(&p->items) >= (graph_of(p) ? v->graph_from / 2 : v->graph_from);
}

/* A file that is not there or damaged is no failure: the graph is built.  NULL: there can be none on this machine. */
static struct hnsw *load(struct vectors *v, struct vector_partition *p)
{
    struct hnsw *h = hnsw_new(&v->files, v->kernel, p->number);
    char path[PATH_MAX];

    path_of(v, p, path);
    p->unsaved = 0;
    if (h && hnsw_load(h, path, partition_blocks(p)) == OK)
        return h;
    hnsw_free(h);
    p->unsaved = NEVER_SAVED;
    return hnsw_new(&v->files, v->kernel, p->number);
}

static void graph_come(struct vectors *v, struct vector_partition *p)
{
    struct hnsw *h = load(v, p);
    if (h == NULL) {
        v->graph_from = SIZE_MAX;
        return;
    }
    const struct block_list *l = partition_blocks(p);
    struct fresh_list *fresh = fresh_new(list_length(l) * BLOCK_ROWS + 64);

    for (size_t i = 0; i < list_length(l); i++)
        for (uint32_t used = block_used(v, l->at[i]); used; used &= used - 1) {
            uint32_t row = l->at[i] * BLOCK_ROWS + (uint32_t)__builtin_ctz(used);

            if (!hnsw_has(h, row))
                fresh->at[fresh->n++] = row;
        }
    fresh_replace(v, p, fresh);
    atomic_store_explicit(&p->graph, h, memory_order_release);
}

static bool has_fresh(const struct vector_partition *p)
{
    const struct fresh_list *l = p->fresh;

    return l && l->head < l->n;
}

static void insert_next(struct vectors *v, struct vector_partition *p)
{
    struct fresh_list *l = p->fresh;
    uint32_t row = l->at[l->head];

    if ((block_used(v, row / BLOCK_ROWS) >> row % BLOCK_ROWS & 1) && !hnsw_has(graph_of(p), row)) {
        hnsw_insert(graph_of(p), row);
        p->unsaved++;
    }
    atomic_fetch_add_explicit(&l->head, 1, memory_order_release);
}

static bool is_to_be_saved(const struct vector_partition *p)
{
    return p->unsaved > SAVE_LEAST + hnsw_size(graph_of(p)) / SAVE_SHARE;
}

static enum err save(struct vectors *v, struct vector_partition *p)
{
    char path[PATH_MAX];

    path_of(v, p, path);
    TRY(hnsw_save(graph_of(p), path, partition_blocks(p)));
    p->unsaved = 0;
    return OK;
}

/* True: there is more to do here. */
static enum err maintain(struct vectors *v, struct vector_partition *p, size_t *steps, bool *ret_more)
{
    if (graph_of(p) && !is_wanted(v, p))
        graph_leave(v, p);
    *ret_more = false;
    if (!is_wanted(v, p))
        return OK;
    *ret_more = true;
    if (graph_of(p) == NULL && *steps > 0) {
        graph_come(v, p);
        --*steps;
    }
    for (; *steps > 0 && has_fresh(p); --*steps)
        insert_next(v, p);
    if (*steps == 0)
        return OK;
    *ret_more = false;
    return graph_of(p) && is_to_be_saved(p) ? save(v, p) : OK;
}

enum err vectors_maintain(struct vectors *v, size_t steps, bool *ret_more)
{
    struct vector_partition *p;

    *ret_more = false;
    steps = vectors_scrub(v, steps);
    while (steps > 0 && (p = partition_next(v, &v->maintain_at))) {
        TRY(maintain(v, p, &steps, ret_more));
        if (*ret_more)
            v->maintain_at = p->number;     /* its turn once more */
    }
    if (steps > 0)
        v->maintain_at = 0;                 /* all have had their turn */
    else
        *ret_more = true;
    return OK;
}
