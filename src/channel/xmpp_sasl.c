// SPDX-License-Identifier: Apache-2.0
#include "channel/xmpp_sasl.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <utf8proc.h>

#include "net/signature.h"
#include "runtime/offload.h"

enum { DIGEST_MAX = 32, SALT_MAX = 256 };

static const struct { enum sasl_mechanism m; const char *name; } mechanisms[] = {
    { SASL_PLAIN, "PLAIN" }, { SASL_SCRAM_SHA_1, "SCRAM-SHA-1" }, { SASL_SCRAM_SHA_256, "SCRAM-SHA-256" },
};

enum sasl_mechanism sasl_named(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(mechanisms); i++)
        if (str_eq(name, str_from(mechanisms[i].name)))
            return mechanisms[i].m;
    return SASL_NONE;
}

const char *sasl_name(enum sasl_mechanism m)
{
    return m == SASL_NONE ? "" : mechanisms[m - 1].name;
}

str sasl_prepared(struct arena *a, str s)
{
    utf8proc_uint8_t *text = NULL;
    ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (ssize_t)s.len, &text,
                             UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE);

    if (n < 0)
        return s;       /* not UTF-8: the server will say what it thinks of it */
    str out = arena_str(a, str_of(text, (size_t)n));

    free(text);
    return out;
}

str plain_message(struct arena *a, str user, str password)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_add_char(&b, '\0');
    buf_add(&b, user);
    buf_add_char(&b, '\0');
    buf_add(&b, password);
    return arena_str(a, buf_str(&b));
}

str scram_first(struct arena *a, struct scram *s)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_add(&b, S("n="));
    for (size_t i = 0; i < s->user.len; i++) {
        if (s->user.p[i] == '=')
            buf_add(&b, S("=3D"));
        else if (s->user.p[i] == ',')
            buf_add(&b, S("=2C"));
        else
            buf_add_char(&b, s->user.p[i]);
    }
    buf_addf(&b, ",r=%.*s", STR(s->nonce));
    s->first_bare = arena_str(a, buf_str(&b));
    return str_from(arena_printf(a, "n,,%.*s", STR(s->first_bare)));
}

/* ---- the server's turn ---- */

static str hmac(struct arena *a, const struct scram *s, str key, str text)
{
    return s->mechanism == SASL_SCRAM_SHA_1 ? hmac_sha1(a, key, &text, 1) : hmac_sha256(a, key, &text, 1);
}

static str hash(struct arena *a, const struct scram *s, str text)
{
    return s->mechanism == SASL_SCRAM_SHA_1 ? sha1_of(a, &text, 1) : sha256_of(a, &text, 1);
}

struct challenge { str nonce, salt; uint64_t rounds; };

static enum err read_challenge(const struct scram *s, str text, struct buf *salt, struct challenge *out)
{
    str part;

    *out = (struct challenge){0};
    while (str_split(&text, ',', &part)) {
        if (str_eat(&part, S("m=")))        /* an extension that must be understood */
            return failed(ERR_INPUT, "the server asks for an extension of SCRAM");
        if (str_eat(&part, S("r=")))
            out->nonce = part;
        else if (str_eat(&part, S("s=")))
            TRY(buf_add_unbase64(salt, part));
        else if (str_eat(&part, S("i=")))
            TRY(str_u64(part, &out->rounds));
    }
    out->salt = buf_str(salt);
    if (!str_starts(out->nonce, s->nonce) || out->nonce.len == s->nonce.len || !salt->len || !out->rounds)
        return failed(ERR_AUTH, "the server's challenge is no SCRAM for us");
    if (out->rounds > SCRAM_ROUNDS_MAX)
        return failed(ERR_AUTH, "the server wants the password hashed %llu times", (unsigned long long)out->rounds);
    return OK;
}

struct salting { const EVP_MD *md; str password, salt; int rounds; size_t size; unsigned char out[DIGEST_MAX]; };

static enum err salt_password(void *arg)
{
    struct salting *k = arg;

    if (PKCS5_PBKDF2_HMAC(k->password.p, (int)k->password.len, (const unsigned char *)k->salt.p, (int)k->salt.len, k->rounds, k->md,
                          (int)k->size, k->out) != 1)
        return failed(ERR_BUG, "PBKDF2 failed");
    return OK;
}

enum err scram_answer(struct arena *a, struct scram *s, str challenge, str *ret_answer)
{
    CLEANUP(buf_done) struct buf salt = { .max = SALT_MAX }, proof = {0};
    bool sha1 = s->mechanism == SASL_SCRAM_SHA_1;
    struct challenge c;

    TRY(read_challenge(s, challenge, &salt, &c));
    struct salting k = { sha1 ? EVP_sha1() : EVP_sha256(), s->password, c.salt, (int)c.rounds, sha1 ? 20 : 32, {0} };

    TRY(fiber_offload(salt_password, &k));
    str salted = str_of(k.out, k.size), client_key = hmac(a, s, salted, S("Client Key"));
    str without_proof = str_from(arena_printf(a, "c=biws,r=%.*s", STR(c.nonce)));
    str text = str_from(arena_printf(a, "%.*s,%.*s,%.*s", STR(s->first_bare), STR(challenge), STR(without_proof)));
    str signature = hmac(a, s, hash(a, s, client_key), text);
    char *mixed = arena_alloc(a, k.size);

    for (size_t i = 0; i < k.size; i++)
        mixed[i] = (char)(client_key.p[i] ^ signature.p[i]);
    s->server_signature = hmac(a, s, hmac(a, s, salted, S("Server Key")), text);
    buf_add_base64(&proof, str_of(mixed, k.size));
    *ret_answer = str_from(arena_printf(a, "%.*s,p=%s", STR(without_proof), buf_c(&proof)));
    return OK;
}

enum err scram_finish(const struct scram *s, str server_final)
{
    CLEANUP(buf_done) struct buf got = { .max = SALT_MAX };
    str part = NO_STR;

    str_split(&server_final, ',', &part);
    if (!str_eat(&part, S("v=")) || buf_add_unbase64(&got, part) || !s->server_signature.len
        || !str_eq_secret(buf_str(&got), s->server_signature))
        return failed(ERR_AUTH, "the server does not know the password itself: somebody stands between");
    return OK;
}
