// SPDX-License-Identifier: Apache-2.0
#include "agent/attachments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "runtime/offload.h"
#include "tool/provenance.h"

enum { NAME_MAX_BYTES = 80, PIECE = 16 << 10 };

/* One file's copying, done in a pool thread. */
struct copy {
    int        from;            /* descriptor */
    const char *folder, *name;  /* the folder: absolute */
    struct buf *keep;           /* NULL, or where the bytes are wanted too */
    char        piece[PIECE];
};

static enum err write_all(int fd, str bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.p, bytes.len);

        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "%s", strerror(errno));
        bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
    }
    return OK;
}

static enum err copy_bytes(struct copy *c, int to)
{
    ssize_t n;

    while ((n = read(c->from, c->piece, sizeof c->piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(ERR_IO, "reading an attachment: %s", strerror(errno));
        if (c->keep)
            buf_add(c->keep, str_of(c->piece, (size_t)n));
        if (to >= 0)
            TRY(write_all(to, str_of(c->piece, (size_t)n)));
    }
    return OK;
}

/* Tools write in the workspace: a link they made must not lead us out of it. */
static enum err open_folder(const char *folder, int *out)
{
    if (mkdir(folder, 0700) && errno != EEXIST)
        return failed(ERR_IO, "%s: %s", folder, strerror(errno));
    *out = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *out < 0 ? failed(ERR_IO, "%s: %s", folder, strerror(errno)) : OK;
}

/* The name holds the content's hash, so a file that is there is the same file; the owner's tools may have changed it
 * since, and then it is theirs. */
static enum err copy_into(struct copy *c, int folder)
{
    int to = openat(folder, c->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (to < 0 && errno != EEXIST)
        return failed(ERR_IO, "%s: %s", c->name, strerror(errno));
    enum err e = copy_bytes(c, to);

    if (to >= 0)
        close(to);
    if (e && to >= 0)
        unlinkat(folder, c->name, 0);
    return e;
}

static enum err run_copy(void *arg)
{
    struct copy *c = arg;
    int folder = -1;

    TRY(open_folder(c->folder, &folder));
    enum err e = copy_into(c, folder);

    close(folder);
    return e;
}

/* What the sender called it, as far as it can be a file's name. */
static const char *file_name(struct arena *a, const struct attachment *t)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_add(&b, str_take(t->blob, 8));
    buf_add_char(&b, '-');
    for (size_t i = 0; i < t->name.len && b.len <= NAME_MAX_BYTES; i++) {
        unsigned char c = (unsigned char)t->name.p[i];

        buf_add_char(&b, c < 0x20 || c == 0x7f || strchr("/\\:*?\"<>|", c) ? '_' : (char)c);
    }
    if (t->name.len == 0)
        buf_add(&b, t->type);
    return arena_c(a, utf8_take(buf_str(&b), NAME_MAX_BYTES));
}

/* Marked as somebody else's words before it is there for anybody to read. */
static enum err place(struct arena *a, struct blobs *blobs, const char *workspace, const struct attachment *t, str origin,
                      struct buf *keep, const char **ret_path) AWAITS
{
    struct copy *c = ARENA_NEW(a, struct copy);

    c->folder = arena_printf(a, "%s/attachments", workspace);
    c->name = file_name(a, t);
    c->keep = keep;
    *ret_path = arena_printf(a, "attachments/%s", c->name);
    TRY(provenance_mark(str_from(*ret_path), origin));
    TRY(blobs_read(blobs, t->blob, &c->from));
    enum err e = fiber_offload(run_copy, c);

    close(c->from);
    if (e == OK)        /* again: while the file was not there, the mark may have been dropped */
        e = provenance_mark(str_from(*ret_path), origin);
    if (e)
        *ret_path = NULL;
    return e;
}

static void add_image(struct arena *a, const struct attachment *t, const struct buf *bytes, struct placed *p)
{
    CLEANUP(buf_done) struct buf base64 = { .max = ATTACHMENT_IMAGE_MAX * 2 };

    buf_add_base64(&base64, buf_str(bytes));
    p->images[p->n_images++] = (struct image){ t->mime.len ? t->mime : S("image/jpeg"), arena_str(a, buf_str(&base64)) };
}

enum err attachments_place(struct arena *a, struct blobs *blobs, const char *workspace, const struct message *m,
                           bool wants_images, struct placed *out)
{
    struct placed p = {
        .paths = arena_alloc(a, m->n_attachments * sizeof *p.paths),
        .images = arena_alloc(a, m->n_attachments * sizeof *p.images),
    };
    str origin = str_from(arena_printf(a, "an attachment of %.*s/%.*s", STR(m->platform), STR(m->user_id)));

    for (size_t i = 0; i < m->n_attachments; i++) {
        const struct attachment *t = &m->attachments[i];
        CLEANUP(buf_done) struct buf bytes = { .max = ATTACHMENT_IMAGE_MAX };
        bool shown = wants_images && str_eq(t->type, S("image")) && t->size <= ATTACHMENT_IMAGE_MAX;

        if (t->blob.len == 0 || blobs == NULL)
            continue;
        enum err e = place(a, blobs, workspace, t, origin, shown ? &bytes : NULL, &p.paths[i]);

        if (e == ERR_CANCELLED || e == ERR_TIMEOUT)
            return e;
        if (e)
            log_event(LOG_WARN, "attachment.not_placed", F("name", t->name), F("error", failed_text()));
        else if (shown && bytes.len && !bytes.overflowed)
            add_image(a, t, &bytes, &p);
    }
    *out = p;
    return OK;
}
