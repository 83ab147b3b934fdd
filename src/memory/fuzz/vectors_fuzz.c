// SPDX-License-Identifier: Apache-2.0
/* Files of a vector index that were changed anywhere: either they are refused, or what is found is an item of the partition that was
 * asked for, with a score that is a number, and what is put then is found.
 *
 * The input is a row of changes to a sound set of files: which file (1 byte, of four), where (3 bytes), how many bytes (1), these; a
 * count of 0 cuts the file off there. */
#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory/vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { DIMENSION = 8, ITEMS = 70, K = 100, FILES = 4, HEAD = 1 << 15 };

static const char *const names[FILES] = { "vectors-1.rows", "vectors-1.i8", "vectors-1.f32", "vectors-1.5.hnsw" };
static const struct vectors_options options = { .dimension = DIMENSION, .generation = 1, .graph_from = 50 };
static char folder[64];
static char *sound[FILES];
static size_t sizes[FILES];

static void path_of(char out[128], const char *name)
{
    snprintf(out, 128, "%s/%s", folder, name);
}

static void vector_of(int64_t id, float out[DIMENSION])
{
    for (int i = 0; i < DIMENSION; i++)
        out[i] = (float)((id * 31 + i * 17) % 23) - 11.5F;
}

static void put(struct vectors *v, int64_t id)
{
    float f[DIMENSION];

    vector_of(id, f);
    assert(vectors_put(v, id, f, DIMENSION) == OK);
}

static size_t search(struct vectors *v, uint32_t partition, struct vector_hit hits[K])
{
    float f[DIMENSION];
    size_t n;

    vector_of(7, f);
    struct vector_query q = { .values = f, .n_values = DIMENSION, .partitions = &partition, .n_partitions = 1, .k = K };

    assert(vectors_search(v, &q, hits, &n) == OK && n <= K);
    for (size_t i = 0; i < n; i++)
        assert(item_partition(hits[i].id) == partition && isfinite(hits[i].score));
    return n;
}

static void maintain(struct vectors *v)
{
    bool more = true;

    for (int i = 0; i < 10 && more; i++)
        assert(vectors_maintain(v, 200, &more) == OK);
}

static void clean(void)
{
    char path[128];

    for (int i = 0; i < FILES; i++) {
        path_of(path, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void read_file(int i)
{
    char path[128];

    path_of(path, names[i]);
    FILE *f = fopen(path, "r");

    assert(f);
    sound[i] = malloc(HEAD);
    assert(sound[i] && fread(sound[i], 1, HEAD, f) > 0 && fseek(f, 0, SEEK_END) == 0);
    sizes[i] = (size_t)ftell(f);
    fclose(f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *tmp = getenv("TMPDIR");
    struct vectors *v;

    (void)argc, (void)argv;
    snprintf(folder, sizeof folder, "%.40s/vectors-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    assert(mkdtemp(folder));
    assert(vectors_open(folder, &options, &v) == OK);
    for (int64_t i = 1; i <= ITEMS; i++) {
        put(v, item_id(5, i));
        put(v, item_id(6, i));
    }
    for (int64_t i = 1; i <= 15; i++)
        vectors_remove(v, item_id(6, i));
    assert(vectors_sync(v) == OK);
    maintain(v);
    vectors_close(v);
    for (int i = 0; i < FILES; i++)
        read_file(i);
    atexit(clean);
    return 0;
}

/* What was put is at the beginning of the files; the rest is room for more. */
static int restore(int i)
{
    char path[128];

    path_of(path, names[i]);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert(fd >= 0 && pwrite(fd, sound[i], sizes[i] < HEAD ? sizes[i] : HEAD, 0) > 0 && ftruncate(fd, (off_t)sizes[i]) == 0);
    return fd;
}

static void change(const int fds[FILES], const uint8_t **data, size_t *n)
{
    const uint8_t *d = *data;
    int fd = fds[d[0] % FILES];
    off_t at = (off_t)((size_t)(d[1] | d[2] << 8 | d[3] << 16) % sizes[d[0] % FILES]);
    size_t count = d[4] < *n - 5 ? d[4] : *n - 5;

    if (d[4] == 0)
        assert(ftruncate(fd, at) == 0);
    else
        assert(pwrite(fd, d + 5, count, at) == (ssize_t)count);
    *data += 5 + count;
    *n -= 5 + count;
}

static void use(struct vectors *v)
{
    CLEANUP(buf_done) struct buf problems = { 0 };
    struct vector_hit hits[K];
    float f[DIMENSION];

    search(v, 5, hits);
    search(v, 6, hits);
    vectors_check(v, &problems);
    maintain(v);
    search(v, 6, hits);
    put(v, item_id(6, 1000));
    for (int64_t i = 10; i < 30; i++)
        vectors_remove(v, item_id(6, i));
    assert(vectors_sync(v) == OK);
    maintain(v);
    for (size_t i = search(v, 6, hits); i > 0; i--)
        assert(item_sequence(hits[i - 1].id) < 10 || item_sequence(hits[i - 1].id) >= 30);
    assert(vectors_get(v, item_id(6, 1000), f) == OK);
    vectors_drop_partition(v, 5);
    assert(vectors_sync(v) == OK && search(v, 5, hits) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct vectors *v;
    int fds[FILES];

    for (int i = 0; i < FILES; i++)
        fds[i] = restore(i);
    while (n > 5)
        change(fds, &data, &n);
    for (int i = 0; i < FILES; i++)
        close(fds[i]);
    if (vectors_open(folder, &options, &v) != OK)
        return 0;
    use(v);
    vectors_close(v);
    return 0;
}
