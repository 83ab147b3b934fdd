// SPDX-License-Identifier: Apache-2.0
/* blobs.c: the file is on disk before its row is, and the row is gone before its file is: a crash between leaves a
 * file that nobody knows, never a row without a file.  (Such a file is taken over when the content comes again,
 * which it does: its message was not acknowledged.) */
#include "store/blobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/random.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "store/folder.h"

enum { EXPIRE_AT_ONCE = 64 };

struct blobs {
    struct store  *store;
    char          *folder;
    uint64_t       max_bytes;
    struct list    claims;      /* hashes somebody is putting or removing: one at a time each */
    struct waiters unclaimed;
};

struct claim {
    struct list   node;
    struct blobs *blobs;
    const char   *hash;
};

static void claim_free(struct claim *c)
{
    if (c->blobs == NULL)
        return;
    list_remove(&c->node);
    wake_all(&c->blobs->unclaimed);
}

static bool claimed(struct blobs *b, const char *hash)
{
    list_each(node, &b->claims)
        if (strcmp(list_entry(node, struct claim, node)->hash, hash) == 0)
            return true;
    return false;
}

/* An expiry between another's write of the file and its row would remove what is just being kept. */
static enum err claim(struct blobs *b, const char *hash, struct claim *c) AWAITS
{
    while (claimed(b, hash))
        TRY(wait_on(&b->unclaimed, "another hand on the same blob"));
    c->blobs = b;
    c->hash = hash;
    list_push_back(&b->claims, &c->node);
    return OK;
}

static bool hash_valid(str hash)
{
    if (hash.len != BLOB_HASH_SIZE - 1)
        return false;
    for (size_t i = 0; i < hash.len; i++)
        if (!strchr("0123456789abcdef", hash.p[i]))
            return false;
    return true;
}

static void blob_path(const struct blobs *b, const char *hash, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%.2s/%.2s/%s", b->folder, hash, hash + 2, hash);
}

/* --- in a pool thread --- */

struct put { const struct blobs *blobs; str content; char *hash; };

static enum err hash_content(void *arg)
{
    struct put *p = arg;
    unsigned char digest[EVP_MAX_MD_SIZE];
    CLEANUP(buf_done) struct buf hex = { 0 };

    if (EVP_Digest(p->content.p, p->content.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return failed(ERR_BUG, "SHA-256 does not work");
    buf_add_hex(&hex, str_of(digest, 32));
    memcpy(p->hash, buf_c(&hex), BLOB_HASH_SIZE);
    return OK;
}

static enum err write_all(int fd, str s, const char *path)
{
    while (s.len) {
        ssize_t n = write(fd, s.p, s.len);

        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "cannot write %s: %s", path, strerror(errno));
        s = str_skip(s, n > 0 ? (size_t)n : 0);
    }
    if (fsync(fd) < 0)
        return failed(ERR_IO, "cannot sync %s: %s", path, strerror(errno));
    return OK;
}

/* Every folder on the way may be new, so each is synced: the file must be found after a power cut. */
static enum err move_into_place(const struct blobs *b, const char *tmp, const char *hash)
{
    char path[PATH_MAX];

    blob_path(b, hash, path);
    TRY(folders_make_for(path));
    if (rename(tmp, path) < 0)
        return failed(ERR_IO, "cannot rename to %s: %s", path, strerror(errno));
    for (int i = 0; i < 3; i++) {
        TRY(folder_sync_of(path));
        *strrchr(path, '/') = 0;
    }
    return OK;
}

static enum err write_blob(const struct put *p, const char *tmp)
{
    CLEANUP(raw_closep) int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return failed(ERR_IO, "cannot make %s: %s", tmp, strerror(errno));
    TRY(write_all(fd, p->content, tmp));
    return move_into_place(p->blobs, tmp, p->hash);
}

static enum err store_content(void *arg)
{
    const struct put *p = arg;
    char path[PATH_MAX], tmp[PATH_MAX], id[UUID_SIZE];
    struct stat st;

    blob_path(p->blobs, p->hash, path);
    if (stat(path, &st) == 0 && (size_t)st.st_size == p->content.len)
        return OK;
    random_uuid(id);
    snprintf(tmp, sizeof tmp, "%s/tmp/%s", p->blobs->folder, id);
    enum err e = write_blob(p, tmp);

