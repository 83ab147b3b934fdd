// SPDX-License-Identifier: Apache-2.0
#include "store/seal.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>

static void free_cipher(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}

void seal(const unsigned char key[SEAL_KEY_SIZE], const unsigned char nonce[SEAL_NONCE_SIZE], str about, str plain, struct buf *out)
{
    CLEANUP(free_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    size_t room;
    unsigned char *to = (unsigned char *)buf_room(out, plain.len + SEAL_TAG_SIZE, &room);
    int n = 0, rest = 0;
    bool done;

    assert(c && room >= plain.len + SEAL_TAG_SIZE && plain.len < INT_MAX);
    done = EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1
           && EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)about.p, (int)about.len) == 1
           && EVP_EncryptUpdate(c, to, &n, (const unsigned char *)plain.p, (int)plain.len) == 1
           && EVP_EncryptFinal_ex(c, to + n, &rest) == 1
           && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_SIZE, to + plain.len) == 1;
    assert(done);
    buf_grown(out, plain.len + SEAL_TAG_SIZE);
}

enum err unseal(const unsigned char key[SEAL_KEY_SIZE], str nonce, str about, str sealed, struct buf *out)
{
    CLEANUP(free_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0, rest = 0;
    size_t room;

    if (nonce.len != SEAL_NONCE_SIZE || sealed.len < SEAL_TAG_SIZE || sealed.len >= INT_MAX)
        return failed(ERR_AUTH, "it is damaged");
    size_t size = sealed.len - SEAL_TAG_SIZE;
    unsigned char *to = (unsigned char *)buf_room(out, size + 1, &room);

    assert(c && room >= size);
    if (EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, (const unsigned char *)nonce.p) != 1
        || EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)about.p, (int)about.len) != 1
        || EVP_DecryptUpdate(c, to, &n, (const unsigned char *)sealed.p, (int)size) != 1
        || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_SIZE, (void *)(sealed.p + size)) != 1
        || EVP_DecryptFinal_ex(c, to + n, &rest) != 1)
        return failed(ERR_AUTH, "it was not encrypted with this key, or is damaged");
    buf_grown(out, size);
    return OK;
}
