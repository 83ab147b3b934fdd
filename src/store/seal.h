// SPDX-License-Identifier: Apache-2.0
/* seal.h: authenticated encryption, AES-256-GCM (NIST SP 800-38D).  A nonce is random and used once. */
#pragma once
#include "base/buf.h"

enum { SEAL_KEY_SIZE = 32, SEAL_NONCE_SIZE = 12, SEAL_TAG_SIZE = 16 };

/* Adds the ciphertext and its tag to `out`.  `about` is authenticated with it and not part of it. */
void     seal(const unsigned char key[SEAL_KEY_SIZE], const unsigned char nonce[SEAL_NONCE_SIZE], str about, str plain, struct buf *out);
/* ERR_AUTH: not what seal() made with this key, nonce and `about`; then nothing is added. */
enum err unseal(const unsigned char key[SEAL_KEY_SIZE], str nonce, str about, str sealed, struct buf *out) MUST_USE;
