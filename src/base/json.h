// SPDX-License-Identifier: Apache-2.0
/* json.h: jansson with paths, strict about what comes in and forgiving about what is absent.
 * A path is keys and array indexes joined by dots: "choices.0.delta.content". */
#pragma once
#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"

/* jansson has the cleanup itself: CLEANUP(json_decrefp) json_t *j = NULL; */

/* One value and nothing behind it; no duplicate keys, no U+0000 (no store takes it).  `*out` is a new reference. */
enum { JSON_DEPTH_MAX = 128 };
enum err json_parse(str text, json_t **out) MUST_USE;

str  json_print(struct arena *, const json_t *);            /* compact, UTF-8, NUL-terminated; any value */
void json_print_to(struct buf *, const json_t *);
/* A string in its quotes, the same bytes as json_from_str() printed.  For what is written often or is long: most of
 * the cost of a tree is making it. */
void json_add_string(struct buf *, str);

json_t     *json_at(const json_t *, const char *path);      /* borrowed; NULL if absent or null */
const char *json_text(const json_t *, const char *path);    /* borrowed; "" unless a string */
str         json_text_str(const json_t *, const char *path); /* the same with its length */
int64_t     json_int(const json_t *, const char *path, int64_t otherwise);
double      json_num(const json_t *, const char *path, double otherwise);
bool        json_flag(const json_t *, const char *path);    /* false unless true */
str         json_strval(const json_t *);                    /* NO_STR unless a string */

/* RFC 6901: "" is the value itself, "/a/0/b~1c" goes down.  json_pointer_valid: every '~' begins "~0" or "~1". */
bool    json_pointer_valid(str pointer);
json_t *json_pointer(const json_t *, str pointer);          /* borrowed; NULL if absent, null or not valid */

json_t *json_from_str(str);                                 /* a string; bad UTF-8 and U+0000 become U+FFFD */
