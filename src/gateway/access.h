// SPDX-License-Identifier: Apache-2.0
/* access.h: who may talk to the assistant.
 *
 * Over a chat platform: whoever the owner has paired.  An unknown sender is told a code, once, and `clawdbot pair CODE`
 * lets them in; the first to pair is the owner, everyone after is a user (people.h has their roles).
 * Over HTTP: whoever holds the API token, which is kept as a SHA-256; browsers hold a cookie, got by a link that works
 * once, for ten minutes; the latest 64 stay logged in. */
#pragma once
#include "domain/person.h"
#include "gateway/gateway.h"

struct people;

enum access_role { ACCESS_UNKNOWN, ACCESS_USER, ACCESS_OWNER };

enum err access_open(struct gateway *, struct access **out) AWAITS MUST_USE;    /* reads users and tokens */
void     access_free(struct access *);

/* Is it one of this machine's owner: rest, ws, web, cli, openai?  Their token decided. */
bool     access_is_own(str platform);
enum access_role access_of(const struct access *, str platform, str user_id);
/* The same as somebody with a name and a role; role "" for a stranger.  The strings live as long as access or `user_id`. */
struct person access_person(const struct access *, str platform, str user_id);
struct people *access_people(const struct access *);     /* people.h */

/* Stores a pairing code and the message that tells it, unless this sender has a valid one already. */
enum err access_offer_pairing(struct gateway *, const struct message *) AWAITS MUST_USE;
/* `role`: what the person is to be; "": the owner if there is none yet, else a user.  ERR_NOT_FOUND: no such code, or it is
 * too old.  *ret_role is what the person became. */
enum err access_pair(struct gateway *, struct arena *, str code, str role, str *ret_who, const char **ret_role) AWAITS MUST_USE;

enum { TOKEN_SIZE = 48 };
/* A new API token; the ones before it end.  Shown once, kept as a hash. */
enum err access_new_token(struct gateway *, char out[TOKEN_SIZE]) AWAITS MUST_USE;
bool     access_has_token(const struct access *);       /* has one ever been made? */
bool     access_token_valid(const struct access *, str token);
/* Another number after every new token: what was let in before it is to be let in anew. */
uint64_t access_epoch(const struct access *);

/* A code for /login?code=…; good once. */
void     access_login_code(struct access *, char out[TOKEN_SIZE]);
/* Exchanges it for a browser session's secret; ERR_AUTH when it is spent, old or never was. */
enum err access_login(struct gateway *, str code, char out[TOKEN_SIZE]) AWAITS MUST_USE;
bool     access_cookie_valid(const struct access *, str secret);
