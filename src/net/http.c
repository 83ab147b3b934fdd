// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "net/chars.h"
#include "net/target.h"

enum state {
    START, HEAD, SIZED,
    CHUNK_SIZE, CHUNK_SPACE, CHUNK_EXT, CHUNK_SIZE_LF, CHUNK_DATA, CHUNK_DATA_CR, CHUNK_DATA_LF, TRAILERS,
    WHOLE, REFUSED,
};

enum { METHOD_MAX = 32, CHUNK_DIGITS_MAX = 16 };

static enum http_event refuse(struct http_parser *p, int status, const char *reason)
{
    p->state = REFUSED;
    p->status = status;
    p->reason = reason;
    return HTTP_REFUSED;
}

bool http_is_value(str s)
{
    return http_all(s, CHAR_VALUE);
}

bool http_is_token(str s)
{
    return s.len && http_all(s, CHAR_TOKEN);
}

bool http_has_token(str list, str token)
{
    str part;

    while (str_split(&list, ',', &part))
        if (str_eq_nocase(str_trim(part), token))
            return true;
    return false;
}

/* --- the fields that decide about framing ------------------------------------------------------------- */

static enum http_event take_host(struct http_parser *p, str value)
{
    if (p->has_host)
        return refuse(p, 400, "more than one Host field");
    if (!http_host_ok(value))
        return refuse(p, 400, "bad Host field");
    p->has_host = true;
    p->host = value;
    return HTTP_MORE;
}

static enum http_event take_length(struct http_parser *p, str value)
{
    if (p->has_length)
        return refuse(p, 400, "more than one Content-Length field");
    p->has_length = true;
    if (value.len == 0)
        return refuse(p, 400, "bad Content-Length");
    for (size_t i = 0; i < value.len; i++)
        if (value.p[i] < '0' || value.p[i] > '9')
            return refuse(p, 400, "bad Content-Length");
    if (str_u64(value, &p->left) != OK || p->left > p->max_body)
        return refuse(p, 413, "the body is too large");
    return HTTP_MORE;
}

static enum http_event take_coding(struct http_parser *p, str value)
{
    if (p->has_coding)
        return refuse(p, 400, "more than one Transfer-Encoding field");
    if (!str_eq_nocase(value, S("chunked")))
        return refuse(p, 400, "a Transfer-Encoding other than chunked");
    if (p->http_1_0)
        return refuse(p, 400, "Transfer-Encoding in HTTP/1.0");
    p->has_coding = true;
    return HTTP_MORE;
}

static enum http_event take_connection(struct http_parser *p, str value)
{
    if (http_has_token(value, S("close")))
        p->keep_alive = false;
    return HTTP_MORE;
}

static enum http_event take_expect(struct http_parser *p, str value)
{
    if (!str_eq_nocase(value, S("100-continue")))
        return refuse(p, 417, "an expectation other than 100-continue");
    p->expects_continue = !p->http_1_0;     /* RFC 9110 section 10.1.1 */
    return HTTP_MORE;
}

static const struct special {
    str name;
    enum http_event (*take)(struct http_parser *, str value);
} specials[] = {
    { { "host", 4 }, take_host },
    { { "content-length", 14 }, take_length },
    { { "transfer-encoding", 17 }, take_coding },
    { { "connection", 10 }, take_connection },
    { { "expect", 6 }, take_expect },
};

/* --- the head ----------------------------------------------------------------------------------------- */

/* The next line of complete text, without its CRLF. */
static str next_line(str *text)
{
    size_t lf = str_find_char(*text, '\n');

    assert(lf != STR_NONE && lf > 0);
    str line = str_take(*text, lf - 1);

    *text = str_skip(*text, lf + 1);
    return line;
}

