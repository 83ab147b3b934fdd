// SPDX-License-Identifier: Apache-2.0
#include "tool/capture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

static size_t head_max(const struct capture *c) { return c->max / 2; }
static size_t tail_max(const struct capture *c) { return c->max - c->max / 2; }

static void add_tail(struct capture *c, str bytes)
{
    size_t size = tail_max(c), at = (size_t)((c->total - head_max(c)) % size), first;

    if (!c->tail)
        c->tail = mem_alloc(size);
    if (bytes.len > size) {
        at = (at + (bytes.len - size)) % size;
        bytes = str_skip(bytes, bytes.len - size);
    }
    first = bytes.len < size - at ? bytes.len : size - at;
    memcpy(c->tail + at, bytes.p, first);
    memcpy(c->tail, bytes.p + first, bytes.len - first);
}

void capture_add(struct capture *c, str bytes)
{
    size_t room = c->total < head_max(c) ? head_max(c) - (size_t)c->total : 0;
    str head = str_take(bytes, room);

    if (head.len) {
        if (!c->head)
            c->head = mem_alloc(head_max(c));
        memcpy(c->head + c->total, head.p, head.len);
        c->total += head.len;
        bytes = str_skip(bytes, head.len);
    }
    if (bytes.len) {
        add_tail(c, bytes);
        c->total += bytes.len;
    }
}

uint64_t capture_left_out(const struct capture *c)
{
    return c->total > c->max ? c->total - c->max : 0;
}

/* The ring's bytes, oldest first, with a character that the cut went through left off. */
static void add_ring(const struct capture *c, struct buf *out)
{
    size_t size = tail_max(c);
    uint64_t came = c->total - head_max(c);
    size_t start = came > size ? (size_t)(came % size) : 0, n = came > size ? size : (size_t)came;
    CLEANUP(buf_done) struct buf flat = { .max = size + 1 };
    str text;

    buf_add(&flat, str_of(c->tail + start, n - start));
    buf_add(&flat, str_of(c->tail, start));
    text = buf_str(&flat);
    for (int i = 0; came > size && i < 3 && text.len && ((unsigned char)text.p[0] & 0xc0) == 0x80; i++)
        text = str_skip(text, 1);
    utf8_add_repaired(out, text);
}

/* Without the first bytes of a character that the cut went through. */
static str whole_at_end(str s)
{
    size_t at = s.len;

    while (at > 0 && s.len - at < 3 && ((unsigned char)s.p[at - 1] & 0xc0) == 0x80)
        at--;
    if (at > 0 && utf8_cut_short(str_skip(s, at - 1)))
        return str_take(s, at - 1);
    return s;
}

str capture_text(const struct capture *c, struct arena *a)
{
    CLEANUP(buf_done) struct buf out = { .max = 4 * c->max + 128 };     /* a bad byte becomes three */
    CLEANUP(buf_done) struct buf whole = { .max = c->max + 1 };
    str head = str_of(c->head ? c->head : "", c->total < head_max(c) ? (size_t)c->total : head_max(c));

    if (!capture_left_out(c)) {
        if (c->tail) {      /* joined first: a character may lie across the two halves */
            buf_add(&whole, head);
            buf_add(&whole, str_of(c->tail, (size_t)(c->total - head_max(c))));
            head = buf_str(&whole);
        }
        utf8_add_repaired(&out, head);
        return arena_str(a, buf_str(&out));
    }
    utf8_add_repaired(&out, whole_at_end(head));
    buf_addf(&out, "\n... %" PRIu64 " bytes left out ...\n", capture_left_out(c));
    add_ring(c, &out);
    return arena_str(a, buf_str(&out));
}

/* Where what is kept of the end begins. */
static uint64_t tail_start(const struct capture *c)
{
    return capture_left_out(c) ? c->total - tail_max(c) : head_max(c);
}

static void add_from_head(const struct capture *c, uint64_t *at, struct buf *out)
{
    uint64_t end = c->total < head_max(c) ? c->total : head_max(c);

    if (*at >= end)
        return;
    str piece = str_take(str_of(c->head + *at, (size_t)(end - *at)), out->max - out->len);

    buf_add(out, piece);
    *at += piece.len;
}

static void add_from_tail(const struct capture *c, uint64_t *at, struct buf *out)
{
    size_t size = tail_max(c);

    while (*at >= tail_start(c) && *at < c->total && out->len < out->max) {
        size_t in_ring = (size_t)((*at - head_max(c)) % size);
        uint64_t left = c->total - *at;
        str piece = str_take(str_of(c->tail + in_ring, size - in_ring), left < size ? (size_t)left : size);

        piece = str_take(piece, out->max - out->len);
        buf_add(out, piece);
        *at += piece.len;
    }
}

str capture_page(const struct capture *c, struct arena *a, uint64_t from, size_t max, uint64_t *ret_next, uint64_t *ret_missing)
{
    CLEANUP(buf_done) struct buf bytes = { .max = max };
    CLEANUP(buf_done) struct buf text = { .max = 4 * max + 4 };
    uint64_t at = from < c->total ? from : c->total;

    if (at >= head_max(c) && at < tail_start(c) && at < c->total)
        at = tail_start(c);
    *ret_missing = at > from ? at - from : 0;
    add_from_head(c, &at, &bytes);
    if (at >= head_max(c))
        add_from_tail(c, &at, &bytes);
    str whole = whole_at_end(buf_str(&bytes)), kept = whole.len ? whole : buf_str(&bytes);

    *ret_next = at - (bytes.len - kept.len);
    for (int i = 0; *ret_missing && i < 3 && kept.len && ((unsigned char)kept.p[0] & 0xc0) == 0x80; i++)
        kept = str_skip(kept, 1);
    utf8_add_repaired(&text, kept);
    return arena_str(a, buf_str(&text));
}

void capture_done(struct capture *c)
{
    free(c->head);
    free(c->tail);
    *c = (struct capture){ .max = c->max };
}
