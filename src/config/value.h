// SPDX-License-Identifier: Apache-2.0
/* value.h: one option's value from text, and back. */
#pragma once
#include "config/options.h"

/* Into the option's field of *c.  A LIST's items are separated by commas.  Errors read "wants a port number ...".
 * PATH is taken as it stands; RAW cannot come from text. */
enum err value_parse(struct arena *, const struct option *, str text, struct config *c) MUST_USE;

/* The items of a LIST that are already apart; they are copied. */
enum err value_set_list(struct arena *, const struct option *, const str *items, size_t n, struct config *c) MUST_USE;

/* As a user would write it; secrets and passwords in addresses as "***". */
void value_print(struct buf *, const struct option *, const struct config *);
struct json_t *value_json(const struct option *, const struct config *);    /* a new reference */

bool value_same(const struct option *, const struct config *, const struct config *);
void value_copy(const struct option *, const struct config *from, struct config *to);   /* shares what it points to */

/* "user:PASSWORD@": where the password of an address stands; NO_STR if there is none. */
str  url_password(str url);
