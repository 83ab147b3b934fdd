// SPDX-License-Identifier: Apache-2.0
/* secrets.h: names and values that nobody may read: AES-256-GCM under a master key, in the store.  Open, they are in
 * memory in the clear (locked, not dumped), so that the configuration, the egress proxy and tools get them without waiting.
 * Every value is given to log_mask(). */
#pragma once
#include "base/buf.h"
#include "store/store.h"

struct secrets;
struct data_keys;

enum { SECRET_VALUE_MAX = 64 << 10 };

/* The master key comes from the first of: $CLAWDBOT_MASTER_KEY (64 hex digits), systemd's credential
 * clawdbot-master-key, the kernel's keyring (user key "clawdbot:master"), the file master.key in `home` (mode 0600), which
 * is made with the first secret when there is none of these.  ERR_AUTH: the key does not fit, is missing, or its file is
 * readable by others; the text says what to do. */
enum err secrets_open(struct store *, const char *home, struct secrets **out) AWAITS MUST_USE;
void     secrets_close(struct secrets *);       /* wipes; accepts NULL */

/* name: [a-z0-9_.-]+, at most 64.  The value is durable when it returns. */
enum err secret_set(struct secrets *, str name, str value, str person) AWAITS MUST_USE;
enum err secret_remove(struct secrets *, str name, str person) AWAITS MUST_USE;     /* ERR_NOT_FOUND */
/* Lives until the next set, remove or close.  ERR_NOT_FOUND names the nearest known one. */
enum err secret_get(const struct secrets *, str name, str *out) MUST_USE;
/* In order of name; NO_STR after the last. */
str      secret_name(const struct secrets *, size_t i);
/* Where the master key is: "the file master.key", "nowhere" before the first secret. */
const char *secrets_key_source(const struct secrets *);
/* A new master key: everything is encrypted anew in one transaction, then the key's file is replaced.  ERR_AUTH when the
 * key came from elsewhere: the text says how to rotate there. */
enum err secrets_rotate(struct secrets *, str person) AWAITS MUST_USE;

/* The keys of texts that are encrypted at rest (data_keys.h), under the same master key; they live as long as the secrets.
 * Accepts NULL. */
struct data_keys *secrets_data_keys(struct secrets *);
/* From now on texts are encrypted.  A master key is made when there is none. */
enum err secrets_encrypt_texts(struct secrets *) AWAITS MUST_USE;

/* `text` with every value of six bytes or more replaced by "***NAME***", also where it stands in base64, hex or
 * percent-encoded.  Nothing is added when there is nothing to mask: returns false. */
bool     secrets_mask(const struct secrets *, str text, struct buf *out) MUST_USE;
