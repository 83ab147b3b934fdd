// SPDX-License-Identifier: Apache-2.0
/* attachments.h: files that came with a message, where the agent can use them: copied into the workspace's folder
 * attachments/ (so that tools reach them), and images given to a model that sees. */
#pragma once
#include "domain/message.h"
#include "domain/prompt.h"
#include "store/blobs.h"

enum { ATTACHMENT_IMAGE_MAX = 5 << 20 };

struct placed {
    const char  **paths;        /* one an attachment, relative to the workspace; NULL: not kept, only its url is known */
    struct image *images;
    size_t        n_images;
};

/* wants_images: the model sees.  A file that cannot be copied is logged and passed over: the message counts more. */
enum err attachments_place(struct arena *, struct blobs *, const char *workspace, const struct message *, bool wants_images,
                           struct placed *out) AWAITS MUST_USE;
