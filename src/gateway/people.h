// SPDX-License-Identifier: Apache-2.0
/* people.h: who stands behind an account on a platform, and in what role.  A person has any number of accounts
 * ("telegram:123"), from pairing, from `clawdbot users link`, or from the configuration's `users`, which comes first.
 * The person "owner" is whoever holds this machine's token: it is always there, and always the owner. */
#pragma once
#include "base/json.h"
#include "domain/person.h"
#include "gateway/gateway.h"

struct people;

enum err people_open(struct store *, struct people **out) AWAITS MUST_USE;
void     people_free(struct people *);
/* The configuration's `users`: a list of {name, role, accounts: [telegram:123]}; "telegram:*" makes everybody there who is
 * nobody else this, and is for guests alone.  ERR_INPUT names the row; then all is as it was. */
enum err people_configure(struct people *, const json_t *users) AWAITS MUST_USE;

/* role "": a stranger.  Role and id live as long as `people` or as `user_id`. */
struct person people_find(const struct people *, str platform, str user_id);
/* Has anybody an owner's role on a chat platform? */
bool     people_has_owner(const struct people *);
/* A name that nobody has: letters and digits of `wish`, or the account's. */
const char *people_free_id(const struct people *, struct arena *, str wish, str platform, str user_id);

json_t *people_json(const struct people *);         /* [{id, name, role, from, accounts}]; a new reference */
json_t *person_json(const struct people *, str id); /* NULL: nobody has this id */

/* Each takes effect at once, is recorded, and says what is wrong: ERR_NOT_FOUND, ERR_INPUT, ERR_CONFLICT (it comes from
 * the configuration, it is the owner). */
struct people_change { struct gateway *gateway; struct people *people; };
enum err people_set_role(const struct people_change *, str id, str role) AWAITS MUST_USE;   /* makes somebody new, too */
enum err people_link(const struct people_change *, str id, str account) AWAITS MUST_USE;
enum err people_unlink(const struct people_change *, str account) AWAITS MUST_USE;
enum err people_remove(const struct people_change *, str id) AWAITS MUST_USE;
/* After pairing changed the tables. */
enum err people_reload(struct people *) AWAITS MUST_USE;
