// SPDX-License-Identifier: Apache-2.0
/* lossy_vfs.c: for tests only: a SQLite VFS named "lossy" that gives the disk only what was synced.  What was written
 * and not synced is kept in this process's memory, so that SIGKILL takes it away as a power cut would take the page
 * cache.  Linked into a program it registers itself; the url "sqlite:PATH?vfs=lossy" selects it.
 *
 * Every connection of the process sees the unsynced bytes (they share one overlay a file).  What an orderly close
 * leaves unsynced is written: the process ended, the power did not.  Names are not lossy: a file that was created is
 * there, and empty until its first sync.  The wal-index (-shm) passes through: SQLite rebuilds it when it is the
 * first to open the database, as it is after a kill. */
#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096 };

/* The unsynced state of one file. */
struct overlay {
    struct overlay *next;
    char           *path;
    int             handles;
    sqlite3_int64   size;           /* as the process sees it */
    sqlite3_int64   real_valid;     /* the real file's bytes from here on are not to be seen: truncated, not synced */
    size_t          n_blocks;
    char          **blocks;         /* NULL: as in the real file */
};

struct lossy_file {
    sqlite3_file    base;
    struct overlay *overlay;
    sqlite3_file   *real;           /* behind this struct */
};

static sqlite3_vfs    *real_vfs;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;      /* over everything here: it is a test */
static struct overlay *overlays;

static void *memory(void *old, size_t n)
{
    void *p = realloc(old, n);

    if (p == NULL)
        abort();
    return p;
}

static struct lossy_file *lossy(sqlite3_file *f)
{
    return (struct lossy_file *)f;
}

static struct overlay **overlay_named(const char *path)
{
    struct overlay **at = &overlays;

    while (*at && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}

static void drop_blocks(struct overlay *o, size_t from)
{
    for (size_t i = from; i < o->n_blocks; i++) {
        free(o->blocks[i]);
        o->blocks[i] = NULL;
    }
}

/* One block's bytes in the real file; zero where there are none, or none to be seen. */
static int read_real(struct lossy_file *f, size_t block, char *out)
{
    sqlite3_int64 at = (sqlite3_int64)block * BLOCK, seen = f->overlay->real_valid - at;
    int rc = SQLITE_OK;

    memset(out, 0, BLOCK);
    if (seen <= 0)
        return SQLITE_OK;
    rc = f->real->pMethods->xRead(f->real, out, seen < BLOCK ? (int)seen : BLOCK, at);
    return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : rc;
}

static int block_for_writing(struct lossy_file *f, size_t i, char **out)
{
    struct overlay *o = f->overlay;
    int rc = SQLITE_OK;

    if (i >= o->n_blocks) {
        size_t n = i + 64;

        o->blocks = memory(o->blocks, n * sizeof *o->blocks);
        memset(o->blocks + o->n_blocks, 0, (n - o->n_blocks) * sizeof *o->blocks);
        o->n_blocks = n;
    }
    if (o->blocks[i] == NULL) {
        o->blocks[i] = memory(NULL, BLOCK);
        rc = read_real(f, i, o->blocks[i]);
    }
    *out = o->blocks[i];
    return rc;
}

static int read_locked(struct lossy_file *f, char *p, sqlite3_int64 n, sqlite3_int64 at)
{
    struct overlay *o = f->overlay;
    char block[BLOCK];

    while (n > 0) {
        size_t i = (size_t)(at / BLOCK), in = (size_t)(at % BLOCK);
        sqlite3_int64 some = BLOCK - (sqlite3_int64)in < n ? BLOCK - (sqlite3_int64)in : n;
        const char *from = i < o->n_blocks ? o->blocks[i] : NULL;

        if (from == NULL) {
            int rc = read_real(f, i, block);

            if (rc)
                return rc;
            from = block;
        }
        memcpy(p, from + in, (size_t)some);
        p += some, at += some, n -= some;
    }
    return SQLITE_OK;
}

static int lossy_read(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
    struct lossy_file *f = lossy(file);

    pthread_mutex_lock(&mutex);
    sqlite3_int64 there = f->overlay->size - at;

    if (there < 0)
        there = 0;
    if (there > n)
        there = n;
    int rc = read_locked(f, p, there, at);

    pthread_mutex_unlock(&mutex);
    if (rc == SQLITE_OK && there < n) {
        memset((char *)p + there, 0, (size_t)(n - there));
        return SQLITE_IOERR_SHORT_READ;
    }
    return rc;
}

static int lossy_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    struct lossy_file *f = lossy(file);
    const char *p = bytes;
    int rc = SQLITE_OK;

