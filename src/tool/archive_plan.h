// SPDX-License-Identifier: Apache-2.0
/* archive_plan.h: moves of files within the workspace, kept in its folder ARCHIVE_FOLDER, so that they can be made later
 * and undone after that, also when the program died in the middle.
 *
 * A plan is ID.plan; it becomes ID.run before the first move, and is on disk by then: it is the undo journal, and
 * whatever it names was moved or not.  Undone as a whole it is ID.undone.  Files are known by inode, size and time:
 * what is another file by now is left alone.  Nothing is ever written over.  All of this blocks. */
#pragma once
#include "base/json.h"
#include "tool/workspace.h"

#define ARCHIVE_FOLDER ".clawdbot/archive"
enum { ARCHIVE_MOVES_MAX = 5000, ARCHIVE_ID_SIZE = 16 };

struct archive_move {
    str     from, to;                   /* relative to the workspace */
    int64_t inode, size, modified_ns;
    int64_t n_new;                      /* how many of the folders that `to` is in are not there yet */
};

struct archive_plan {
    char     id[ARCHIVE_ID_SIZE];
    str      path;                      /* the folder that is sorted */
    int64_t  made_ms;
    struct archive_move *moves;
    size_t   n;
};

enum err archive_plan_save(const struct workspace *, struct arena *, struct archive_plan *) MUST_USE;    /* gives it its id */
/* state: "plan", "run" or "undone".  ERR_NOT_FOUND: there is none of this name in that state. */
enum err archive_plan_load(const struct workspace *, struct arena *, str id, const char *state, struct archive_plan *out) MUST_USE;
/* Is the file still the one that was seen, and its new place free?  ERR_CONFLICT says what is not so. */
enum err archive_move_check(const struct workspace *, const struct archive_move *) MUST_USE;

/* What came of it: moves made, left alone because they need none, and the first few that could not be made, a line each. */
struct archive_outcome { size_t n_moved, n_needless, n_failed; struct buf why; };

/* Checks all, then moves.  ERR_CONFLICT: a file has changed, nothing was moved. */
enum err archive_plan_apply(const struct workspace *, struct arena *, const struct archive_plan *, struct archive_outcome *) MUST_USE;
enum err archive_plan_undo(const struct workspace *, struct arena *, const struct archive_plan *, struct archive_outcome *) MUST_USE;
/* "ID  state  when  moves  path", a line each, the latest first. */
enum err archive_plan_list(const struct workspace *, struct arena *, struct buf *) MUST_USE;
