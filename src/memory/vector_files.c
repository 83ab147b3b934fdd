// SPDX-License-Identifier: Apache-2.0
#include "memory/vector_files.h"

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
#include "base/random.h"
#include "store/folder.h"

enum { VERSION = 1, ROWS_RESERVED = 16 << 20, IS_OPEN_AT = 512 };
#define RESERVED_MAX (UINT64_C(1) << 40)    /* bytes of addresses for one file, unless it is longer */
#define GROW_LEAST   (UINT64_C(1) << 20)    /* bytes of float rows */
#define GROW_MOST    (UINT64_C(1) << 28)
#define ZERO_BY_FILE (UINT64_C(64) << 10)   /* from so many bytes on the file system is asked to */

/* The same in all three but for `kind`; `set` is random, so that files of two sets are not taken for one. */
struct header {
    char     magic[8];
    uint32_t version, kind, dimension, block_rows, generation, reserved;
    uint8_t  set[16];
    uint64_t sum;
};

static const char *const endings[N_VECTOR_FILES] = { "rows", "i8", "f32" };
static const char magic[8] = { 'c', 'l', 'a', 'w', 'v', 'e', 'c', 's' };

_Static_assert(sizeof(struct vector_block) == 256, "a block's place in the file");
_Static_assert(BLOCK_ROWS == 16 && sizeof(_Atomic uint32_t) == 4, "a bit a row");

static uint64_t sum_of(const struct header *h)
{
    return str_hash_keyed(str_of(h, offsetof(struct header, sum)), (const uint64_t[2]){ 1, 2 });
}

static uint64_t block_bytes(const struct vector_files *f, enum vector_file which)
{
    return which == VECTOR_ROWS ? sizeof(struct vector_block) : BLOCK_ROWS * (which == VECTOR_CODES ? f->length : f->width * sizeof(float));
}

static uint64_t file_size(const struct vector_files *f, enum vector_file which, size_t blocks)
{
    return VECTOR_HEADER_SIZE + blocks * block_bytes(f, which);
}

static char *path_of(const char *folder, uint32_t generation, const char *ending)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/vectors-%u.%s", folder, generation, ending);
    return str_dup_c(str_from(path));
}

/* --- making them --- */

static enum err write_header(int fd, const struct header *h, const char *path)
{
    char page[VECTOR_HEADER_SIZE] = "";

    memcpy(page, h, sizeof *h);
    if (pwrite(fd, page, sizeof page, 0) != (ssize_t)sizeof page || fdatasync(fd) < 0)
        return failed(ERR_IO, "cannot write %s: %s", path, strerror(errno));
    return OK;
}

static enum err make_file(const char *path, struct header h, enum vector_file which)
{
    CLEANUP(raw_closep) int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return failed(ERR_IO, "cannot make %s: %s", path, strerror(errno));
    h.kind = which;
    h.sum = sum_of(&h);
    return write_header(fd, &h, path);
}

/* The file of rows comes last, whole, and under another name first: where it is, the others are. */
static enum err make_files(struct vector_files *f, uint32_t generation)
{
    struct header h = { .version = VERSION, .dimension = (uint32_t)f->dimension, .block_rows = BLOCK_ROWS, .generation = generation };
    char tmp[PATH_MAX];
    const char *rows = f->paths[VECTOR_ROWS];

    memcpy(h.magic, magic, sizeof magic);
    random_bytes(h.set, sizeof h.set);
    TRY(folders_make_for(rows));
    TRY(make_file(f->paths[VECTOR_FLOATS], h, VECTOR_FLOATS));
    TRY(make_file(f->paths[VECTOR_CODES], h, VECTOR_CODES));
    snprintf(tmp, sizeof tmp, "%s.tmp", rows);
    TRY(make_file(tmp, h, VECTOR_ROWS));
    if (rename(tmp, rows) < 0)
        return failed(ERR_IO, "cannot rename to %s: %s", rows, strerror(errno));
    return folder_sync_of(rows);
}

/* --- opening them --- */

static enum err check_header(const struct vector_files *f, const struct header *h, enum vector_file which, uint32_t generation)
{
    const char *path = f->paths[which];

    if (memcmp(h->magic, magic, sizeof magic) != 0)
        return failed(ERR_INPUT, "%s is damaged: it does not begin as a file of vectors does", path);
    if (h->version != VERSION)
        return failed(ERR_CONFLICT, "%s has version %u, this program knows %d", path, h->version, VERSION);
    if (h->sum != sum_of(h) || h->kind != which || h->block_rows != BLOCK_ROWS || h->generation != generation)
        return failed(ERR_INPUT, "%s is damaged: its header does not fit", path);
    if (h->dimension != f->dimension)
        return failed(ERR_CONFLICT, "%s has vectors of %u dimensions, not of %zu", path, h->dimension, f->dimension);
    return OK;
}

