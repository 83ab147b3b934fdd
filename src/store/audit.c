// SPDX-License-Identifier: Apache-2.0
#include "store/audit.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#include "runtime/clock.h"
#include "store/audit_hash.h"

enum { ROWS_AT_ONCE = 500 };

static void add_digest(struct buf *b, str content)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    if (content.p == NULL)
        return;
    SHA256((const unsigned char *)content.p, content.len, digest);
    buf_add_hex(b, str_of(digest, sizeof digest));
}

void audit_add(struct batch *b, const struct audit_row *r)
{
    CLEANUP(json_decrefp) json_t *detail = r->detail;
    CLEANUP(buf_done) struct buf digest = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };

    add_digest(&digest, r->content);
    if (detail)
        json_print_to(&text, detail);
    batch_add(b, "audit.add", "issscssss", clock_wall_ms(), r->person, r->platform, r->session_id, r->event, r->subject,
              r->decision, buf_str(&digest), buf_str(&text));
    batch_add(b, "audit.head", "");
}

void audit_later(struct store *store, const struct audit_row *r)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    audit_add(b, r);
    store_commit_later(store, b);
}

/* ---- looking back ---- */

struct walk { int64_t id; char hash[AUDIT_HASH_SIZE]; };

static enum err check_row(struct walk *w, const struct rows *r, size_t i)
{
    struct audit_columns c = { .id = row_int(r, i, 0), .at = row_int(r, i, 1) };
    char hash[AUDIT_HASH_SIZE];

    for (size_t k = 0; k < AUDIT_TEXTS; k++)
        c.texts[k] = row_str(r, i, k + 2);
    if (c.id != w->id + 1)
        return failed(ERR_IO, "audit: after row %" PRId64 " comes row %" PRId64 ": what was between is missing", w->id, c.id);
    audit_hash(hash, str_from(w->hash), &c);
    if (!str_eq(row_str(r, i, AUDIT_TEXTS + 2), str_from(hash)))
        return failed(ERR_IO, "audit: row %" PRId64 " was changed, or the one before it", c.id);
    *w = (struct walk){ .id = c.id };
    memcpy(w->hash, hash, sizeof hash);
    return OK;
}

static enum err check_head(const struct walk *w, str head)
{
    CLEANUP(buf_done) struct buf want = { 0 };

    if (w->id)
        buf_addf(&want, "%" PRId64 ":%s", w->id, w->hash);
    if (!str_eq(head, buf_str(&want)))
        return failed(ERR_IO, "audit: the log ends at row %" PRId64 ", and its head says %.*s: rows are missing at its end, or "
                              "the head was changed", w->id, STR(str_take(head, 30)));
    return OK;
}

/* The first look and the head are one snapshot with the last rows: the head is read again with every page. */
enum err audit_verify(struct store *store, int64_t *ret_n)
{
    struct walk w = { 0 };

    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct batch *b = batch_new(a);

        batch_add(b, "audit.after", "ii", w.id, (int64_t)ROWS_AT_ONCE);
        batch_add(b, "meta.get", "c", "audit.head");
        TRY(store_query(store, b));
        const struct rows *r = batch_rows(b, 0), *head = batch_rows(b, 1);

        for (size_t i = 0; i < r->n; i++)
            TRY(check_row(&w, r, i));
        *ret_n = w.id;
        if (r->n < ROWS_AT_ONCE)
            return check_head(&w, head->n ? row_str(head, 0, 0) : NO_STR);
    }
}
