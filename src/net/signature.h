// SPDX-License-Identifier: Apache-2.0
/* signature.h: what platforms sign and encrypt their calls with.  Bytes in, bytes out; text forms are base/buf.h's
 * (hex, base64).  Compare what a stranger sent with str_eq_secret(). */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

/* Raw digests, in the arena.  parts are hashed one behind the other. */
str  sha1_of(struct arena *, const str *parts, size_t n_parts);             /* 20 bytes */
str  sha256_of(struct arena *, const str *parts, size_t n_parts);           /* 32 bytes */
str  hmac_sha1(struct arena *, str key, const str *parts, size_t n_parts);  /* RFC 2104 */
str  hmac_sha256(struct arena *, str key, const str *parts, size_t n_parts);

/* RFC 8032: public_key 32 bytes, signature 64. */
bool ed25519_valid(str public_key, str signature, const str *parts, size_t n_parts);
/* The same from a seed of 32 bytes (QQ bots answer a challenge so); 64 bytes in the arena, NO_STR for a bad seed. */
str  ed25519_sign(struct arena *, str seed, str text);

/* AES-256-CBC without padding of its own (WeCom pads to 32 bytes, Feishu to 16, both as PKCS #7): size a multiple of 16.
 * ERR_INPUT: a wrong size.  Whether the key was right is for a signature to say. */
enum err aes_cbc_decrypt(str key, str iv, str sealed, struct buf *out) MUST_USE;
enum err aes_cbc_encrypt(str key, str iv, str padded, struct buf *out) MUST_USE;
/* Takes off PKCS #7 padding of at most `block` bytes.  ERR_INPUT: it is none. */
enum err pkcs7_unpad(str padded, size_t block, str *out) MUST_USE;

/* RSASSA-PKCS1-v1_5 with SHA-256 (JWT's RS256, RFC 7518 section 3.3), the key as modulus and exponent of a JWK. */
bool rs256_valid(str modulus, str exponent, str text, str signature);
/* The same to sign with, the key as PEM (a service account's); in the arena.  ERR_INPUT: that is no RSA key. */
enum err rs256_sign(struct arena *, str pem, str text, str *out) MUST_USE;