static enum err open_file(struct vector_files *f, enum vector_file which, uint32_t generation, struct header *h, uint64_t *ret_size)
{
    const char *path = f->paths[which];
    struct stat st;

    f->fds[which] = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (f->fds[which] < 0)
        return failed(errno == ENOENT ? ERR_INPUT : ERR_IO, "cannot open %s: %s", path, strerror(errno));
    if (fstat(f->fds[which], &st) < 0)
        return failed(ERR_IO, "cannot read %s: %s", path, strerror(errno));
    ssize_t n = pread(f->fds[which], h, sizeof *h, 0);

    if (n < 0)
        return failed(ERR_IO, "cannot read %s: %s", path, strerror(errno));
    if (n < (ssize_t)sizeof *h || st.st_size < VECTOR_HEADER_SIZE)
        return failed(ERR_INPUT, "%s is damaged: it is cut short", path);
    *ret_size = (uint64_t)st.st_size;
    return check_header(f, h, which, generation);
}

/* The file of rows is the last to grow, so the others are at least as long; they may be longer after a crash. */
static enum err open_files(struct vector_files *f, uint32_t generation)
{
    struct header first, h;
    uint64_t size;

    TRY(open_file(f, VECTOR_ROWS, generation, &first, &size));
    f->blocks = (size - VECTOR_HEADER_SIZE) / sizeof(struct vector_block);
    if (size != file_size(f, VECTOR_ROWS, f->blocks))
        return failed(ERR_INPUT, "%s is damaged: it is cut short", f->paths[VECTOR_ROWS]);
    for (enum vector_file i = VECTOR_CODES; i < N_VECTOR_FILES; i++) {
        TRY(open_file(f, i, generation, &h, &size));
        if (memcmp(first.set, h.set, sizeof h.set) != 0)
            return failed(ERR_INPUT, "%s is damaged: it does not belong to %s", f->paths[i], f->paths[VECTOR_ROWS]);
        if (size < file_size(f, i, f->blocks))
            return failed(ERR_INPUT, "%s is damaged: it is cut short", f->paths[i]);
    }
    return OK;
}

static bool map_file(struct vector_files *f, enum vector_file which)
{
    void *p = mmap(NULL, file_size(f, which, f->blocks_max), PROT_READ | PROT_WRITE, MAP_SHARED, f->fds[which], 0);

    if (p == MAP_FAILED)
        return false;
    f->maps[which] = p;
    return true;
}

static void unmap_files(struct vector_files *f)
{
    for (int i = 0; i < N_VECTOR_FILES; i++)
        if (f->maps[i])
            munmap(f->maps[i], file_size(f, (enum vector_file)i, f->blocks_max));
    memset(f->maps, 0, sizeof f->maps);
}

/* Addresses are plenty on most machines; where they are not (ulimit -v), fewer must do. */
static enum err map_files(struct vector_files *f)
{
    size_t by_bytes = RESERVED_MAX / block_bytes(f, VECTOR_FLOATS), by_rows = ROWS_RESERVED / BLOCK_ROWS;

    f->blocks_max = by_bytes < by_rows ? by_bytes : by_rows;
    if (f->blocks_max < f->blocks * 4)
        f->blocks_max = f->blocks * 4;
    for (; f->blocks_max > f->blocks; f->blocks_max = f->blocks + (f->blocks_max - f->blocks) / 2) {
        if (map_file(f, VECTOR_ROWS) && map_file(f, VECTOR_CODES) && map_file(f, VECTOR_FLOATS))
            return OK;
        unmap_files(f);
    }
    return failed(ERR_IO, "cannot map %s: %s", f->paths[VECTOR_FLOATS], strerror(errno));
}

/* On disk before anything else is, so that a crash is known of. */
static enum err mark_open(struct vector_files *f)
{
    uint8_t *mark = f->maps[VECTOR_ROWS] + IS_OPEN_AT;

    f->was_open = *mark;
    *mark = 1;
    return f->was_open ? OK : vector_files_sync(f, VECTOR_ROWS);
}

static void mark_closed(struct vector_files *f)
{
    for (int i = 0; i < N_VECTOR_FILES; i++)
        if (vector_files_sync(f, (enum vector_file)i) != OK)
            return;
    if (!f->was_open)
        f->maps[VECTOR_ROWS][IS_OPEN_AT] = 0;
}

