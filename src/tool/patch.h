// SPDX-License-Identifier: Apache-2.0
/* patch.h: a unified diff of one file: read, and applied to a text as a whole or not at all.
 * What a hunk keeps and removes must stand in the text exactly so; where, its line number only hints at: when it
 * stands elsewhere too, and not there, that is an error, not a guess.  Counts of lines in a hunk's head are not needed. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum { PATCH_MAX = 1 << 20, PATCH_LINES_MAX = 1000000 };

struct patch_line {
    char kind;              /* ' ', '-', '+' */
    bool ends_file;         /* "\ No newline at end of file" */
    str  text;              /* without its line end */
};

struct patch_hunk {
    size_t             line;        /* in the text before, from 1; 0: not told */
    size_t             n, n_old, n_new;
    struct patch_line *lines;
    size_t             found;       /* set by patch_apply(): where it stands, from 1 */
};

struct patch { struct patch_hunk *hunks; size_t n; };

/* Points into `diff`.  ERR_INPUT, which names the hunk and the line of the diff. */
enum err patch_parse(struct arena *, str diff, struct patch *out) MUST_USE;
/* ERR_CONFLICT, which names the hunk and what stands there instead.  A text with CR LF keeps it, whatever the diff has. */
enum err patch_apply(struct arena *, struct patch *, str before, struct buf *after) MUST_USE;
