// SPDX-License-Identifier: Apache-2.0
/* provenance.h: which files of the workspace hold words that are not the owner's: attachments, downloads, and all that was written
 * while such words were about.  Whoever reads one of them brings them into the conversation (struct tool_result.taint).
 *
 * What a command writes is not seen while it does; what has changed since it began is, by the time of change that the kernel
 * keeps and no command can set back.  The marks are in the store (foreign_files), and all of them in memory. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "store/store.h"

enum { PROVENANCE_MAX = 5000 };     /* marks; beyond that the whole workspace is marked */

enum err provenance_open(struct store *) AWAITS MUST_USE;       /* reads the marks; one a process */
void     provenance_close(void);

/* Whose words the file holds, or any file of the folder, relative to the workspace ("." for all of it); NO_STR: nobody else's.
 * In the arena: "attachments/a.txt (an attachment of telegram/42)". */
str      provenance_of(struct arena *, const char *path);

/* All workspaces there are, when they are several (an agent may have its own): a mark goes by the path in whichever it is, and is
 * dropped when none has the file.  The list is borrowed; NULL, 0: none any more. */
void     provenance_use_workspaces(const char *const *paths, size_t n);

/* As Markdown, a line a mark, at most 100. */
void     provenance_list(struct buf *);

/* What a path of the workspace leads to, links and ".." resolved; "." where it leads nowhere: it may be anything. */
const char *provenance_resolve(struct arena *, const char *workspace, str path) AWAITS;

/* Durable when it returns OK.  A path that ends in '/' stands for all that is below it. */
enum err provenance_mark(str path, str origin) AWAITS MUST_USE;
/* The files of the workspace that have changed since then: they are marked. */
int64_t  provenance_now(void);      /* the clock that files are stamped with, in ms */
enum err provenance_mark_changed(const char *workspace, int64_t since, str origin) AWAITS MUST_USE;
/* A call or a command that may write while others' words are about, or nobody knows yet whether they are: until its end it is in doubt
 * whose words are in what changes. */
void     provenance_begin(void);
void     provenance_end(void);
bool     provenance_in_doubt(void);
/* fn is called when marks have changed, and when what was asked about in doubt is known.  It must not await.  NULL: nobody any more. */
void     provenance_on_change(void (*fn)(void *arg), void *arg);

/* The owner says that these are theirs after all; *ret_n: marks that are gone.  "." for all. */
enum err provenance_trust(const char *path, size_t *ret_n) AWAITS MUST_USE;
/* Drops the marks of files that are there no more, in this workspace or any of those in use. */
enum err provenance_prune(const char *workspace) AWAITS MUST_USE;