enum err vector_files_open(struct vector_files *f, const char *folder, uint32_t dimension, uint32_t generation)
{
    *f = (struct vector_files){ .dimension = dimension, .length = (dimension + 63) / 64 * 64, .width = (dimension + 15) / 16 * 16,
                                .fds = { -1, -1, -1 } };
    if (strlen(folder) > PATH_MAX - 100)
        return failed(ERR_INPUT, "the path of the vectors' folder is too long");
    for (int i = 0; i < N_VECTOR_FILES; i++)
        f->paths[i] = path_of(folder, generation, endings[i]);
    enum err e = access(f->paths[VECTOR_ROWS], F_OK) == 0 ? OK : make_files(f, generation);

    e = e ? e : open_files(f, generation);
    e = e ? e : map_files(f);
    e = e ? e : mark_open(f);
    if (e)
        vector_files_close(f);
    else
        madvise(f->maps[VECTOR_FLOATS], file_size(f, VECTOR_FLOATS, f->blocks_max), MADV_RANDOM);   /* a few rows a search */
    return e;
}

void vector_files_close(struct vector_files *f)
{
    if (f->maps[VECTOR_FLOATS])
        mark_closed(f);
    unmap_files(f);
    for (int i = 0; i < N_VECTOR_FILES; i++) {
        raw_closep(&f->fds[i]);
        free(f->paths[i]);
        f->paths[i] = NULL;
    }
}

enum err vector_files_delete(const char *folder, uint32_t generation)
{
    for (int i = 0; i < N_VECTOR_FILES; i++) {
        CLEANUP(mem_freep) char *path = path_of(folder, generation, endings[i]);

        if (unlink(path) < 0 && errno != ENOENT)
            return failed(ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    return OK;
}

/* --- changing them --- */

/* An eighth more: at most so much is allocated and not used. */
static size_t step_of(const struct vector_files *f)
{
    size_t bytes = block_bytes(f, VECTOR_FLOATS), least = GROW_LEAST / bytes, most = GROW_MOST / bytes, step = f->blocks / 8;

    step = step < least ? least : step > most ? most : step;
    return step ? step : 1;
}

/* posix_fallocate() says its error by its result.  What was allocated before it failed stays: the next try needs it. */
static enum err grow_to(struct vector_files *f, size_t blocks)
{
    for (int i = N_VECTOR_FILES - 1; i >= 0; i--) {
        off_t from = (off_t)file_size(f, (enum vector_file)i, f->blocks), to = (off_t)file_size(f, (enum vector_file)i, blocks);
        int e;

        while ((e = posix_fallocate(f->fds[i], from, to - from)) == EINTR)
            ;
        if (e)
            return failed(ERR_IO, "no room for more vectors in %s: %s", f->paths[i], strerror(e));
    }
    f->blocks = blocks;
    return vector_files_sync(f, VECTOR_ROWS);   /* what is put there must not outlive a power cut that its place does not */
}

enum err vector_files_grow(struct vector_files *f)
{
    size_t step = step_of(f);

    if (f->blocks == f->blocks_max)
        return failed(ERR_LIMIT, "%s is full: it has grown as far as it can before the program starts anew", f->paths[VECTOR_ROWS]);
    if (step > f->blocks_max - f->blocks)
        step = f->blocks_max - f->blocks;
    if (step > 1 && grow_to(f, f->blocks + step) == OK)
        return OK;
    return grow_to(f, f->blocks + 1);
}

/* Pages that were changed through a mapping count. */
enum err vector_files_sync(struct vector_files *f, enum vector_file which)
{
    if (fdatasync(f->fds[which]) < 0)
        return failed(ERR_IO, "cannot sync %s: %s", f->paths[which], strerror(errno));
    return OK;
}

/* The file system does it without writing, and keeps the place allocated. */
static void zero(int fd, uint8_t *map, uint64_t from, uint64_t n)
{
    if (n < ZERO_BY_FILE || fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)n) < 0)
        memset(map + from, 0, n);
}

void vector_files_zero(struct vector_files *f, size_t row, size_t n)
{
    zero(f->fds[VECTOR_CODES], f->maps[VECTOR_CODES], (uint64_t)(codes_at(f, row) - f->maps[VECTOR_CODES]), n * f->length);
    zero(f->fds[VECTOR_FLOATS], f->maps[VECTOR_FLOATS], (uint64_t)((uint8_t *)floats_at(f, row) - f->maps[VECTOR_FLOATS]),
         n * f->width * sizeof(float));
}

uint64_t vector_files_bytes(const struct vector_files *f)
{
    uint64_t bytes = 0;

    for (int i = 0; i < N_VECTOR_FILES; i++)
        bytes += file_size(f, (enum vector_file)i, f->blocks);
    return bytes;
}
