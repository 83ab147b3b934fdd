// SPDX-License-Identifier: Apache-2.0
/* file_link.h: addresses under which somebody outside can fetch a kept file: GET /files/{token} below server.public_url.  A token
 * names the file and its end, signed with a key of this installation: nothing is stored a link, and none can be guessed. */
#pragma once
#include "base/arena.h"
#include "store/blobs.h"

/* Finds the key, or makes one.  Before the others. */
enum err file_links_open(struct store *) AWAITS MUST_USE;

bool file_links_possible(void);         /* server.public_url is set */
/* An address of the file, good for delivery.link_expire and as long as the file is kept; NO_STR: there is none. */
str  file_link(struct arena *, const struct blob *);
/* ERR_NOT_FOUND: not one of ours, or past its end. */
enum err file_link_read(str token, char ret_hash[BLOB_HASH_SIZE]) MUST_USE;
