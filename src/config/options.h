// SPDX-License-Identifier: Apache-2.0
/* options.h: the rows of options.def as data. */
#pragma once
#include "base/buf.h"
#include "config/config.h"

enum option_type {
    OPTION_PORT, OPTION_COUNT, OPTION_SIZE, OPTION_DURATION, OPTION_FLAG, OPTION_TEXT, OPTION_CHOICE, OPTION_URL,
    OPTION_SECRET, OPTION_PATH, OPTION_LIST, OPTION_RAW,
};
enum option_when { OPTION_LIVE, OPTION_RESTART, OPTION_UNBUILT };

struct option {
    const char      *path, *otherwise, *allowed, *doc;
    enum option_type type;
    enum option_when when;
    size_t           offset;        /* of the field in struct config */
};

enum {
#define OPTION(field, ...) OPTION_ROW_##field,
#include "config/options.def"
#undef OPTION
    N_OPTIONS
};
extern const struct option options[N_OPTIONS];

const struct option *option_find(str path);             /* NULL if there is no such row */
/* Does every option below `section` ("platforms.telegram") have the same value in both? */
bool options_same_below(str section, const struct config *, const struct config *);
bool option_is_section(str path);                       /* "server", "platforms.telegram": rows stand below it */
void option_env_name(struct buf *, const struct option *);  /* CLAWDBOT_SERVER_PORT */
const char *option_type_name(enum option_type);         /* for people: "a port number" */
const char *option_when_name(enum option_when);         /* "live", "restart", "unbuilt" */

/* What somebody may have meant by `key` in `section` ("" for the top): a sibling spelt nearly so, or the same key
 * in another section.  "" when nothing is near. */
str option_nearest(struct arena *, str section, str key);

/* Edits (insert, delete, replace, swap of neighbours) from one to the other; more than `most`: most + 1. */
unsigned edit_distance(str, str, unsigned most);
/* The one of n names that is spelt most nearly like `name`, for an error's text; NULL: none is near. */
const char *name_nearest(str name, const char *const *names, size_t n);
