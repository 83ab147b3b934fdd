// SPDX-License-Identifier: Apache-2.0
/* workspace.h: opens files inside the workspace and nowhere else, whatever the path says and whoever changes the
 * folders meanwhile: the kernel resolves the path below an open folder (openat2), or, where it cannot, each step is
 * opened by itself and no symbolic link is followed.
 *
 * Paths are relative to the workspace, or absolute and below it.  All of this blocks: call it in fiber_offload. */
#pragma once
#include <sys/stat.h>

#include "base/arena.h"

/* ERR_INPUT unless it is an absolute path of a folder that may be given away: not "/", /home, /usr or the like. */
enum err workspace_check(const char *workspace) MUST_USE;
/* The same, and it must not hold `secret`, the gateway's own folder. */
enum err workspace_check_apart(const char *workspace, const char *secret) MUST_USE;

struct workspace { int fd; const char *path; };

enum err workspace_open(const char *path, struct workspace *out) MUST_USE;
void     workspace_close(struct workspace *);

/* The path as the workspace has it: relative, without empty parts and ".", "." for the workspace itself.
 * ERR_INPUT when it is absolute and elsewhere, or has a NUL. */
enum err workspace_relative(const struct workspace *, struct arena *, str path, const char **ret_path) MUST_USE;

/* Opens what is there; never waits for the other end of a pipe.  ERR_NOT_FOUND, ERR_INPUT (leads outside), ERR_IO. */
enum err workspace_open_at(const struct workspace *, const char *relative, int flags, int *ret_fd) MUST_USE;
/* The same for a regular file, to be read: devices, pipes, sockets and folders are ERR_INPUT. */
enum err workspace_open_file(const struct workspace *, const char *relative, int *ret_fd, struct stat *ret_st) MUST_USE;
/* The folder that holds `relative`, and its last part.  With `make`, folders on the way are created. */
enum workspace_parents { PARENTS_EXIST, PARENTS_MADE };
enum err workspace_open_parent(const struct workspace *, const char *relative, enum workspace_parents,
                               int *ret_fd, const char **ret_name) MUST_USE;
/* Replaces the file as a whole or not at all; it keeps its mode.  ERR_INPUT if it is no regular file. */
enum err workspace_replace(const struct workspace *, const char *relative, str bytes) MUST_USE;

extern bool workspace_no_openat2;   /* for tests: as on a kernel without it */