static enum http_event parse_version(struct http_parser *p, str version)
{
    if (str_eq(version, S("HTTP/1.1"))) {
        p->keep_alive = true;
        return HTTP_MORE;
    }
    if (str_eq(version, S("HTTP/1.0"))) {
        p->http_1_0 = true;
        return HTTP_MORE;
    }
    if (version.len == 8 && str_eat(&version, S("HTTP/")) && version.p[0] >= '0' && version.p[0] <= '9'
        && version.p[1] == '.' && version.p[2] >= '0' && version.p[2] <= '9')
        return refuse(p, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    return refuse(p, 400, "bad HTTP version");
}

/* RFC 9112 section 3.2.3: a host and a port, never one without the other. */
static const char *parse_authority(str target, struct http_target *out)
{
    size_t bracket = str_starts(target, S("[")) ? str_find_char(target, ']') : 0;
    size_t colon = str_find_char(str_skip(target, bracket), ':');

    if (!http_host_ok(target) || colon == STR_NONE || bracket + colon + 1 == target.len)
        return "CONNECT wants a host and a port";
    *out = (struct http_target){ .host = target };
    return NULL;
}

static enum http_event parse_request_line(struct http_parser *p, str line)
{
    struct http_target target;

    if (!str_split(&line, ' ', &p->method) || !http_is_token(p->method) || p->method.len > METHOD_MAX)
        return refuse(p, 400, "bad method");
    if (!str_split(&line, ' ', &p->target) || p->target.len == 0 || line.p == NULL)
        return refuse(p, 400, "bad request line");
    enum http_event e = parse_version(p, line);

    if (e)
        return e;
    const char *why = p->proxy && str_eq(p->method, S("CONNECT"))
        ? parse_authority(p->target, &target) : http_target_parse(p->arena, p->method, p->target, &target);

    if (why)
        return refuse(p, 400, why);
    p->path = target.path;
    p->query = target.query;
    p->host = target.host;
    return HTTP_MORE;
}

/* Splits and checks one field line; RFC 9112 section 5. */
static const char *parse_field(str line, struct http_field *out)
{
    size_t colon = str_find_char(line, ':');

    if (line.p[0] == ' ' || line.p[0] == '\t')
        return "folded field line";
    if (colon == STR_NONE)
        return "field line without a colon";
    out->name = str_take(line, colon);
    out->value = str_skip(line, colon + 1);
    if (!http_is_token(out->name))
        return "bad field name";
    if (!http_is_value(out->value))
        return "bad character in a field value";
    out->value = str_trim(out->value);
    return NULL;
}

static enum http_event parse_fields(struct http_parser *p, str text)
{
    p->fields = arena_alloc(p->arena, p->n_lines * sizeof *p->fields);
    for (str line = next_line(&text); line.len; line = next_line(&text)) {
        struct http_field *f = &p->fields[p->n_fields];
        const char *why = parse_field(line, f);

        if (why)
            return refuse(p, 400, why);
        p->n_fields++;
        for (size_t i = 0; i < N_ELEMENTS(specials); i++)
            if (str_eq_nocase(f->name, specials[i].name) && specials[i].take(p, f->value))
                return HTTP_REFUSED;
    }
    return HTTP_MORE;
}

static enum http_event parse_head(struct http_parser *p)
{
    str text = arena_str(p->arena, buf_str(&p->head));
    enum http_event e = parse_request_line(p, next_line(&text));
    str absolute_host = p->host;

