// SPDX-License-Identifier: Apache-2.0
/* audit.c: the hash of a row is made by the statement that adds it (audit.add), on the one connection that writes: only there
 * is the row before known.  A batch that is undone takes its rows and the head's step along. */
#include "store/audit.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/utf8.h"
#include "runtime/clock.h"
#include "store/audit_hash.h"
#include "store/driver.h"

enum { TEXT_MAX = 500, DETAIL_MAX = 4000, PAGE = 500, CLOCK_MS = 60 * 1000 };
enum { COLUMN_ID, COLUMN_AT, COLUMN_DETAIL = 9, COLUMN_HASH, N_COLUMNS };

/* What any store takes as a text. */
static str clean(struct arena *a, str s)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    utf8_add_repaired(&b, utf8_take(s, TEXT_MAX));
    for (size_t i = 0; i < b.len; i++)
        if (b.p[i] == '\0')
            b.p[i] = ' ';
    return arena_str(a, buf_str(&b));
}

static str detail_text(struct arena *a, const json_t *detail)
{
    str text = detail ? json_print(a, detail) : S("");

    return text.len > DETAIL_MAX ? S("{\"left_out\":\"it was too long\"}") : text;
}

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
    struct arena *a = b->arena;

    add_digest(&digest, r->content);
    batch_add(b, "audit.add", "issscssss", clock_wall_ms(), clean(a, r->person), clean(a, r->platform), clean(a, r->session_id),
              r->event, clean(a, r->subject), clean(a, r->decision), buf_str(&digest), detail_text(a, detail));
    batch_add(b, "audit.head", "");
}

void audit_later(struct store *s, const struct audit_row *r)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    audit_add(b, r);
    store_commit_later(s, b);
}

/* ---- the head ---- */

char *audit_head_text(char out[AUDIT_HEAD_SIZE], const struct audit_head *h)
{
    snprintf(out, AUDIT_HEAD_SIZE, "%lld:%s", (long long)h->n, h->hash);
    return out;
}

enum err audit_head_parse(str text, struct audit_head *out)
{
    struct audit_head h;
    str number = NO_STR;
    bool ok = str_split(&text, ':', &number) && str_i64(number, &h.n) == OK && h.n >= 0;

    if (!ok || text.len != (h.n ? AUDIT_HASH_SIZE - 1 : 0))
        return failed(ERR_INPUT, "a head is written as `clawdbot audit verify` prints it: a number, a colon and 64 hex digits");
    snprintf(h.hash, sizeof h.hash, "%.*s", STR(text));
    *out = h;
    return OK;
}

/* The head and what the table itself says, from one moment. */
enum err audit_head_now(struct store *s, struct audit_head *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(s, a, &r, "audit.outline", ""));
    int64_t n = row_int(&r, 0, 1), first = row_int(&r, 0, 2), last = row_int(&r, 0, 3);

    if (row_null(&r, 0, 0) && n == 0)
        *out = (struct audit_head){ .n = 0 };
    else if (audit_head_parse(row_str(&r, 0, 0), out))
        return failed(ERR_IO, "the audit log has lost its head (meta, audit.head)");
    if (n && first < 1)
        return failed(ERR_IO, "the audit log has a row %lld, before the first", (long long)first);
    if (last > out->n)
        return failed(ERR_IO, "the audit log has a row %lld that is not of the chain, which ends at %lld", (long long)last,
                      (long long)out->n);
    if (n < out->n && last < out->n)
        return failed(ERR_IO, "the audit log ends at row %lld, and there were %lld: the rest is missing", (long long)last,
                      (long long)out->n);
    return OK;
}

/* ---- walking the chain ---- */

struct walk {
    struct audit_report      report;    /* head: of the rows so far */
    const struct audit_head *seen;
    int64_t                  at;        /* of the row before */
};

static void hash_row(char out[AUDIT_HASH_SIZE], const char *before, const struct rows *r, size_t i)
{
    struct audit_columns c = { .id = row_int(r, i, COLUMN_ID), .at = row_int(r, i, COLUMN_AT) };

    for (size_t k = 0; k < AUDIT_TEXTS; k++)
        c.texts[k] = row_str(r, i, k + COLUMN_AT + 1);
    audit_hash(out, str_from(before), &c);
}

static enum err check_seen(const struct walk *w)
{
    if (w->seen == NULL || w->seen->n != w->report.head.n || strcmp(w->seen->hash, w->report.head.hash) == 0)
        return OK;
    return failed(ERR_IO, "row %lld of the audit log is not the one that the head %lld:%.8s... was kept of: the log was written anew",
                  (long long)w->seen->n, (long long)w->seen->n, w->seen->hash);
}

