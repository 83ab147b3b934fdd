// SPDX-License-Identifier: Apache-2.0
#include "net/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

enum { AES_KEY = 32, AES_BLOCK = 16, ED_SEED = 32, ED_SIGNATURE = 64 };

#define FREER(type) static void free_##type(type **p) { type##_free(*p); }
FREER(EVP_CIPHER_CTX)
FREER(EVP_MD_CTX)
FREER(EVP_PKEY)
FREER(EVP_PKEY_CTX)
FREER(BIO)
#define BIGNUM_free BN_free
FREER(BIGNUM)
#undef BIGNUM_free
FREER(OSSL_PARAM_BLD)
FREER(OSSL_PARAM)
#undef FREER

static const unsigned char *bytes(str s)
{
    return (const unsigned char *)s.p;
}

static str digest_of(struct arena *a, const EVP_MD *kind, const str *parts, size_t n)
{
    CLEANUP(free_EVP_MD_CTX) EVP_MD_CTX *c = EVP_MD_CTX_new();
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    EVP_DigestInit_ex(c, kind, NULL);
    for (size_t i = 0; i < n; i++)
        EVP_DigestUpdate(c, parts[i].p, parts[i].len);
    EVP_DigestFinal_ex(c, out, &size);
    return arena_str(a, str_of((const char *)out, size));
}

str sha1_of(struct arena *a, const str *parts, size_t n)
{
    return digest_of(a, EVP_sha1(), parts, n);
}

str sha256_of(struct arena *a, const str *parts, size_t n)
{
    return digest_of(a, EVP_sha256(), parts, n);
}

static str joined(struct arena *a, const str *parts, size_t n)
{
    CLEANUP(buf_done) struct buf b = {0};

    for (size_t i = 0; i < n; i++)
        buf_add(&b, parts[i]);
    return arena_str(a, buf_str(&b));
}

static str hmac_of(struct arena *a, const EVP_MD *kind, str key, const str *parts, size_t n)
{
    str text = joined(a, parts, n);
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    HMAC(kind, key.len ? key.p : "", (int)key.len, bytes(text), text.len, out, &size);
    return arena_str(a, str_of((const char *)out, size));
}

str hmac_sha1(struct arena *a, str key, const str *parts, size_t n)
{
    return hmac_of(a, EVP_sha1(), key, parts, n);
}

str hmac_sha256(struct arena *a, str key, const str *parts, size_t n)
{
    return hmac_of(a, EVP_sha256(), key, parts, n);
}

bool ed25519_valid(str public_key, str signature, const str *parts, size_t n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(free_EVP_PKEY) EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes(public_key), public_key.len);
    CLEANUP(free_EVP_MD_CTX) EVP_MD_CTX *c = EVP_MD_CTX_new();
    str text = joined(a, parts, n);

    return key && signature.len == ED_SIGNATURE && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1
           && EVP_DigestVerify(c, bytes(signature), signature.len, bytes(text), text.len) == 1;
}

str ed25519_sign(struct arena *a, str seed, str text)
{
    CLEANUP(free_EVP_PKEY) EVP_PKEY *key = seed.len == ED_SEED
        ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes(seed), seed.len) : NULL;
    CLEANUP(free_EVP_MD_CTX) EVP_MD_CTX *c = EVP_MD_CTX_new();
    unsigned char out[ED_SIGNATURE];
    size_t size = sizeof out;

    if (!key || EVP_DigestSignInit(c, NULL, NULL, NULL, key) != 1 || EVP_DigestSign(c, out, &size, bytes(text), text.len) != 1)
        return NO_STR;
    return arena_str(a, str_of((const char *)out, size));
}

/* ---- AES ---- */

static enum err aes_cbc(int encrypt, str key, str iv, str in, struct buf *out)
{
    CLEANUP(free_EVP_CIPHER_CTX) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    size_t room;
    int n = 0, rest = 0;