    if (e || (e = parse_fields(p, text)))
        return e;
    if (!p->has_host && !p->http_1_0)
        return refuse(p, 400, "no Host field");
    if (absolute_host.len)          /* RFC 9112 section 3.2.2: the target's host replaces the field's */
        p->host = absolute_host;
    if (p->has_coding && p->has_length)
        return refuse(p, 400, "Content-Length beside Transfer-Encoding");
    p->body.max = p->max_body;
    p->state = p->has_coding ? CHUNK_SIZE : p->left ? SIZED : WHOLE;
    return p->state == WHOLE ? HTTP_REQUEST : HTTP_HEAD;
}

static enum http_event line_too_long(struct http_parser *p)
{
    if (p->state == HEAD && p->n_lines == 0)
        return refuse(p, 414, "the request line is too long");
    return refuse(p, 431, "the header block is too large");
}

/* Gathers whole lines in p->head, up to and with the empty one: then *ret_empty is set. */
static enum http_event take_lines(struct http_parser *p, size_t max, str *in, bool *ret_empty)
{
    while (in->len) {
        size_t lf = str_find_char(*in, '\n');
        str piece = str_take(*in, lf == STR_NONE ? in->len : lf + 1);
        size_t line = p->head.len - p->line_at + piece.len;

        if (line > HTTP_LINE_MAX || p->head.len + piece.len > max)
            return line_too_long(p);
        buf_add(&p->head, piece);
        *in = str_skip(*in, piece.len);
        if (lf == STR_NONE)
            return HTTP_MORE;
        if (line < 2 || p->head.p[p->head.len - 2] != '\r')
            return refuse(p, 400, "a line that does not end in CRLF");
        p->line_at = p->head.len;
        if (line == 2) {
            *ret_empty = true;
            return HTTP_MORE;
        }
        if (++p->n_lines > HTTP_FIELDS_MAX + (p->state == HEAD))
            return refuse(p, 431, "too many fields");
    }
    return HTTP_MORE;
}

static void forget_lines(struct http_parser *p)
{
    buf_clear(&p->head);
    p->line_at = p->n_lines = 0;
}

static enum http_event feed_head(struct http_parser *p, str *in)
{
    bool empty = false;
    enum http_event e = take_lines(p, HTTP_HEAD_MAX, in, &empty);

    if (e || !empty)
        return e;
    if (p->n_lines)
        return parse_head(p);
    /* RFC 9112 section 2.2: an empty line before the request line, but one only. */
    if (p->skipped_line)
        return refuse(p, 400, "bad request line");
    p->skipped_line = true;
    forget_lines(p);
    return HTTP_MORE;
}

/* --- the body ----------------------------------------------------------------------------------------- */

static enum http_event whole(struct http_parser *p)
{
    p->state = WHOLE;
    return HTTP_REQUEST;
}

static bool take_body(struct http_parser *p, str *in)   /* true: `left` is zero */
{
    str piece = p->left < in->len ? str_take(*in, (size_t)p->left) : *in;

    buf_add(&p->body, piece);
    *in = str_skip(*in, piece.len);
    p->left -= piece.len;
    return p->left == 0;
}

static enum http_event chunk_digit(struct http_parser *p, char c)
{
    int v = http_hex(c);

    if (v >= 0) {
        if (++p->digits > CHUNK_DIGITS_MAX)
            return refuse(p, 400, "chunk size with too many digits");
        p->left = p->left << 4 | (uint64_t)v;
        return HTTP_MORE;
    }
    if (p->digits == 0)
        return refuse(p, 400, "bad chunk size");
    switch (c) {
    case ';':  p->state = CHUNK_EXT;     return HTTP_MORE;
    case '\r': p->state = CHUNK_SIZE_LF; return HTTP_MORE;
    case ' ':
    case '\t': p->state = CHUNK_SPACE;   return HTTP_MORE;
    default:   return refuse(p, 400, "bad chunk size");
    }
}

/* Extensions are skipped, and counted over the whole request: many small chunks must not carry many of them. */
static enum http_event chunk_extension(struct http_parser *p, char c)
{
    if (p->state == CHUNK_EXT && c == '\r') {
        p->state = CHUNK_SIZE_LF;
        return HTTP_MORE;
    }
    if (p->state == CHUNK_SPACE && c == ';')    /* RFC 9112 section 7.1.1: space only before an extension */
        p->state = CHUNK_EXT;
    else if (p->state == CHUNK_SPACE && c != ' ' && c != '\t')
        return refuse(p, 400, "bad chunk size");
    if (!(http_chars[(unsigned char)c] & CHAR_VALUE) || ++p->extra > HTTP_EXTRA_MAX)
        return refuse(p, 400, "bad chunk extension");
    return HTTP_MORE;
}

static enum http_event chunk_begins(struct http_parser *p, char c)
{
    if (c != '\n')
        return refuse(p, 400, "a chunk size that does not end in CRLF");
    p->digits = 0;
    if (p->left > p->max_body - p->body.len)
        return refuse(p, 413, "the body is too large");
    p->state = p->left ? CHUNK_DATA : TRAILERS;
    if (p->state == TRAILERS)
        forget_lines(p);
    return HTTP_MORE;
}

static enum http_event chunk_ends(struct http_parser *p, char c)
{
    if (c != (p->state == CHUNK_DATA_CR ? '\r' : '\n'))
        return refuse(p, 400, "a chunk longer than its size");
    p->state = p->state == CHUNK_DATA_CR ? CHUNK_DATA_LF : CHUNK_SIZE;
    return HTTP_MORE;
}

static enum http_event feed_trailers(struct http_parser *p, str *in)
{
    struct http_field ignored;
    bool empty = false;
    enum http_event e = take_lines(p, HTTP_EXTRA_MAX, in, &empty);