static enum err walk_row(struct walk *w, const struct rows *r, size_t i)
{
    struct audit_head *h = &w->report.head;
    int64_t id = row_int(r, i, COLUMN_ID), at = row_int(r, i, COLUMN_AT);
    char hash[AUDIT_HASH_SIZE];

    if (id != h->n + 1)
        return failed(ERR_IO, "the audit log has no row %lld, though it has %lld", (long long)h->n + 1, (long long)id);
    hash_row(hash, h->hash, r, i);
    if (!str_eq(str_from(hash), row_str(r, i, COLUMN_HASH)))
        return failed(ERR_IO, "row %lld of the audit log was changed, or the one before it", (long long)id);
    if (w->report.clock_back == 0 && at < w->at - CLOCK_MS)
        w->report.clock_back = id;
    w->at = at;
    h->n = id;
    memcpy(h->hash, hash, AUDIT_HASH_SIZE);
    return check_seen(w);
}

static enum err walk_page(struct store *s, struct walk *w, int64_t until) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t left = until - w->report.head.n;
    struct audit_filter all = { .person = S(""), .event = S(""), .since = INT64_MIN, .limit = left < PAGE ? left : PAGE };
    struct rows r;

    TRY(audit_page(s, a, &all, w->report.head.n, &r));
    if (r.n == 0)
        return failed(ERR_IO, "the audit log has no row %lld", (long long)w->report.head.n + 1);
    for (size_t i = 0; i < r.n; i++)
        TRY(walk_row(w, &r, i));
    return OK;
}

enum err audit_verify(struct store *s, const struct audit_head *seen, struct audit_report *out)
{
    struct walk w = { .seen = seen, .at = INT64_MIN + CLOCK_MS };
    struct audit_head end;

    TRY(audit_head_now(s, &end));
    if (seen && seen->n > end.n)
        return failed(ERR_IO, "the audit log has %lld rows, and had %lld when its head was kept", (long long)end.n, (long long)seen->n);
    while (w.report.head.n < end.n)
        TRY(walk_page(s, &w, end.n));
    if (strcmp(w.report.head.hash, end.hash))
        return failed(ERR_IO, "the last row of the audit log, %lld, is not the one that was added last", (long long)end.n);
    *out = w.report;
    return OK;
}

/* ---- reading ---- */

enum err audit_latest(struct store *s, struct arena *a, const struct audit_filter *f, struct rows *out)
{
    return store_read(s, a, out, "audit.latest", "ssii", f->person, f->event, f->since, f->limit);
}

enum err audit_page(struct store *s, struct arena *a, const struct audit_filter *f, int64_t after, struct rows *out)
{
    return store_read(s, a, out, "audit.page", "issii", after, f->person, f->event, f->since, f->limit);
}

enum err audit_since(str text, int64_t *out)
{
    uint64_t ago;

    if (text.len == 0)
        *out = 0;
    else if (duration_parse(text, &ago) == OK && ago < INT64_MAX / 2)
        *out = clock_wall_ms() - (int64_t)ago;
    else if (time_parse(text, out))
        return failed(ERR_INPUT, "since is a time such as 2026-11-21T08:00:00Z, or how long ago: 24h");
    return OK;
}

static json_t *row_json(const struct rows *r, size_t i)
{
    static const char *const names[N_COLUMNS] = { "id", "at", "person", "platform", "session_id", "event", "subject",
                                                  "decision", "digest", "detail", "hash" };
    json_t *j = json_object(), *detail;
    char at[TIME_TEXT_SIZE];

    for (size_t c = 0; c < N_COLUMNS; c++)
        json_object_set_new(j, names[c], json_from_str(row_str(r, i, c)));
    json_object_set_new(j, "id", json_integer(row_int(r, i, COLUMN_ID)));
    json_object_set_new(j, "at", json_string(time_text(at, row_int(r, i, COLUMN_AT))));
    if (row_str(r, i, COLUMN_DETAIL).len == 0)
        json_object_set_new(j, "detail", json_null());
    else if (json_parse(row_str(r, i, COLUMN_DETAIL), &detail) == OK)
        json_object_set_new(j, "detail", detail);
    return j;
}

json_t *audit_rows_json(const struct rows *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(list, row_json(r, i));
    return list;
}

json_t *audit_report_json(enum err e, const struct audit_report *r)
{
    char head[AUDIT_HEAD_SIZE];

    if (e)
        return json_pack("{s:b, s:o}", "sound", 0, "error", json_from_str(str_from(failed_text())));
    return json_pack("{s:b, s:I, s:s, s:I}", "sound", 1, "rows", (json_int_t)r->head.n, "head", audit_head_text(head, &r->head),
                     "clock_back", (json_int_t)r->clock_back);
}
