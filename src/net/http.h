// SPDX-License-Identifier: Apache-2.0
/* http.h: an HTTP/1.1 request as a push parser: RFC 9112 for the framing, RFC 9110 for what the fields mean.
 * No I/O: feed bytes, be told when the head and when the whole request is in.  However the bytes are cut, the
 * outcome is the same.
 *
 * It refuses whatever two servers could read in two ways, since that is how requests are smuggled past a proxy:
 * Content-Length beside Transfer-Encoding, more than one of either, any coding but exactly "chunked", lines that
 * end in a bare LF, folded lines, space before a colon, a missing or second Host, a path that leaves the root. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

struct http_field { str name, value; };     /* one header line, client and server alike */

enum {
    HTTP_LINE_MAX   = 8 << 10,  /* the request line (414) or a field line (431), with its CRLF */
    HTTP_HEAD_MAX   = 32 << 10, /* request line and fields (431) */
    HTTP_FIELDS_MAX = 100,      /* 431 */
    HTTP_EXTRA_MAX  = 8 << 10,  /* chunk extensions, and again trailers, of one request: both are dropped */
};

enum http_event {
    HTTP_MORE,          /* every byte is taken; feed more */
    HTTP_HEAD,          /* the head is in and a body follows; feed on */
    HTTP_REQUEST,       /* the request is whole; what came after it is not taken */
    HTTP_REFUSED,       /* answer `status` and close; feeding on changes nothing */
};

struct http_parser {
    struct arena *arena;            /* gets the head; set it before each request's first byte */
    size_t        max_body;         /* 413 above; whoever empties `body` between feeds counts for himself */
    bool          proxy;            /* CONNECT host:port is a request too: `host` is that, `path` is empty */

    str           method, target;   /* from HTTP_HEAD on, as server.h describes them in struct http_exchange */
    str           path, query, host;
    struct http_field *fields;
    size_t        n_fields;
    bool          http_1_0, keep_alive, expects_continue;
    struct buf    body;             /* from HTTP_REQUEST on, until http_parser_next() */

    int           status;           /* when refused */
    const char   *reason;           /* a sentence for the client, constant */

    struct buf    head;             /* private from here: lines up to now, with their CRLF */
    size_t        line_at, n_lines;
    uint64_t      left;             /* of the body, or of this chunk */
    size_t        extra;
    unsigned      state, digits;
    bool          skipped_line, has_length, has_coding, has_host;
};

enum http_event http_feed(struct http_parser *, str bytes, size_t *ret_used);
void http_parser_next(struct http_parser *);    /* forgets the request, keeps its buffers */
void http_parser_done(struct http_parser *);    /* forgets the request, frees its buffers */

bool http_has_token(str list, str token);       /* of a comma-separated value, ignoring case; RFC 9110, 5.6.1 */
bool http_is_value(str);                        /* fit to be a field's value: no CR, LF, NUL or other control */
bool http_is_token(str);                        /* fit to be a field's name */

/* What a Retry-After field asks for (RFC 9110, 10.2.3): seconds, or a date.  UINT64_MAX: nothing. */
uint64_t http_retry_after_ms(str value, int64_t wall_ms);
