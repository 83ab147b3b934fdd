// SPDX-License-Identifier: Apache-2.0
/* master_key.h: the key that secrets are encrypted with, and where it is kept.  Blocking: call it in fiber_offload. */
#pragma once
#include "base/str.h"

enum { MASTER_KEY_SIZE = 32, MASTER_KEY_ID_SIZE = 17 };

enum master_key_source { MASTER_KEY_NONE, MASTER_KEY_ENV, MASTER_KEY_CREDENTIAL, MASTER_KEY_KEYRING, MASTER_KEY_FILE };

struct master_key {
    enum master_key_source source;
    unsigned char bytes[MASTER_KEY_SIZE];
    char          id[MASTER_KEY_ID_SIZE];       /* hex, of a hash: tells keys apart and nothing of them */
};

const char *master_key_source_name(enum master_key_source);     /* "$CLAWDBOT_MASTER_KEY", "the file master.key", ... */

/* The first of: $CLAWDBOT_MASTER_KEY, systemd's credential clawdbot-master-key ($CREDENTIALS_DIRECTORY), the kernel's keyring
 * (user key "clawdbot:master" in the user's keyring), master.key in `home`; each holds 64 hex digits.  None: source is
 * MASTER_KEY_NONE.  ERR_AUTH: it is there and cannot be used (others can read the file, not 64 hex digits). */
enum err master_key_find(const char *home, struct master_key *out) MUST_USE;
/* What a rotation left that did not end: master.key.new; MASTER_KEY_NONE when there is none. */
enum err master_key_find_new(const char *home, struct master_key *out) MUST_USE;
/* A random one, durable as master.key.new. */
enum err master_key_make_new(const char *home, struct master_key *out) MUST_USE;
/* master.key.new becomes master.key, or goes. */
enum err master_key_take_new(const char *home) MUST_USE;
void     master_key_drop_new(const char *home);
void     master_key_wipe(struct master_key *);
