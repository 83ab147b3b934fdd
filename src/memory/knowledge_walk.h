// SPDX-License-Identifier: Apache-2.0
/* knowledge_walk.h: the files below a folder that are to be read in, a batch at a time, in no order, in the memory of one batch.
 * Left out: hidden names, what the rules ignore, folders of another (private) owner, symbolic links.  What a link leads to is either
 * below the folder, and found there, or is not below it, and none of ours.  Blocks: in a pool thread. */
#pragma once
#include "base/arena.h"

enum { WALK_BATCH = 256, WALK_DEPTH = 64, WALK_UNREAD_MAX = 64 };

struct walk_rules {
    const char        *root;        /* an absolute path without links; NULL: nothing to walk */
    const char        *file;        /* of the root only this one, whatever the other rules say; NULL: all */
    const char *const *only;        /* patterns of paths (fnmatch, "/" as in FNM_PATHNAME), of which one must fit; NULL: all */
    const char *const *ignore;      /* patterns of names, or with "/" of paths; NULL: none */
    size_t             n_ignore;
    const char        *private_folder;
};

struct walk_file {
    const char *path;               /* below the root, UTF-8 */
    int64_t     size, changed, modified;    /* ns since 1970: changed by the kernel's clock, modified as it says */
    bool        bad_name;           /* the disk's was no UTF-8: this one is not there, and only tells of it */
};
struct walk_watch { int number; const char *path; };

struct folder_walk {
    const struct walk_rules *rules;
    int         inotify;            /* folders are watched there as they are entered; -1: not */
    uint32_t    watch_events;
    size_t      watches_left;       /* so many folders more may be watched */
    bool        count_only;         /* out: n_files alone */

    struct arena *arena;            /* of the batch, the caller's; all that follows is out */
    struct walk_file  files[WALK_BATCH];
    size_t            n_files;
    struct walk_watch watches[WALK_BATCH];
    size_t            n_watches;
    uint64_t          counted;
    bool              ended;
    int               watch_error;  /* errno of a folder that could not be watched; EDQUOT: watches_left was 0; 0 */
    char             *unread[WALK_UNREAD_MAX];      /* folders that could not be opened: what is below them is not known */
    size_t            n_unread;     /* maybe more than are in the list */

    struct walk_folder { void *dir; size_t path_len; } folders[WALK_DEPTH];     /* private */
    size_t            depth;
    char              path[4096];
};

/* What is at `path` below the root ("": the root itself): a file, a folder with all below it, or nothing at all.  ERR_NOT_FOUND,
 * ERR_IO: the root is not there or cannot be read. */
enum err folder_walk_start(struct folder_walk *, const char *path) MUST_USE;
enum err folder_walk_batch(void *walk) MUST_USE;        /* for fiber_offload(): files, watches */
void     folder_walk_done(struct folder_walk *);

bool     walk_rules_pass_file(const struct walk_rules *, const char *path);
bool     walk_rules_pass_folder(const struct walk_rules *, const char *path);
/* A regular file, opened without following a link on the way. */
enum err walk_open(const struct walk_rules *, const char *path, int *ret_fd) MUST_USE;