    pthread_mutex_lock(&mutex);
    while (n > 0 && rc == SQLITE_OK) {
        size_t in = (size_t)(at % BLOCK);
        int some = BLOCK - (int)in < n ? BLOCK - (int)in : n;
        char *block;

        rc = block_for_writing(f, (size_t)(at / BLOCK), &block);
        if (rc == SQLITE_OK)
            memcpy(block + in, p, (size_t)some);
        p += some, at += some, n -= some;
    }
    if (at > f->overlay->size)
        f->overlay->size = at;
    pthread_mutex_unlock(&mutex);
    return rc;
}

static int lossy_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct lossy_file *f = lossy(file);
    struct overlay *o = f->overlay;
    int rc = SQLITE_OK;
    char *block;

    pthread_mutex_lock(&mutex);
    if (size % BLOCK && size < o->size) {       /* what grows back over the cut is zero */
        rc = block_for_writing(f, (size_t)(size / BLOCK), &block);
        if (rc == SQLITE_OK)
            memset(block + size % BLOCK, 0, (size_t)(BLOCK - size % BLOCK));
    }
    drop_blocks(o, (size_t)((size + BLOCK - 1) / BLOCK));
    o->size = size;
    if (o->real_valid > size)
        o->real_valid = size;
    pthread_mutex_unlock(&mutex);
    return rc;
}

/* To the real file, in the order of the file: as a disk may be caught in the middle of it, so may we. */
static int flush_locked(struct lossy_file *f)
{
    struct overlay *o = f->overlay;
    sqlite3_int64 real_size = 0;
    int rc = f->real->pMethods->xFileSize(f->real, &real_size);

    if (rc == SQLITE_OK && real_size > o->real_valid)
        rc = f->real->pMethods->xTruncate(f->real, o->real_valid);
    for (size_t i = 0; i < o->n_blocks && rc == SQLITE_OK; i++) {
        sqlite3_int64 at = (sqlite3_int64)i * BLOCK, n = o->size - at < BLOCK ? o->size - at : BLOCK;

        if (o->blocks[i] && n > 0)
            rc = f->real->pMethods->xWrite(f->real, o->blocks[i], (int)n, at);
    }
    if (rc == SQLITE_OK) {
        drop_blocks(o, 0);
        o->real_valid = o->size;
    }
    return rc;
}

static int lossy_sync(sqlite3_file *file, int flags)
{
    struct lossy_file *f = lossy(file);

    pthread_mutex_lock(&mutex);
    int rc = flush_locked(f);

    if (rc == SQLITE_OK)
        rc = f->real->pMethods->xSync(f->real, flags);
    pthread_mutex_unlock(&mutex);
    return rc;
}

static int lossy_size(sqlite3_file *file, sqlite3_int64 *out)
{
    pthread_mutex_lock(&mutex);
    *out = lossy(file)->overlay->size;
    pthread_mutex_unlock(&mutex);
    return SQLITE_OK;
}

static void forget(struct overlay *o)
{
    *overlay_named(o->path) = o->next;
    drop_blocks(o, 0);
    free(o->blocks);
    free(o->path);
    free(o);
}

static int lossy_close(sqlite3_file *file)
{
    struct lossy_file *f = lossy(file);
    int rc = SQLITE_OK;

    pthread_mutex_lock(&mutex);
    if (f->overlay->handles == 1)
        rc = flush_locked(f);
    if (--f->overlay->handles == 0)
        forget(f->overlay);
    pthread_mutex_unlock(&mutex);
    f->real->pMethods->xClose(f->real);
    return rc;
}

/* --- what passes through --- */

