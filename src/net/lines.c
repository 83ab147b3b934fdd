// SPDX-License-Identifier: Apache-2.0
#include "net/lines.h"

#include "net/dial.h"

static void drop_taken(struct lines *l)
{
    buf_drop(&l->in, l->taken);
    l->taken = 0;
}

static enum err read_more(struct lines *l, struct waiters *also, bool *ret_readable) AWAITS
{
    bool end;
    size_t n;

    TRY(transport_wait(&l->io, also, ret_readable));
    if (!*ret_readable)
        return OK;
    TRY(transport_take(&l->io, transport_scratch(), SCRATCH_SIZE, &n, &end));
    buf_add(&l->in, str_of(transport_scratch(), n));
    return end && n == 0 ? failed(ERR_NET, "the other side ended the connection") : OK;
}

enum err lines_read_or(struct lines *l, struct waiters *also, bool *ret_read, str *ret_line)
{
    size_t at, seen = 0;

    drop_taken(l);
    *ret_read = true;
    while ((at = str_find_char(str_skip(buf_str(&l->in), seen), '\n')) == STR_NONE) {
        seen = l->in.len;
        if (seen > LINES_MAX)
            return failed(ERR_REMOTE, "a line of more than %d bytes", LINES_MAX);
        TRY(read_more(l, also, ret_read));
        if (!*ret_read)
            return OK;
    }
    str line = str_take(buf_str(&l->in), seen + at);

    l->taken = line.len + 1;
    *ret_line = str_ends(line, S("\r")) ? str_take(line, line.len - 1) : line;
    return OK;
}

enum err lines_read(struct lines *l, str *ret_line)
{
    bool read;

    return lines_read_or(l, NULL, &read, ret_line);
}

enum err lines_read_bytes(struct lines *l, size_t n, struct buf *out)
{
    bool readable;

    drop_taken(l);
    for (;;) {
        str got = str_take(buf_str(&l->in), n);

        buf_add(out, got);
        buf_drop(&l->in, got.len);
        n -= got.len;
        if (n == 0)
            return buf_check(out, "what was read");
        TRY(read_more(l, NULL, &readable));
    }
}

enum err lines_secure(struct lines *l, const char *host)
{
    drop_taken(l);
    if (l->in.len)
        return failed(ERR_REMOTE, "the server spoke before TLS began: somebody may have put words into the connection");
    return dial_tls(&l->io, host);
}

enum err lines_write(struct lines *l, str s)
{
    return transport_write(&l->io, &s, 1);
}

void lines_close(struct lines *l)
{
    transport_close(&l->io);
    buf_done(&l->in);
    l->taken = 0;
}
