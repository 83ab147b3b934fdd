// SPDX-License-Identifier: Apache-2.0
/* audit_hash.h: the hash of one row of the audit log: SHA-256 over the hash of the row before and every column, each with its
 * length before it, so that no two different rows are the same bytes. */
#pragma once
#include "base/str.h"

enum { AUDIT_HASH_SIZE = 65, AUDIT_TEXTS = 8 };

/* texts: person, platform, session_id, event, subject, decision, digest, detail */
struct audit_columns { int64_t id, at; str texts[AUDIT_TEXTS]; };

void audit_hash(char out[AUDIT_HASH_SIZE], str previous, const struct audit_columns *);
