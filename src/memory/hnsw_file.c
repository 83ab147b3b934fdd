// SPDX-License-Identifier: Apache-2.0
/* hnsw_file.c: the graph on disk, all 32-bit words: the header; for each node its row, its item's id in two words, its levels, and
 * for each level the number of links and these; the sum over all before it.  It is a help and never the truth: without it, or when it
 * is damaged, the graph is built anew. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "memory/hnsw_internal.h"
#include "store/folder.h"

enum { HEADER_WORDS = 8, VERSION = 1, WORDS_AT_ONCE = 1 << 14 };
#define MAGIC 0x4e57534eU       /* "NSWN" */

/* --- writing --- */

struct writer {
    int      fd;
    uint64_t sum;
    size_t   n;
    bool     failed;
    uint32_t words[WORDS_AT_ONCE];
};

/* One word after the other, so that a change of any changes the sum. */
static uint64_t add_up(uint64_t sum, uint32_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

static void flush(struct writer *w)
{
    str rest = str_of(w->words, w->n * sizeof w->words[0]);

    while (rest.len && !w->failed) {
        ssize_t n = write(w->fd, rest.p, rest.len);

        w->failed = n < 0 && errno != EINTR;
        rest = str_skip(rest, n > 0 ? (size_t)n : 0);
    }
    w->n = 0;
}

static void put(struct writer *w, uint32_t word)
{
    w->sum = add_up(w->sum, word);
    w->words[w->n++] = word;
    if (w->n == WORDS_AT_ONCE)
        flush(w);
}

static void put_node(struct writer *w, const struct hnsw *h, uint32_t row)
{
    int levels = node_levels(h, row);
    uint64_t id = (uint64_t)block_at(h->files, row / BLOCK_ROWS)->ids[row % BLOCK_ROWS];
    uint32_t links[HNSW_LINKS_LOWEST];

    put(w, row);
    put(w, (uint32_t)id);
    put(w, (uint32_t)(id >> 32));
    put(w, (uint32_t)levels);
    for (int level = 0; level < levels; level++) {
        size_t n = links_read(h, row, level, links);

        put(w, (uint32_t)n);
        for (size_t i = 0; i < n; i++)
            put(w, links[i]);
    }
}

static void put_all(struct writer *w, const struct hnsw *h, const struct block_list *l)
{
    uint64_t entry = h->entry;

    put(w, MAGIC);
    put(w, VERSION);
    put(w, HNSW_LINKS);
    put(w, h->partition);
    put(w, (uint32_t)h->files->dimension);
    put(w, (uint32_t)h->n);
    put(w, (uint32_t)entry);
    put(w, (uint32_t)(entry >> 32));
    for (size_t i = 0; i < list_length(l); i++)
        for (uint32_t row = l->at[i] * BLOCK_ROWS, end = row + BLOCK_ROWS; row < end; row++)
            if (node_levels(h, row) > 0)
                put_node(w, h, row);
    uint64_t sum = w->sum;

    put(w, (uint32_t)sum);
    put(w, (uint32_t)(sum >> 32));
    flush(w);
}

static enum err save_as(const struct hnsw *h, const char *tmp, const char *path, const struct block_list *l)
{
    CLEANUP(mem_freep) struct writer *w = NEW(struct writer);
    CLEANUP(raw_closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return failed(ERR_IO, "cannot make %s: %s", tmp, strerror(errno));
    w->fd = fd;
    put_all(w, h, l);
    if (w->failed || fdatasync(fd) < 0)
        return failed(ERR_IO, "cannot write %s: %s", tmp, strerror(errno));
    if (rename(tmp, path) < 0)
        return failed(ERR_IO, "cannot rename to %s: %s", path, strerror(errno));
    return folder_sync_of(path);
}

enum err hnsw_save(const struct hnsw *h, const char *path, const struct block_list *l)
{
    char tmp[PATH_MAX];

    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    enum err e = save_as(h, tmp, path, l);

    if (e)
        unlink(tmp);
    return e;
}

/* --- reading --- */

struct reader { const uint32_t *words; size_t n, at, bytes; };

static void reader_done(struct reader *r)
{
    if (r->words)
        munmap((void *)r->words, r->bytes);
}

static enum err map(const char *path, struct reader *r)
{
    CLEANUP(raw_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return failed(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open %s: %s", path, strerror(errno));
    if (st.st_size < (HEADER_WORDS + 2) * 4)
        return failed(ERR_INPUT, "%s is damaged: it is cut short", path);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);

    if (p == MAP_FAILED)
        return failed(ERR_IO, "cannot read %s: %s", path, strerror(errno));
    *r = (struct reader){ p, (size_t)st.st_size / 4 - 2, HEADER_WORDS, (size_t)st.st_size };
    return OK;
}

static bool is_sound(const struct hnsw *h, const struct reader *r)
{
    const uint32_t *w = r->words;
    uint64_t sum = 0;

    if (w[0] != MAGIC || w[1] != VERSION || w[2] != HNSW_LINKS || w[3] != h->partition || w[4] != h->files->dimension)
        return false;
    for (size_t i = 0; i < r->n; i++)
        sum = add_up(sum, w[i]);
    return w[r->n] == (uint32_t)sum && w[r->n + 1] == (uint32_t)(sum >> 32);
}

static uint32_t get(struct reader *r)
{
    return r->at < r->n ? r->words[r->at++] : UINT32_MAX;
}

/* What is not there any more comes in too, to be removed as ever: whoever had a link to it is mended. */
static bool node_is_there(const struct hnsw *h, uint32_t row, int64_t id)
{
    const struct vector_block *b = block_at(h->files, row / BLOCK_ROWS);

    return item_partition(id) == h->partition && b->ids[row % BLOCK_ROWS] == id && (atomic_load(&b->used) >> row % BLOCK_ROWS & 1);
}

static bool get_links(struct hnsw *h, struct reader *r, uint32_t row, int level)
{
    uint32_t n = get(r), rows = (uint32_t)(h->files->blocks * BLOCK_ROWS);
    struct near links[HNSW_LINKS_LOWEST];

    if (n > links_max(level))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        links[i].row = get(r);
        if (links[i].row >= rows || links[i].row == row)
            return false;
    }
    links_write(h, row, level, links, n);
    return true;
}

static bool get_node(struct hnsw *h, struct reader *r, struct row_list *gone)
{
    uint32_t row = get(r), low = get(r), high = get(r), levels = get(r);

    if (row >= h->files->blocks * BLOCK_ROWS || levels < 1 || levels > HNSW_LEVELS || node_levels(h, row))
        return false;
    hnsw_add_node(h, row, (int)levels);
    if (!node_is_there(h, row, (int64_t)((uint64_t)high << 32 | low)))
        row_list_add(gone, row);
    for (int level = 0; level < (int)levels; level++)
        if (!get_links(h, r, row, level))
            return false;
    return true;
}

/* The sum was right, so this is to be expected; a file that somebody made on purpose must do no harm either. */
static bool links_lead_to_nodes(const struct hnsw *h)
{
    uint32_t links[HNSW_LINKS_LOWEST];

    for (uint32_t row = 0; row < h->files->blocks * BLOCK_ROWS; row++)
        for (int level = 0; level < node_levels(h, row); level++)
            for (size_t i = 0, n = links_read(h, row, level, links); i < n; i++)
                if (node_levels(h, links[i]) <= level)
                    return false;
    return true;
}

static bool get_all(struct hnsw *h, struct reader *r, struct row_list *gone)
{
    uint32_t n = r->words[5];
    uint64_t entry = (uint64_t)r->words[7] << 32 | r->words[6];

    for (uint32_t i = 0; i < n; i++)
        if (!get_node(h, r, gone))
            return false;
    if (r->at != r->n || !links_lead_to_nodes(h))
        return false;
    if (n && (node_levels(h, (uint32_t)entry) != (int)(entry >> 32) + 1 || entry >> 32 >= HNSW_LEVELS))
        return false;
    atomic_store(&h->entry, n ? entry : NO_NODE);
    return true;
}

enum err hnsw_load(struct hnsw *h, const char *path, const struct block_list *l)
{
    CLEANUP(reader_done) struct reader r = { 0 };
    CLEANUP(row_list_done) struct row_list gone = { 0 };

    TRY(map(path, &r));
    if (!is_sound(h, &r) || !get_all(h, &r, &gone))
        return failed(ERR_INPUT, "%s is damaged, or of other vectors", path);
    hnsw_remove(h, gone.p, gone.n, l);
    return OK;
}
