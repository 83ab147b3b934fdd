// SPDX-License-Identifier: Apache-2.0
#include "store/audit_hash.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/buf.h"

static void add_text(struct buf *b, str text)
{
    buf_addf(b, "%zu:", text.len);
    buf_add(b, text);
}

void audit_hash(char out[AUDIT_HASH_SIZE], str previous, const struct audit_columns *c)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    CLEANUP(buf_done) struct buf hex = { 0 };

    add_text(&b, previous);
    buf_addf(&b, "%" PRId64 ",%" PRId64 ",", c->id, c->at);
    for (size_t i = 0; i < AUDIT_TEXTS; i++)
        add_text(&b, c->texts[i]);
    SHA256((const unsigned char *)b.p, b.len, digest);
    buf_add_hex(&hex, str_of(digest, sizeof digest));
    memcpy(out, hex.p, AUDIT_HASH_SIZE);
}
