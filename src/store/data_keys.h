// SPDX-License-Identifier: Apache-2.0
/* data_keys.h: a key for each person, chat or other owner of texts, with which what is theirs is encrypted at rest (AES-256-GCM).
 * The keys are rows of the record, wrapped by the master key, and here in memory in the clear (locked where the system lets us, not
 * dumped).  Without its key a text is gone: data_keys_drop() forgets all that was encrypted with it, wherever a copy of it may lie.
 *
 * A key's name says whose it is: "user:alice", "chat:telegram/-100/".  It is durable before anything is encrypted with it. */
#pragma once
#include "base/buf.h"
#include "store/store.h"

struct data_keys;       /* secrets_data_keys() has them */

/* ---- of the loop thread ---- */

/* The owner's key, made when there is none.  Not interrupted. */
enum err data_keys_ensure(struct data_keys *, str name) AWAITS MUST_USE;
/* What was encrypted with it cannot be read any more, from the moment that it returns OK; nothing happens when there is none.  The wrapped
 * key is overwritten; out of the record's write-ahead log and snapshots it is after store_shrink(). */
enum err data_keys_drop(struct data_keys *, str name) AWAITS MUST_USE;
enum err data_keys_drop_person(struct data_keys *, str person) AWAITS MUST_USE;     /* "user:PERSON" */
size_t   data_keys_count(const struct data_keys *);

/* Until the end of the process texts of both kinds, plain and encrypted, are to be found by their words; to be said before any search. */
void     data_keys_expect_both(struct data_keys *);

/* ---- of any thread; NULL is fine: nothing is encrypted, and nothing can be opened ---- */

bool     data_keys_are_on(const struct data_keys *);        /* what comes is encrypted */
bool     data_keys_expected_both(const struct data_keys *);

enum { DATA_KEY_HASH_SIZE = 20 };       /* digits of a word's hash */

/* Adds "\x01", the key's number, ":", and nonce, ciphertext and tag in base64.  false: there is no key of that name. */
bool     data_keys_seal(struct data_keys *, str name, str plain, struct buf *out) MUST_USE;
/* Whether a text looks like one of those.  Who writes such a text by hand gets it back as one that cannot be read. */
bool     data_keys_is_sealed(str text);
/* false: its key is gone, or it is damaged; nothing is added then. */
bool     data_keys_open(struct data_keys *, str sealed, struct buf *out) MUST_USE;

/* The hashes (64 bits of HMAC-SHA-256 under a key made of the owner's) of the words of a text as they are indexed, with a blank between
 * them, for a full-text index; of Chinese words the hash of their first character too, which stands for "begins with".  false: no key
 * of that name. */
bool     data_keys_add_terms(struct data_keys *, str name, str text, struct buf *out) MUST_USE;
/* An expression of FTS5 of strings that are words each, or first characters of words ("x" *), with hashes in their place; when both kinds
 * are expected each string becomes two: ("HASH" OR "word").  What needs no change is added as it is. */
void     data_keys_add_search(struct data_keys *, str name, str expression, struct buf *out);
