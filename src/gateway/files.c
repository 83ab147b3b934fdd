// SPDX-License-Identifier: Apache-2.0
/* files.c: what a link of channel/file_link.h leads to.  Never shown, only saved: the content is anybody's. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "channel/file_link.h"
#include "gateway/handlers.h"
#include "net/url.h"
#include "store/folder.h"
#include "runtime/offload.h"

enum { PIECE = 256 << 10 };

struct piece { int fd; size_t n; char bytes[PIECE]; };

static enum err read_piece(void *arg)
{
    struct piece *p = arg;
    ssize_t n;

    do
        n = read(p->fd, p->bytes, sizeof p->bytes);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return failed(ERR_IO, "a file cannot be read: %s", strerror(errno));
    p->n = (size_t)n;
    return OK;
}

static enum err send_pieces(struct request *q, int fd) AWAITS
{
    struct piece *p = arena_alloc(q->arena, sizeof *p);

    p->fd = fd;
    do {
        TRY(fiber_offload(read_piece, p));
        TRY(http_piece(q->http, str_of(p->bytes, p->n)));
    } while (p->n);
    return http_end(q->http);
}

/* RFC 6266: the plain name for old clients, the real one in UTF-8. */
static str disposition(struct arena *a, str name)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_add(&b, S("attachment; filename=\""));
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.p[i];

        buf_add_char(&b, c < 0x20 || c >= 0x7f || strchr("\"\\/;%", c) ? '_' : (char)c);
    }
    buf_add(&b, S("\"; filename*=UTF-8''"));
    url_add_encoded(&b, name);
    return arena_str(a, buf_str(&b));
}

/* What a browser might run as ours is a stream of bytes to it. */
static str harmless_type(str mime)
{
    static const char *const types[] = { "text/plain", "text/markdown", "image/png", "image/jpeg", "image/gif", "image/webp",
                                         "application/pdf", "application/zip", "audio/ogg", "audio/mpeg", "video/mp4" };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_eq_nocase(mime, str_from(types[i])))
            return str_from(types[i]);
    return S("application/octet-stream");
}

enum err get_file(struct request *q) AWAITS
{
    CLEANUP(raw_closep) int fd = -1;
    char hash[BLOB_HASH_SIZE];
    struct blob blob;

    TRY(file_link_read(q->arguments[0], hash));
    if (q->gateway->blobs == NULL)
        return failed(ERR_NOT_FOUND, "no files are kept here");
    if (blobs_find(q->gateway->blobs, q->arena, str_from(hash), &blob) || blobs_read(q->gateway->blobs, str_from(hash), &fd))
        return failed(ERR_NOT_FOUND, "the file is no longer kept");
    http_add_field(q->http, S("Content-Disposition"), disposition(q->arena, blob.name));
    http_add_field(q->http, S("X-Content-Type-Options"), S("nosniff"));
    http_add_field(q->http, S("Content-Security-Policy"), S("default-src 'none'; sandbox"));
    http_add_field(q->http, S("Cache-Control"), S("private, no-store"));
    http_add_field(q->http, S("Referrer-Policy"), S("no-referrer"));
    TRY(http_begin(q->http, 200, harmless_type(blob.mime)));
    return send_pieces(q, fd);
}