#define REAL(f) (lossy(f)->real->pMethods)
static int lossy_lock(sqlite3_file *f, int how) { return REAL(f)->xLock(lossy(f)->real, how); }
static int lossy_unlock(sqlite3_file *f, int how) { return REAL(f)->xUnlock(lossy(f)->real, how); }
static int lossy_check(sqlite3_file *f, int *out) { return REAL(f)->xCheckReservedLock(lossy(f)->real, out); }
static int lossy_sector(sqlite3_file *f) { return REAL(f)->xSectorSize(lossy(f)->real); }
static int lossy_device(sqlite3_file *f) { return REAL(f)->xDeviceCharacteristics(lossy(f)->real); }
static int lossy_shm_lock(sqlite3_file *f, int at, int n, int flags) { return REAL(f)->xShmLock(lossy(f)->real, at, n, flags); }
static void lossy_shm_barrier(sqlite3_file *f) { REAL(f)->xShmBarrier(lossy(f)->real); }
static int lossy_shm_unmap(sqlite3_file *f, int remove) { return REAL(f)->xShmUnmap(lossy(f)->real, remove); }
static int lossy_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return REAL(f)->xShmMap(lossy(f)->real, page, size, extend, out);
}

/* Hints about the real file's size would make it larger than what was synced. */
static int lossy_control(sqlite3_file *f, int op, void *arg)
{
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE || op == SQLITE_FCNTL_MMAP_SIZE)
        return SQLITE_NOTFOUND;
    return REAL(f)->xFileControl(lossy(f)->real, op, arg);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = lossy_close, .xRead = lossy_read, .xWrite = lossy_write, .xTruncate = lossy_truncate,
    .xSync = lossy_sync, .xFileSize = lossy_size, .xLock = lossy_lock, .xUnlock = lossy_unlock,
    .xCheckReservedLock = lossy_check, .xFileControl = lossy_control, .xSectorSize = lossy_sector,
    .xDeviceCharacteristics = lossy_device, .xShmMap = lossy_shm_map, .xShmLock = lossy_shm_lock,
    .xShmBarrier = lossy_shm_barrier, .xShmUnmap = lossy_shm_unmap,
};

static int share_overlay(struct lossy_file *f, const char *path)
{
    struct overlay **at = overlay_named(path), *o = *at;
    int rc = SQLITE_OK;

    if (o == NULL) {
        o = memory(NULL, sizeof *o);
        *o = (struct overlay){ .path = strdup(path) };
        rc = f->real->pMethods->xFileSize(f->real, &o->size);
        o->real_valid = o->size;
        *at = o;
    }
    o->handles++;
    f->overlay = o;
    return rc;
}

/* Temporary files are nobody's record: they are the real VFS's own. */
static int lossy_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags, int *ret_flags)
{
    struct lossy_file *f = lossy(file);
    int rc;

    (void)vfs;
    if (path == NULL || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)))
        return real_vfs->xOpen(real_vfs, path, file, flags, ret_flags);
    f->base.pMethods = NULL;
    f->real = (sqlite3_file *)(f + 1);
    rc = real_vfs->xOpen(real_vfs, path, f->real, flags, ret_flags);
    if (rc != SQLITE_OK)
        return rc;
    pthread_mutex_lock(&mutex);
    rc = share_overlay(f, path);
    pthread_mutex_unlock(&mutex);
    f->base.pMethods = &methods;
    return rc;
}

/* SQLite removes a file only after it has closed it. */
static int lossy_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    return real_vfs->xDelete(real_vfs, path, sync_folder);
}

__attribute__((constructor)) static void register_lossy(void)
{
    static sqlite3_vfs vfs;

    real_vfs = sqlite3_vfs_find(NULL);
    assert(real_vfs);
    vfs = *real_vfs;        /* paths, time and the rest are the real one's */
    vfs.pNext = NULL;
    vfs.zName = "lossy";
    vfs.szOsFile = (int)sizeof(struct lossy_file) + real_vfs->szOsFile;
    vfs.xOpen = lossy_open;
    vfs.xDelete = lossy_delete;
    sqlite3_vfs_register(&vfs, 0);
}
