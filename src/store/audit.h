// SPDX-License-Identifier: Apache-2.0
/* audit.h: the record of who did what.  Rows are only ever added, each hashed together with the one before it, in the
 * same transaction as what they tell of: neither is there without the other.  They hold digests, not contents. */
#pragma once
#include "base/json.h"
#include "store/audit_hash.h"
#include "store/store.h"

struct audit_row {
    str         person, platform, session_id;   /* who, from where; "" where nobody, nowhere */
    const char *event;          /* "tool.call", "tool.result", "approval.given", "egress.connect", "secret.set", ... */
    str         subject;        /* a tool's name, a host, a secret's name */
    str         decision;       /* "allow by default 4"; "" where nothing was decided */
    str         content;        /* hashed, not kept: arguments, a result; NO_STR: none */
    json_t     *detail;         /* small; taken over (its reference is given up); NULL: none */
};

/* Adds the row's statements to the batch.  Texts longer than 500 bytes are cut. */
void audit_add(struct batch *, const struct audit_row *);
/* The same alone, along with the next commit, for what has no transaction of its own (a connection was made). */
void audit_later(struct store *, const struct audit_row *);

/* How many rows there are, and the last one's hash.  Whoever can write the database can also write a whole new chain; a head
 * that was kept elsewhere (a log, a note) shows that the rows up to it are still the same. */
struct audit_head { int64_t n; char hash[AUDIT_HASH_SIZE]; };
enum { AUDIT_HEAD_SIZE = AUDIT_HASH_SIZE + 21 };
char    *audit_head_text(char out[AUDIT_HEAD_SIZE], const struct audit_head *);     /* "17:9f86..."; returns out */
enum err audit_head_parse(str, struct audit_head *out) MUST_USE;
enum err audit_head_now(struct store *, struct audit_head *out) AWAITS MUST_USE;

struct audit_report {
    struct audit_head head;
    int64_t           clock_back;   /* id of the first row that is more than a minute earlier than the one before; 0: none */
};
/* Walks the whole chain.  ERR_IO: a row was changed, is missing or out of place, or (seen not NULL) it is another chain
 * than that of which this head was kept; the text names the row. */
enum err audit_verify(struct store *, const struct audit_head *seen, struct audit_report *out) AWAITS MUST_USE;

/* What to read.  event: itself, and with "tool" also "tool.call".  since: ms since 1970. */
struct audit_filter { str person, event; int64_t since, limit; };
/* Newest first; and oldest first, behind an id. */
enum err audit_latest(struct store *, struct arena *, const struct audit_filter *, struct rows *out) AWAITS MUST_USE;
enum err audit_page(struct store *, struct arena *, const struct audit_filter *, int64_t after, struct rows *out) AWAITS MUST_USE;
/* "2026-11-21T08:00:00Z", or how long ago: "24h"; "" is the beginning. */
enum err audit_since(str text, int64_t *out) MUST_USE;

/* For programs; new references.  A row is {id, at, person, platform, session_id, event, subject, decision, digest, detail, hash}.
 * A report is {sound, rows, head, clock_back}, or for an error {sound, error}. */
json_t  *audit_rows_json(const struct rows *);
json_t  *audit_report_json(enum err, const struct audit_report *);
