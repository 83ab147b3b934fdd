// SPDX-License-Identifier: Apache-2.0
/* folder.h: folders and files of ours alone.  Blocking: the start, or a thread that may. */
#pragma once
#include "base/str.h"

/* Makes every folder in front of the last slash of `path`, 0700 and synced; those that are there stay as they are. */
enum err folders_make_for(const char *path) MUST_USE;
/* A rename or a new file is there for good only once its folder is on disk. */
enum err folder_sync_of(const char *path) MUST_USE;
void     raw_closep(int *fd);        /* CLEANUP(raw_closep) int fd = open(...); */
