// SPDX-License-Identifier: Apache-2.0
#include "net/inflate.h"

#include <stdlib.h>

#include <zlib.h>

#include "base/mem.h"

enum { ROOM = 16 << 10, PIECE_MAX = 1 << 30 };

static enum err begin(struct inflate *s)
{
    s->z = NEW(z_stream);
    if (inflateInit(s->z) == Z_OK)
        return OK;
    free(s->z);
    s->z = NULL;
    return failed(ERR_LIMIT, "no memory to decompress with");
}

enum err inflate_feed(struct inflate *s, str piece, struct buf *out)
{
    int said = Z_OK;

    if (!s->z)
        TRY(begin(s));
    if (piece.len > PIECE_MAX)
        return failed(ERR_LIMIT, "a compressed piece is too large");
    s->z->next_in = (unsigned char *)(uintptr_t)piece.p;
    s->z->avail_in = (unsigned)piece.len;
    do {
        size_t room;
        char *at = buf_room(out, ROOM, &room);

        if (!room)
            return failed(ERR_LIMIT, "more is compressed in it than %zu bytes", out->len);
        room = room < PIECE_MAX ? room : PIECE_MAX;
        s->z->next_out = (unsigned char *)at;
        s->z->avail_out = (unsigned)room;
        said = inflate(s->z, Z_SYNC_FLUSH);
        buf_grown(out, room - s->z->avail_out);
    } while (said == Z_OK && s->z->avail_out == 0);
    if (said == Z_STREAM_END && s->z->avail_in)
        return failed(ERR_INPUT, "there is something behind the end of the compressed stream");
    if (said != Z_OK && said != Z_BUF_ERROR && said != Z_STREAM_END)
        return failed(ERR_INPUT, "what came is not compressed as agreed (%s)", s->z->msg ? s->z->msg : "zlib");
    return OK;
}

void inflate_done(struct inflate *s)
{
    if (!s->z)
        return;
    inflateEnd(s->z);
    free(s->z);
    s->z = NULL;
}
