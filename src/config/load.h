// SPDX-License-Identifier: Apache-2.0
/* load.h: what the files of this folder share while a configuration is being put together. */
#pragma once
#include "config/options.h"

/* One configuration with its origins.  It is never freed once it was in force. */
struct loaded {
    struct config  c;
    const char    *from[N_OPTIONS];     /* "default", "a.yaml:3:9", "environment variable X", "--set" */
    const char    *secret[N_OPTIONS];   /* the name of a {secret: name}; NULL: it is none */
    size_t         n_secrets;           /* of all, those within maps too */
    struct arena  *arena;
    struct loaded *older;
};
const struct loaded *loaded_now(void);      /* NULL before the first */

/* Within a RAW subtree nothing is known of the keys but their names: is this one's value a secret? */
bool key_names_secret(str key);

/* report.c */
void report_error(struct config_report *, const char *where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void report_warning(struct config_report *, const char *where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
enum err report_result(const struct config_report *) MUST_USE;

/* places.c: environment, home and files */
const char *env_get(const char *const *env, const char *name);    /* NULL when unset or empty; env NULL: the process's */
const char *const *env_or_ours(const char *const *env);
enum err file_read(struct arena *, const char *path, size_t max, str *out) MUST_USE;    /* ERR_NOT_FOUND, ERR_LIMIT, ERR_IO */
bool        file_exists(const char *path);
bool        file_same(const char *, const char *);          /* one file under two names */
const char *path_folder(struct arena *, const char *path);  /* "." for a bare name */
/* A path as somebody wrote it in `folder`: "~/" is $HOME; a relative one is looked for in folder, then in
 * $CLAWDBOT_HOME/config; when it is in neither, it is meant to be in folder.  Absolute in the end. */
const char *path_find(struct arena *, const char *const *env, const char *folder, const char *home, const char *path);

/* expand.c: ${NAME}, ${NAME:-otherwise}, and $${ for a plain ${. */
enum err expand(struct arena *, const char *const *env, str text, str *out) MUST_USE;
