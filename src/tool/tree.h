// SPDX-License-Identifier: Apache-2.0
/* tree.h: a folder with all that is below it, by the open folder that it is in.  Follows no link and enters no other file system: whatever
 * somebody exchanges meanwhile, nothing outside of it is touched.  It blocks: call it in fiber_offload. */
#pragma once
#include <sys/stat.h>

#include "base/str.h"

enum { TREE_DEPTH_MAX = 100, TREE_ENTRIES_MAX = 200000 };

struct tree_size { int64_t bytes, newest_ms; size_t n; };      /* of all that is in there, and of the folder itself; the latest change */

/* ERR_INPUT: it is no folder, or another file system is mounted in it.  ERR_LIMIT: too deep, or too much. */
enum err tree_measure(int parent, const char *name, struct tree_size *out) MUST_USE;
enum err tree_remove(int parent, const char *name) MUST_USE;
int64_t  tree_changed_ms(const struct stat *);