    if (key.len != AES_KEY || iv.len != AES_BLOCK || in.len % AES_BLOCK || in.len > INT32_MAX / 2)
        return failed(ERR_INPUT, "AES-256-CBC takes a key of 32 bytes, an IV of 16, and whole blocks");
    char *to = buf_room(out, in.len + AES_BLOCK, &room);
    if (room < in.len + AES_BLOCK)
        return failed(ERR_LIMIT, "it is too long");
    if (EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, bytes(key), bytes(iv), encrypt) != 1 || EVP_CIPHER_CTX_set_padding(c, 0) != 1
        || EVP_CipherUpdate(c, (unsigned char *)to, &n, bytes(in), (int)in.len) != 1
        || EVP_CipherFinal_ex(c, (unsigned char *)to + n, &rest) != 1)
        return failed(ERR_INPUT, "AES-256-CBC failed");
    buf_grown(out, (size_t)(n + rest));
    return OK;
}

enum err aes_cbc_decrypt(str key, str iv, str sealed, struct buf *out)
{
    return aes_cbc(0, key, iv, sealed, out);
}

enum err aes_cbc_encrypt(str key, str iv, str padded, struct buf *out)
{
    return aes_cbc(1, key, iv, padded, out);
}

enum err pkcs7_unpad(str padded, size_t block, str *out)
{
    size_t n = padded.len ? (unsigned char)padded.p[padded.len - 1] : 0;

    if (n == 0 || n > block || n > padded.len)
        return failed(ERR_INPUT, "the padding is wrong");
    for (size_t i = padded.len - n; i < padded.len; i++)
        if ((unsigned char)padded.p[i] != n)
            return failed(ERR_INPUT, "the padding is wrong");
    *out = str_take(padded, padded.len - n);
    return OK;
}

/* ---- RSA ---- */

static EVP_PKEY *rsa_key(str modulus, str exponent)
{
    CLEANUP(free_OSSL_PARAM_BLD) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    CLEANUP(free_BIGNUM) BIGNUM *n = BN_bin2bn(bytes(modulus), (int)modulus.len, NULL);
    CLEANUP(free_BIGNUM) BIGNUM *e = BN_bin2bn(bytes(exponent), (int)exponent.len, NULL);
    CLEANUP(free_EVP_PKEY_CTX) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    CLEANUP(free_OSSL_PARAM) OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;

    if (!n || !e || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E,
            e) != 1
        || !(parameters = OSSL_PARAM_BLD_to_param(build)) || EVP_PKEY_fromdata_init(c) != 1
        || EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        return NULL;
    return key;
}

bool rs256_valid(str modulus, str exponent, str text, str signature)
{
    enum { MODULUS_MAX = 1024, EXPONENT_MAX = 8 };
    bool fits = modulus.len >= 128 && modulus.len <= MODULUS_MAX && exponent.len >= 1 && exponent.len <= EXPONENT_MAX;
    CLEANUP(free_EVP_PKEY) EVP_PKEY *key = fits ? rsa_key(modulus, exponent) : NULL;
    CLEANUP(free_EVP_MD_CTX) EVP_MD_CTX *c = EVP_MD_CTX_new();

    return key && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1
           && EVP_DigestVerify(c, bytes(signature), signature.len, bytes(text), text.len) == 1;
}

enum err rs256_sign(struct arena *a, str pem, str text, str *out)
{
    CLEANUP(free_BIO) BIO *in = BIO_new_mem_buf(pem.p, (int)pem.len);
    CLEANUP(free_EVP_PKEY) EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    CLEANUP(free_EVP_MD_CTX) EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t size = 0;

    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) != 1
        || EVP_DigestSign(c, NULL, &size, bytes(text), text.len) != 1)
        return failed(ERR_INPUT, "the key is no RSA key in PEM");
    char *to = arena_alloc(a, size);
    if (EVP_DigestSign(c, (unsigned char *)to, &size, bytes(text), text.len) != 1)
        return failed(ERR_INPUT, "the key cannot sign");
    *out = str_of(to, size);
    return OK;
}