    if (e)
        unlink(tmp);
    return e;
}

/* What a crash left behind. */
static void empty_tmp(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *entry;

    while (d && (entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
}

static enum err prepare_folder(void *arg)
{
    const struct blobs *b = arg;
    char tmp[PATH_MAX];

    if (snprintf(tmp, sizeof tmp, "%s/tmp/", b->folder) > PATH_MAX - 100)
        return failed(ERR_INPUT, "the path of the blob folder is too long");
    TRY(folders_make_for(tmp));
    empty_tmp(tmp);
    return OK;
}

struct read { const struct blobs *blobs; const char *hash; int fd; };

static enum err open_content(void *arg)
{
    struct read *r = arg;
    char path[PATH_MAX];

    blob_path(r->blobs, r->hash, path);
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0)
        return failed(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open %s: %s", path, strerror(errno));
    return OK;
}

static enum err remove_content(void *arg)
{
    const struct read *r = arg;
    char path[PATH_MAX];

    blob_path(r->blobs, r->hash, path);
    if (unlink(path) < 0 && errno != ENOENT)
        return failed(ERR_IO, "cannot remove %s: %s", path, strerror(errno));
    return OK;
}

/* --- in fibers --- */

enum err blobs_open(struct store *s, const char *folder, uint64_t max_bytes, struct blobs **out) AWAITS
{
    struct blobs *b = NEW(struct blobs);

    b->store = s;
    b->folder = str_dup_c(str_from(folder));
    b->max_bytes = max_bytes;
    list_init(&b->claims);
    enum err e = fiber_offload(prepare_folder, b);

    if (e)
        blobs_close(b);
    else
        *out = b;
    return e;
}

void blobs_close(struct blobs *b)
{
    if (b == NULL)
        return;
    free(b->folder);
    free(b);
}

static enum err put_row(struct blobs *b, const struct put *p, str mime, str name, int64_t expires_at) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *row = batch_new(a);

    batch_add(row, "blobs.put", "cissii", p->hash, (int64_t)p->content.len, mime, name, clock_wall_ms(), expires_at);
    return store_commit(b->store, row);
}

enum err blobs_put(struct blobs *b, str content, str mime, str name, int64_t expires_at, char ret_hash[BLOB_HASH_SIZE]) AWAITS
{
    char hash[BLOB_HASH_SIZE];
    struct put p = { b, content, hash };
    CLEANUP(claim_free) struct claim c = { .blobs = NULL };

    if (content.len > b->max_bytes)
        return failed(ERR_LIMIT, "a file of %zu bytes; at most %llu are kept", content.len, (unsigned long long)b->max_bytes);
    TRY(fiber_offload(hash_content, &p));
    TRY(claim(b, hash, &c));
    TRY(fiber_offload(store_content, &p));
    TRY(put_row(b, &p, mime, name, expires_at));
    memcpy(ret_hash, hash, sizeof hash);
    return OK;
}

enum err blobs_find(struct blobs *b, struct arena *a, str hash, struct blob *out) AWAITS
{
    struct rows r;

    TRY(store_read(b->store, a, &r, "blobs.get", "s", hash));
    if (r.n == 0)
        return failed(ERR_NOT_FOUND, "there is no blob %.*s", STR(str_take(hash, BLOB_HASH_SIZE)));
    *out = (struct blob){ .hash = arena_str(a, hash), .size = row_int(&r, 0, 0), .mime = row_str(&r, 0, 1),
                          .name = row_str(&r, 0, 2), .created_at = row_int(&r, 0, 3), .expires_at = row_int(&r, 0, 4) };
    return OK;
}

/* The hash comes from outside and becomes a path. */
enum err blobs_read(struct blobs *b, str hash, int *ret_fd) AWAITS
{
    char name[BLOB_HASH_SIZE];
    struct read r = { b, name, -1 };

    if (!hash_valid(hash))
        return failed(ERR_NOT_FOUND, "'%.*s' is no blob's name", STR(str_take(hash, BLOB_HASH_SIZE)));
    snprintf(name, sizeof name, "%.*s", STR(hash));
    enum err e = fiber_offload(open_content, &r);

    if (e == OK)
        *ret_fd = r.fd;
    else
        raw_closep(&r.fd);      /* opened, but we were cancelled meanwhile */
    return e;
}

static enum err expire_one(struct blobs *b, const char *hash, int64_t now, size_t *n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(claim_free) struct claim c = { .blobs = NULL };
    struct batch *row = batch_new(a);
    struct read r = { b, hash, -1 };

    TRY(claim(b, hash, &c));
    batch_add(row, "blobs.delete_expired", "ci", hash, now);
    TRY(store_commit(b->store, row));
    if (batch_changed(row, 0) == 0)     /* it was put again meanwhile */
        return OK;
    TRY(fiber_offload(remove_content, &r));
    ++*n;
    return OK;
}

enum err blobs_expire(struct blobs *b, int64_t now, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;
    size_t n = 0;

    TRY(store_read(b->store, a, &r, "blobs.expired", "ii", now, (int64_t)EXPIRE_AT_ONCE));
    for (size_t i = 0; i < r.n; i++)
        TRY(expire_one(b, arena_c(a, row_str(&r, i, 0)), now, &n));
    *ret_n = n;
    return OK;
}
