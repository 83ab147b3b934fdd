// SPDX-License-Identifier: Apache-2.0
/* jwt.h: JSON Web Tokens (RFC 7519) signed with RS256, by which platforms prove that they call us, and by which we prove
 * who we are to one.  Keys are fetched as a JWK set (RFC 7517), kept for a day, and looked for again when one is missing. */
#pragma once
#include "base/json.h"

/* One a platform, static. */
struct jwt_keys {
    const char *platform;                               /* for errors */
    /* The address of the JWK set, or of OpenID metadata that names it ("jwks_uri"), in the arena. */
    const char *(*url)(struct arena *);
    json_t     *set;                                    /* private from here */
    int64_t     fetched_ms;
};

struct jwt_demands {
    const char *const *issuers;     /* any of them; ends with NULL */
    str audience;
    str endorsement;                /* what the key's "endorsements" have to hold (Bot Framework: the channel); "": nothing */
};

/* Verifies signature, time (five minutes of skew), and what is demanded.
 * ERR_AUTH: it is not theirs or not for us, in words; ERR_NET and the like: the keys cannot be had.  *ret_claims is a new reference. */
enum err jwt_verify(struct jwt_keys *, struct arena *, str token, const struct jwt_demands *, json_t **ret_claims) AWAITS MUST_USE;
void     jwt_keys_forget(struct jwt_keys *);            /* for the next test */

/* "Bearer x" of an Authorization field: x; "" if it is none. */
str      jwt_bearer(str field);

/* Signs claims with an RSA key in PEM; in the arena. */
enum err jwt_sign(struct arena *, str pem, str key_id, const json_t *claims, str *out) MUST_USE;
