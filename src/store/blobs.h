// SPDX-License-Identifier: Apache-2.0
/* blobs.h: files that came with messages, by the hex SHA-256 of their content.  The same content is kept once.
 * Now a folder (aa/bb/aabb..., 0600); S3 goes behind the same functions.  What a blob is called, and when it goes,
 * is a row of the store; a blob is there when its row is. */
#pragma once
#include "store/store.h"

struct blobs;

enum { BLOB_HASH_SIZE = 65 };   /* with the NUL */

struct blob {
    str     hash, mime, name;   /* mime and name as they were when the content first came */
    int64_t size;
    int64_t created_at;         /* ms */
    int64_t expires_at;         /* ms; 0: kept */
};

/* A blob has max_bytes at most. */
enum err blobs_open(struct store *, const char *folder, uint64_t max_bytes, struct blobs **out) AWAITS MUST_USE;
void     blobs_close(struct blobs *);

/* On disk when it returns OK.  ERR_LIMIT: too large; ERR_IO: disk full.  Content that is there already lives until
 * the later of both times. */
enum err blobs_put(struct blobs *, str content, str mime, str name, int64_t expires_at, char ret_hash[BLOB_HASH_SIZE]) AWAITS MUST_USE;
enum err blobs_find(struct blobs *, struct arena *, str hash, struct blob *out) AWAITS MUST_USE;    /* ERR_NOT_FOUND */
/* A descriptor at the content's start, which the caller closes.  It stays readable when the blob expires. */
enum err blobs_read(struct blobs *, str hash, int *ret_fd) AWAITS MUST_USE;
/* Removes what is past its time, some at once; call it again while it returns any. */
enum err blobs_expire(struct blobs *, int64_t now, size_t *ret_n) AWAITS MUST_USE;
