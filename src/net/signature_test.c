// SPDX-License-Identifier: Apache-2.0
#include "net/signature.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

static str unhex(struct arena *a, const char *hex)
{
    char *out = arena_alloc(a, strlen(hex) / 2 + 1);

    for (size_t i = 0; hex[2 * i]; i++) {
        unsigned v = 0;

        sscanf(hex + 2 * i, "%2x", &v);
        out[i] = (char)v;
    }
    return str_of(out, strlen(hex) / 2);
}

static void check_hex(str got, const char *want)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_add_hex(&b, got);
    CHECK_STR(buf_str(&b), want);
}

TEST(digests_are_those_of_the_standards)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    /* FIPS 180-4's "abc", in two parts; RFC 4231 case 2; RFC 2202 case 2. */
    check_hex(sha1_of(a, (const str[]){ S("a"), S("bc") }, 2), "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_hex(sha256_of(a, (const str[]){ S("ab"), S("c") }, 2), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_hex(hmac_sha256(a, S("Jefe"), (const str[]){ S("what do ya want "), S("for nothing?") }, 2),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_hex(hmac_sha1(a, S("Jefe"), &S("what do ya want for nothing?"), 1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK_INT(hmac_sha256(a, S(""), NULL, 0).len, 32);
}

TEST(an_ed25519_signature_holds_for_its_text_alone)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    /* RFC 8032, 7.1, test 2. */
    str seed = unhex(a, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    str key = unhex(a, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    str signature = unhex(a, "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");

    CHECK(ed25519_valid(key, signature, &S("\x72"), 1));
    CHECK(!ed25519_valid(key, signature, &S("\x73"), 1));
    CHECK(!ed25519_valid(key, str_take(signature, 63), &S("\x72"), 1));
    CHECK(!ed25519_valid(S("short"), signature, &S("\x72"), 1));
    CHECK(str_eq(ed25519_sign(a, seed, S("\x72")), signature));
    CHECK(!ed25519_sign(a, S("short"), S("x")).p);
}

TEST(aes_goes_there_and_back_and_padding_is_checked)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf sealed = {0}, plain = {0};
    /* NIST SP 800-38A, F.2.5, first block. */
    str key = unhex(a, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    str iv = unhex(a, "000102030405060708090a0b0c0d0e0f"), text = unhex(a, "6bc1bee22e409f96e93d7e117393172a");
    str out;

    CHECK_OK(aes_cbc_encrypt(key, iv, text, &sealed));
    check_hex(buf_str(&sealed), "f58c4c04d6e5f1ba779eabfb5f7bfbd6");
    CHECK_OK(aes_cbc_decrypt(key, iv, buf_str(&sealed), &plain));
    CHECK(str_eq(buf_str(&plain), text));
    CHECK_ERR(aes_cbc_decrypt(key, iv, S("no whole block"), &plain), ERR_INPUT);
    CHECK_ERR(aes_cbc_decrypt(S("key"), iv, text, &plain), ERR_INPUT);
    CHECK_OK(pkcs7_unpad(S("ab\x02\x02"), 16, &out));
    CHECK_STR(out, "ab");
    CHECK_ERR(pkcs7_unpad(S("ab\x01\x02"), 16, &out), ERR_INPUT);
    CHECK_ERR(pkcs7_unpad(S("\x05"), 16, &out), ERR_INPUT);
    CHECK_ERR(pkcs7_unpad(S(""), 16, &out), ERR_INPUT);
}

TEST(a_bad_rsa_key_is_no_key)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str out;

    CHECK(!rs256_valid(S("short"), S("\x01\x00\x01"), S("text"), S("signature")));
    CHECK_ERR(rs256_sign(a, S("-----BEGIN NOTHING-----"), S("text"), &out), ERR_INPUT);
}
