// SPDX-License-Identifier: Apache-2.0
/* backup_store.h: the backups of a workspace, archives in its folder BACKUP_FOLDER, and what is done about them before and after tar packs
 * and unpacks.  Each is a file_job, which takes what it needs from the job's arguments and answers in its text. */
#pragma once
#include "tool/file_job.h"

#define BACKUP_FOLDER "backups"
#define BACKUP_END    ".tar.gz"

/* The name of what a path is of: letters, digits and _.- only; "docs" of "../my/docs/".  "workspace" of ".". */
str      backup_stem(struct arena *, str path);
/* "docs-20260102-150405.tar.gz" is of "docs"; false: it is no name of a backup. */
bool     backup_name_parse(str name, str *ret_stem);

/* Arguments path, match, newer_than: what is to be packed, paths that each end with a NUL. */
enum err backup_collect(struct file_job *) MUST_USE;
/* Argument file: makes the folder, and refuses when that backup or one under way is there. */
enum err backup_prepare(struct file_job *) MUST_USE;
/* The packed one, which is under the name of backup_part(), is on disk and has its name; answers its size. */
enum err backup_finish(struct file_job *) MUST_USE;
enum err backup_discard(struct file_job *) MUST_USE;        /* argument file: or what was unpacked of it: argument staging */
enum err backup_list(struct file_job *) MUST_USE;           /* argument name: only those of it */

/* Argument name: the backup's own, or of what it is: then the newest.  Answers its file's name, and makes the folder `staging`. */
enum err backup_choose(struct file_job *) MUST_USE;
/* Arguments staging, target: what was unpacked goes to its place.  ERR_CONFLICT: something is in the way, nothing was moved. */
enum err backup_place(struct file_job *) MUST_USE;

const char *backup_part(struct arena *, str file);          /* while it is packed */