    if (e || !empty)
        return e;
    str text = buf_str(&p->head);

    for (str line = next_line(&text); line.len; line = next_line(&text)) {
        const char *why = parse_field(line, &ignored);

        if (why)
            return refuse(p, 400, why);
    }
    return whole(p);
}

static enum http_event feed_chunk_line(struct http_parser *p, str *in)
{
    char c = in->p[0];

    *in = str_skip(*in, 1);
    switch (p->state) {
    case CHUNK_SIZE:    return chunk_digit(p, c);
    case CHUNK_SPACE:
    case CHUNK_EXT:     return chunk_extension(p, c);
    case CHUNK_SIZE_LF: return chunk_begins(p, c);
    default:            return chunk_ends(p, c);
    }
}

static enum http_event feed_some(struct http_parser *p, str *in)
{
    switch (p->state) {
    case START:
        p->state = HEAD;
        return HTTP_MORE;
    case HEAD:
        return feed_head(p, in);
    case SIZED:
        return take_body(p, in) ? whole(p) : HTTP_MORE;
    case CHUNK_DATA:
        if (take_body(p, in))
            p->state = CHUNK_DATA_CR;
        return HTTP_MORE;
    case TRAILERS:
        return feed_trailers(p, in);
    case WHOLE:
        return HTTP_REQUEST;
    case REFUSED:
        return HTTP_REFUSED;
    default:
        return feed_chunk_line(p, in);
    }
}

enum http_event http_feed(struct http_parser *p, str bytes, size_t *ret_used)
{
    size_t len = bytes.len;
    enum http_event e = HTTP_MORE;

    while (e == HTTP_MORE && bytes.len)
        e = feed_some(p, &bytes);
    *ret_used = len - bytes.len;
    return e;
}

void http_parser_next(struct http_parser *p)
{
    struct buf head = p->head, body = p->body;

    buf_clear(&head);
    buf_clear(&body);
    *p = (struct http_parser){ .arena = p->arena, .max_body = p->max_body, .proxy = p->proxy, .head = head, .body = body };
}

void http_parser_done(struct http_parser *p)
{
    http_parser_next(p);
    buf_done(&p->head);
    buf_done(&p->body);
}

uint64_t http_retry_after_ms(str value, int64_t wall_ms)
{
    char date[64];
    struct tm tm = {0};
    uint64_t seconds;

    if (str_u64(value, &seconds) == OK)
        return seconds < UINT64_MAX / 1000 ? seconds * 1000 : UINT64_MAX - 1;
    snprintf(date, sizeof date, "%.*s", STR(str_take(value, sizeof date - 1)));
    const char *end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm);

    if (end == NULL || *end)
        return UINT64_MAX;
    int64_t at = (int64_t)timegm(&tm) * 1000;

    return at > wall_ms ? (uint64_t)(at - wall_ms) : 0;
}
