// SPDX-License-Identifier: Apache-2.0
/* store.h: the state of record, and beside it the assistant's memory.  All SQL is in src/store/sql/, found by name; no other
 * folder writes SQL.
 *
 * A transaction is a value: a batch of named statements, executed as a unit.  There is no open transaction that
 * lives across an await, so nobody ever waits for a fiber that waits, and a store across a network needs one
 * round trip.  Writes of many fibers are committed together (group commit); each batch alone succeeds or fails. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct store;
struct batch;
struct data_keys;

enum store_type { STORE_NULL, STORE_INT, STORE_REAL, STORE_TEXT, STORE_BLOB };

struct store_value {
    enum store_type type;
    union { int64_t i; double d; };
    str s;                          /* text and blob; NUL-terminated */
};

struct rows { size_t n, columns; const struct store_value *values; };  /* row by row; lives as long as the batch's arena */
int64_t row_int(const struct rows *, size_t row, size_t column);        /* 0 unless an integer */
double  row_real(const struct rows *, size_t row, size_t column);       /* 0 unless a number */
str     row_str(const struct rows *, size_t row, size_t column);        /* "" unless text or blob */
bool    row_null(const struct rows *, size_t row, size_t column);

/* url: "sqlite:PATH", "sqlite:///PATH" (absolute) or a plain path.  Missing folders are made (0700), migrations are
 * run: ERR_IO with the reason when that fails (the database is then as it was), ERR_CONFLICT when the schema is newer
 * than this program, ERR_INPUT when there is no such kind of store.
 * For the durability proof, "sqlite:PATH?vfs=lossy&synchronous=off": refused unless a VFS of that name is linked in
 * (tests/support/lossy_vfs.c), which no installed program does. */
enum store_schema {
    STORE_RECORD,               /* conversations, people, what was done */
    STORE_MEMORY,               /* what the assistant remembers, and its full-text index: a database of its own, so that reading in a
                                 * thousand documents delays no message; what is deleted in it is overwritten */
    N_STORE_SCHEMAS,
};
struct store_options {
    const char       *url;
    enum store_schema schema;
    struct data_keys *keys;     /* of the memory's texts (data_keys.h), open as long as the store is; NULL: they are plain */
};
enum err store_open(const struct store_options *, struct store **out) AWAITS MUST_USE;
void     store_close(struct store *) AWAITS;    /* after what was given has been committed; not interrupted; accepts NULL */

struct batch *batch_new(struct arena *);
/* types: one letter a parameter: i int64_t, d double, s str, c const char *, b str as blob, n NULL (no argument);
 * an S is a str that becomes NULL when empty.  Values are copied.  The statement's name must exist and its number
 * of parameters must fit (assert; tools/check-sql compares every call in the source with the SQL). */
void batch_add(struct batch *, const char *statement, const char *types, ...);
/* About the statement added last: unless it changes (or returns) exactly n rows, the whole batch is undone and
 * the result is ERR_CONFLICT. */
void batch_expect(struct batch *, size_t n);
const struct rows *batch_rows(const struct batch *, size_t statement_index);    /* after success */
size_t batch_changed(const struct batch *, size_t statement_index);
size_t batch_size(const struct batch *);                                        /* statements added */
struct batch *batch_copy(struct arena *, const struct batch *);                 /* without results: to be given once more */

/* Durable when it returns OK.  ERR_CONFLICT: an expectation or a constraint; ERR_IO: disk full or broken; nothing
 * of the batch is stored.  It is not interrupted: the result is the true one, and a cancellation or deadline that
 * came meanwhile shows at the next await.  A batch is given once. */
enum err store_commit(struct store *, struct batch *) AWAITS MUST_USE;
/* Without waiting: rides along with the next commit, at the latest 50 ms from now.  Lost by a crash before that;
 * for what is only nice to know.  The batch is copied. */
void     store_commit_later(struct store *, const struct batch *);
/* Reads, on a reader connection, as one snapshot: sees everything committed before the call.  Not interrupted. */
enum err store_query(struct store *, struct batch *) AWAITS MUST_USE;
/* One statement of the above. */
enum err store_read(struct store *, struct arena *, struct rows *out, const char *statement, const char *types, ...) AWAITS MUST_USE;

struct store_stats {
    uint64_t commits, batches, queries, later;  /* commits: groups; a group's batches share one */
    uint64_t commit_us_total;
    bool     failing;                           /* the latest group could not be committed */
    char     failure[200];                      /* why, the last time */
};
void     store_stats(struct store *, struct store_stats *out);
/* integrity_check and foreign keys.  ERR_IO with the first finding; `ret_report` has them all ("ok" when sound). */
enum err store_check(struct store *, struct arena *, str *ret_report) AWAITS MUST_USE;
/* What was deleted leaves the files: the write-ahead log is emptied, pages are written anew, and copies that were made before a
 * migration go.  Takes as long as copying the database; commits wait meanwhile.  ERR_IO: no room, or somebody else reads. */
enum err store_shrink(struct store *) AWAITS MUST_USE;
