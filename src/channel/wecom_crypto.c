// SPDX-License-Identifier: Apache-2.0
/* The envelope of callbacks: 16 random bytes, the message's length (4 bytes, the highest first), the message, the receiver's
 * id; padded to 32 bytes, AES-256-CBC with the key's first half as IV.  The key is 43 characters of base64. */
#include "channel/wecom.h"

#include <stdlib.h>
#include <string.h>

#include "net/signature.h"

enum { HEAD = 16 + 4, IV_SIZE = 16, PAD_BLOCK = 32, KEY_TEXT = 43 };

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

str wecom_signature(struct arena *a, str token, str timestamp, str nonce, str text)
{
    CLEANUP(buf_done) struct buf hex = {0};
    str parts[] = { token, timestamp, nonce, text };

    qsort(parts, N_ELEMENTS(parts), sizeof *parts, by_bytes);
    buf_add_hex(&hex, sha1_of(a, parts, N_ELEMENTS(parts)));
    return arena_str(a, buf_str(&hex));
}

static size_t length_at(str head)
{
    const unsigned char *p = (const unsigned char *)head.p + 16;

    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static enum err take_out(str opened, str receiver, str *ret)
{
    str padded;

    TRY(pkcs7_unpad(opened, PAD_BLOCK, &padded));
    if (padded.len < HEAD || length_at(padded) > padded.len - HEAD)
        return failed(ERR_INPUT, "WeCom's message is cut short");
    *ret = str_cut(padded, HEAD, HEAD + length_at(padded));
    if (!str_eq(str_skip(padded, HEAD + ret->len), receiver))
        return failed(ERR_INPUT, "WeCom's message is for another company: check platforms.wecom.corp_id");
    return OK;
}

/* 43 characters are 258 bits: the last two say nothing, and WeCom makes them up like the rest, which base64 does not allow. */
static enum err add_key(struct buf *b, str text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char clean[KEY_TEXT];
    size_t last;

    if (text.len != KEY_TEXT || (last = str_find_char(str_from(digits), text.p[KEY_TEXT - 1])) == STR_NONE)
        return failed(ERR_AUTH, "platforms.wecom.encoding_aes_key is not 43 characters");
    memcpy(clean, text.p, KEY_TEXT);
    clean[KEY_TEXT - 1] = digits[last & ~(size_t)3];
    if (buf_add_unbase64(b, str_of(clean, KEY_TEXT)) || b->len != WECOM_KEY_SIZE)
        return failed(ERR_AUTH, "platforms.wecom.encoding_aes_key is not base64");
    return OK;
}

enum err wecom_unseal(struct arena *a, const struct wecom_keys *keys, const struct wecom_sealed *s, str *ret_plain)
{
    CLEANUP(buf_done) struct buf key = {0}, sealed = {0}, opened = {0};
    str plain;

    if (!keys->token.len || !str_eq_secret(s->signature, wecom_signature(a, keys->token, s->timestamp, s->nonce, s->text)))
        return failed(ERR_AUTH, "the signature is not WeCom's: check platforms.wecom.token");
    TRY(add_key(&key, keys->aes_key));
    TRY(buf_add_unbase64(&sealed, s->text));
    TRY(aes_cbc_decrypt(buf_str(&key), str_take(buf_str(&key), IV_SIZE), buf_str(&sealed), &opened));
    TRY(take_out(buf_str(&opened), keys->receiver, &plain));
    *ret_plain = arena_str(a, plain);
    return OK;
}
