// SPDX-License-Identifier: Apache-2.0
/* Files by SFTP (version 3, draft-ietf-secsh-filexfer-02).  A file is written beside its place under another name and
 * then moved there, so that nobody finds half of it. */
#include <fcntl.h>
#include <libssh/sftp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/modules/ssh_parts.h"

enum { PIECE = 32 << 10 };

static const char *reason(ssh_session s, sftp_session files)
{
    switch (sftp_get_error(files)) {
    case SSH_FX_NO_SUCH_FILE:
    case SSH_FX_NO_SUCH_PATH:
        return "there is no such file or folder";
    case SSH_FX_PERMISSION_DENIED:
        return "permission denied";
    case SSH_FX_WRITE_PROTECT:
        return "it is read-only there";
    case SSH_FX_FAILURE:
        return "the host says only that it failed";
    default:
        return ssh_is_connected(s) ? ssh_get_error(s) : "the connection broke";
    }
}

/* Takes mode, and whether it is a folder, from what is there; true when something is. */
static bool look(sftp_session files, const char *path, unsigned *ret_mode, bool *ret_folder)
{
    sftp_attributes there = sftp_stat(files, path);

    if (!there)
        return false;
    *ret_mode = there->permissions & 07777;
    *ret_folder = there->type == SSH_FILEXFER_TYPE_DIRECTORY;
    sftp_attributes_free(there);
    return true;
}

static bool write_all(struct ssh_call *c, ssh_session s, sftp_session files, sftp_file f, const char *path)
{
    for (str rest = c->content; rest.len; ) {
        ssize_t n = sftp_write(f, rest.p, rest.len < PIECE ? rest.len : PIECE);

        if (n <= 0)
            return ssh_refuse(c, "%s cannot be written: %s", path, reason(s, files));
        rest = str_skip(rest, (size_t)n);
    }
    return true;
}

/* The whole content in a new file; what is begun is removed when it fails. */
static bool write_beside(struct ssh_call *c, ssh_session s, sftp_session files, const char *path, unsigned mode)
{
    sftp_file f = sftp_open(files, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

    if (!f)
        return ssh_refuse(c, "%s cannot be made: %s", path, reason(s, files));
    bool whole = write_all(c, s, files, f, path);

    if (sftp_close(f) != SSH_OK && whole)
        whole = ssh_refuse(c, "%s cannot be finished: %s", path, reason(s, files));
    if (whole && sftp_chmod(files, path, mode) != SSH_OK)
        whole = ssh_refuse(c, "%s cannot get its permissions: %s", path, reason(s, files));
    if (!whole)
        sftp_unlink(files, path);
    return whole;
}

/* Version 3 does not rename onto what is there, so that steps aside, and comes back when the new one cannot come. */
static bool move(sftp_session files, const char *from, const char *to)
{
    char aside[600];

    if (sftp_rename(files, from, to) == SSH_OK)
        return true;
    snprintf(aside, sizeof aside, "%s.old", from);
    if (sftp_rename(files, to, aside) != SSH_OK)
        return false;
    bool moved = sftp_rename(files, from, to) == SSH_OK;

    if (moved)
        sftp_unlink(files, aside);
    else
        sftp_rename(files, aside, to);
    return moved;
}

static void put(struct ssh_call *c, ssh_session s, sftp_session files)
{
    char beside[sizeof c->where + 40];
    unsigned mode = c->mode;
    bool folder = false;

    snprintf(c->where, sizeof c->where, "%s", c->remote_path);
    if (look(files, c->where, &mode, &folder) && folder) {
        snprintf(c->where, sizeof c->where, "%s/%s", c->remote_path, c->name);
        mode = c->mode;
        folder = false;
        look(files, c->where, &mode, &folder);
    }
    if (folder) {
        ssh_refuse(c, "%s is a folder there", c->where);
        return;
    }
    snprintf(beside, sizeof beside, "%s.part-%lx-%d", c->where, (unsigned long)(uintptr_t)c, (int)getpid());
    if (!write_beside(c, s, files, beside, mode))
        return;
    if (move(files, beside, c->where)) {
        c->end = SSH_DONE;
        return;
    }
    ssh_refuse(c, "%s cannot be put in its place: %s", c->where, reason(s, files));
    sftp_unlink(files, beside);
}

static void read_all(struct ssh_call *c, ssh_session s, sftp_session files, sftp_file f)
{
    char piece[PIECE];
    size_t total = 0;
    ssize_t n;

    while ((n = sftp_read(f, piece, sizeof piece)) > 0) {
        total += (size_t)n;
        if (total > c->max) {
            ssh_refuse(c, "%s has more than the %zu bytes that may be fetched (ssh.max_file)", c->remote_path, c->max);
            return;
        }
        c->output(c->arg, str_of(piece, (size_t)n));
    }
    if (n < 0)
        ssh_refuse(c, "%s cannot be read on: %s", c->remote_path, reason(s, files));
    else
        c->end = SSH_DONE;
}

static void get(struct ssh_call *c, ssh_session s, sftp_session files)
{
    sftp_file f = sftp_open(files, c->remote_path, O_RDONLY, 0);
    sftp_attributes is = f ? sftp_fstat(f) : NULL;

    if (!is)
        ssh_refuse(c, "%s cannot be read: %s", c->remote_path, reason(s, files));
    else if (is->type != SSH_FILEXFER_TYPE_REGULAR)
        ssh_refuse(c, "%s is not a regular file", c->remote_path);
    else
        read_all(c, s, files, f);
    sftp_attributes_free(is);
    if (f)
        sftp_close(f);
}

static void with_files(struct ssh_call *c, ssh_session s, void (*work)(struct ssh_call *, ssh_session, sftp_session))
{
    sftp_session files = sftp_new(s);

    if (!files || sftp_init(files) != SSH_OK)
        ssh_refuse(c, "files cannot be moved there (SFTP): %s", ssh_get_error(s));
    else
        work(c, s, files);
    sftp_free(files);
}

void ssh_put(struct ssh_call *c, ssh_session s) { with_files(c, s, put); }
void ssh_get(struct ssh_call *c, ssh_session s) { with_files(c, s, get); }
