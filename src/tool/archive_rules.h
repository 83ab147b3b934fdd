// SPDX-License-Identifier: Apache-2.0
/* archive_rules.h: which folder a file belongs into.  Pure: no file is looked at. */
#pragma once
#include "base/arena.h"
#include "base/json.h"

struct archive_rule {
    str     match;                      /* pattern of the name (glob.h); "": any */
    str     to;                         /* folder, with {type} {ext} {year} {month} {day} {size} in it */
    int64_t before_ms, after_ms;        /* changed before, after; 0: whenever */
    int64_t min_size, max_size;
};
struct archive_rules { const struct archive_rule *rules; size_t n; };

struct archive_file { str name; int64_t size, modified_ms; };

/* The argument "rules": objects {match, to, older_than, newer_than, min_size, max_size}; without it "by": type, date, size.
 * ERR_INPUT names the rule that is wrong. */
enum err archive_rules_parse(struct arena *, const json_t *arguments, int64_t now_ms, struct archive_rules *out) MUST_USE;
/* The folder of the first rule that fits; NO_STR: the file stays where it is. */
str      archive_rules_place(const struct archive_rules *, struct arena *, const struct archive_file *);
