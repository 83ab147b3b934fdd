// SPDX-License-Identifier: Apache-2.0
/* walk.h: goes through a folder of the workspace and what is below it, sorted, following no symbolic link.
 * It stops by itself when it has seen enough or taken too long; it blocks: call it in fiber_offload.
 *
 *     CLEANUP(walk_done) struct walk w = { 0 };
 *     TRY(walk_start(&w, &job->workspace, "src"));
 *     while (walk_next(&w, &entry))
 *         if (entry.kind == WALK_FOLDER)
 *             walk_into(&w); */
#pragma once
#include "base/buf.h"
#include "tool/workspace.h"

enum { WALK_ENTRIES_MAX = 200000, WALK_MS_MAX = 10000, WALK_DEPTH_MAX = 100 };

enum walk_kind { WALK_FILE, WALK_FOLDER, WALK_LINK, WALK_OTHER };

struct walk_entry {             /* valid until the next call */
    enum walk_kind kind;
    str            path;        /* relative to the workspace */
    str            below;       /* the same, relative to where the walk began */
    const char    *name;
    int            folder;      /* the open folder that it is in */
};

struct walk {
    size_t      entries_max;    /* set before the start, or 0: those above */
    uint64_t    ms_max;
    const char *stopped;        /* why not all was seen; NULL: all was */
    size_t      not_open;       /* folders that could not be opened: no right to, or gone meanwhile */
    size_t      seen;           /* private, like all below */
    size_t      base;           /* bytes of `path` before `below` */
    uint64_t    began_ms;
    struct buf  path;
    struct walk_folder *folder; /* innermost; the one above by a pointer */
    const char *last;           /* name of what walk_next() gave */
};

void     walk_start_clock(struct walk *);   /* the clock alone, for walk_is_late(); walk_start() does it too */
/* ERR_NOT_FOUND, ERR_INPUT, ERR_IO as workspace_open_at(). */
enum err walk_start(struct walk *, const struct workspace *, const char *relative) MUST_USE;
bool     walk_next(struct walk *, struct walk_entry *out);  /* false at the end, or when `stopped` */
void     walk_into(struct walk *);      /* goes on inside the folder that walk_next() just gave */
bool     walk_is_late(struct walk *);   /* is the time over?  It then stops; for a long look at one entry */
void     walk_done(struct walk *);

/* Opens a regular file that walk_next() gave; ERR_INPUT when it is one no more. */
enum err walk_open_file(const struct walk_entry *, int *ret_fd, struct stat *ret_st) MUST_USE;
/* A path as a line can hold it: control characters become "?", bad UTF-8 U+FFFD. */
void     walk_add_path(struct buf *, str path);
