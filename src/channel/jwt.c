// SPDX-License-Identifier: Apache-2.0
#include "channel/jwt.h"

#include "channel/platform_api.h"
#include "net/signature.h"
#include "runtime/clock.h"

enum { KEEP_MS = 24 * 60 * 60 * 1000, AGAIN_MS = 5 * 60 * 1000, SKEW_S = 5 * 60, TOKEN_MAX = 16 << 10 };

struct parts { str signed_text, signature; json_t *head, *claims; };

static void parts_done(struct parts *p)
{
    json_decref(p->head);
    json_decref(p->claims);
}

static enum err decoded(struct arena *a, str part, str *out)
{
    CLEANUP(buf_done) struct buf b = {0};

    TRY(buf_add_unbase64(&b, part));
    *out = arena_str(a, buf_str(&b));
    return OK;
}

static enum err take_apart(struct arena *a, str token, struct parts *p)
{
    size_t first = str_find_char(token, '.');
    size_t second = first == STR_NONE ? STR_NONE : str_find_char(str_skip(token, first + 1), '.');
    str head, claims;

    if (token.len > TOKEN_MAX || second == STR_NONE)
        return failed(ERR_AUTH, "it is no JWT");
    second += first + 1;
    p->signed_text = str_take(token, second);
    if (decoded(a, str_take(token, first), &head) || decoded(a, str_cut(token, first + 1, second), &claims)
        || decoded(a, str_skip(token, second + 1), &p->signature) || json_parse(head, &p->head) || json_parse(claims, &p->claims))
        return failed(ERR_AUTH, "it is no JWT");
    return OK;
}

/* ---- keys ---- */

static enum err fetch_keys(struct jwt_keys *k, struct arena *a) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(json_decrefp) json_t *set = NULL;

    TRY(platform_get(a, &(struct platform_call){ .platform = k->platform, .url = k->url(a) }, &j));
    if (json_text_str(j, "jwks_uri").len)
        TRY(platform_get(a, &(struct platform_call){ .platform = k->platform, .url = arena_c(a, json_text_str(j, "jwks_uri")) }, &set));
    else
        set = json_incref(j);
    if (!json_is_array(json_object_get(set, "keys")))
        return failed(ERR_REMOTE, "%s gave no keys", k->platform);
    jwt_keys_forget(k);
    k->set = json_incref(set);
    k->fetched_ms = clock_wall_ms();
    return OK;
}

static const json_t *key_of(const struct jwt_keys *k, str id)
{
    const json_t *list = json_object_get(k->set, "keys"), *key;
    size_t i;

    json_array_foreach(list, i, key)
        if (str_eq(json_text_str(key, "kid"), id) && str_eq(json_text_str(key, "kty"), S("RSA")))
            return key;
    return NULL;
}

/* A name that nobody has does not make us ask for each. */
static enum err find_key(struct jwt_keys *k, struct arena *a, str id, const json_t **out) AWAITS
{
    int64_t age = clock_wall_ms() - k->fetched_ms;

    if (!k->set || age > KEEP_MS || (!key_of(k, id) && age > AGAIN_MS)) {
        enum err e = fetch_keys(k, a);

        if (e && !key_of(k, id))
            return e;
    }
    *out = key_of(k, id);
    return *out ? OK : failed(ERR_AUTH, "%s does not know the key it is signed with", k->platform);
}

void jwt_keys_forget(struct jwt_keys *k)
{
    json_decref(k->set);
    k->set = NULL;
    k->fetched_ms = 0;
}

/* ---- verifying ---- */

/* `list` may be the value itself. */
static bool holds(const json_t *list, str value)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
        if (str_eq(json_strval(one), value))
            return true;
    return json_is_string(list) && str_eq(json_strval(list), value);
}

static enum err check_claims(const json_t *claims, const struct jwt_demands *want)
{
    int64_t now = clock_wall_ms() / 1000;
    str issuer = json_text_str(claims, "iss");
    const char *const *issuers = want->issuers;

    while (*issuers && !str_eq(str_from(*issuers), issuer))
        issuers++;
    if (!*issuers)
        return failed(ERR_AUTH, "it is of another issuer");
    if (!want->audience.len || !holds(json_object_get(claims, "aud"), want->audience))
        return failed(ERR_AUTH, "it is for another audience");
    if (json_int(claims, "exp", 0) + SKEW_S < now)
        return failed(ERR_AUTH, "its time is over");
    if (json_int(claims, "nbf", 0) - SKEW_S > now || json_int(claims, "iat", 0) - SKEW_S > now)
        return failed(ERR_AUTH, "its time has not come");
    return OK;
}

enum err jwt_verify(struct jwt_keys *k, struct arena *a, str token, const struct jwt_demands *want, json_t **ret_claims)
{
    CLEANUP(parts_done) struct parts p = {0};
    const json_t *key = NULL;
    str modulus, exponent;

    TRY(take_apart(a, token, &p));
    if (!str_eq(json_text_str(p.head, "alg"), S("RS256")))
        return failed(ERR_AUTH, "it is not signed with RS256");
    TRY(check_claims(p.claims, want));
    TRY(find_key(k, a, json_text_str(p.head, "kid"), &key));
    if (decoded(a, json_text_str(key, "n"), &modulus) || decoded(a, json_text_str(key, "e"), &exponent))
        return failed(ERR_REMOTE, "%s gave a broken key", k->platform);
    if (want->endorsement.len && !holds(json_object_get(key, "endorsements"), want->endorsement))
        return failed(ERR_AUTH, "its key is not for %.*s", STR(str_take(want->endorsement, 100)));
    if (!rs256_valid(modulus, exponent, p.signed_text, p.signature))
        return failed(ERR_AUTH, "its signature is wrong");
    *ret_claims = json_incref(p.claims);
    return OK;
}

str jwt_bearer(str field)
{
    if (field.p && field.len > 7 && str_eq_nocase(str_take(field, 7), S("Bearer ")))
        return str_trim(str_skip(field, 7));
    return S("");
}

/* ---- signing ---- */

enum err jwt_sign(struct arena *a, str pem, str key_id, const json_t *claims, str *out)
{
    CLEANUP(json_decrefp) json_t *head = json_pack("{s:s, s:s}", "alg", "RS256", "typ", "JWT");
    CLEANUP(buf_done) struct buf b = {0};
    str signature;

    if (key_id.len)
        json_object_set_new(head, "kid", json_from_str(key_id));
    buf_add_base64url(&b, json_print(a, head));
    buf_add_char(&b, '.');
    buf_add_base64url(&b, json_print(a, claims));
    TRY(rs256_sign(a, pem, buf_str(&b), &signature));
    buf_add_char(&b, '.');
    buf_add_base64url(&b, signature);
    *out = arena_str(a, buf_str(&b));
    return OK;
}
