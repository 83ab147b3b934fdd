// SPDX-License-Identifier: Apache-2.0
/* incoming.h: what channels do alike with a message on its way in: files that are still with the platform, and whether it
 * is for us at all. */
#pragma once
#include "domain/channel.h"
#include "net/client.h"

enum { INCOMING_FILES_MAX = 10 };

/* A file of a message that is still with its platform. */
struct incoming_file {
    const char *type;           /* image, audio, video, file */
    str         name, mime;     /* "" where not told: then by the type */
    int64_t     size;           /* bytes; -1: not told */
    str         id;             /* the platform's, for `locate` */
    struct http_request request;        /* what fetches it; url NULL: ask `locate` */
    str         bytes;          /* or it is here already (mail); .p NULL: it is not */
};

/* Where a file is: fills in f->request (its strings in the arena) or f->bytes. */
typedef enum err (*incoming_locate)(const struct channel_host *, struct arena *, struct incoming_file *) /* AWAITS */;

/* Fetches and keeps the files, one after another, and makes them the message's attachments.  A file that cannot be had does
 * not cost the message: its text says what is missing and why.  Nothing is fetched for strangers (host->knows), nor of
 * what is not kept (chats_wants()).
 * ERR_IO, ERR_CANCELLED: store nothing, let the platform send it again. */
enum err incoming_files(const struct channel_host *, struct arena *, struct message *m, struct incoming_file *files, size_t n,
                        incoming_locate locate) AWAITS MUST_USE;
