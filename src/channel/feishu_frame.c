// SPDX-License-Identifier: Apache-2.0
/* protobuf.dev/programming-guides/encoding: a tag is the field's number and, in its lowest three bits, how its value stands. */
#include "channel/feishu_frame.h"

enum { WIRE_VARINT = 0, WIRE_8_BYTES = 1, WIRE_BYTES = 2, WIRE_4_BYTES = 5, VARINT_BYTES_MAX = 10 };
enum { SEQ_ID = 1, LOG_ID, SERVICE, METHOD, HEADERS, PAYLOAD_ENCODING, PAYLOAD_TYPE, PAYLOAD, LOG_ID_NEW };
enum { HEADER_KEY = 1, HEADER_VALUE };

struct field { uint64_t number; unsigned wire; uint64_t varint; str bytes; };

/* ---- reading ---- */

static enum err take_varint(str *in, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < VARINT_BYTES_MAX && i < in->len; i++) {
        unsigned char byte = (unsigned char)in->p[i];

        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        *in = str_skip(*in, i + 1);
        *out = value;
        return OK;
    }
    return failed(ERR_INPUT, "a number in Feishu's frame does not end");
}

static enum err take_bytes(str *in, uint64_t n, str *out)
{
    if (n > in->len)
        return failed(ERR_INPUT, "Feishu's frame is cut short");
    *out = str_take(*in, (size_t)n);
    *in = str_skip(*in, (size_t)n);
    return OK;
}

static enum err take_field(str *in, struct field *f)
{
    uint64_t tag, len = 0;

    TRY(take_varint(in, &tag));
    *f = (struct field){ .number = tag >> 3, .wire = tag & 7 };
    switch (f->wire) {
    case WIRE_VARINT: return take_varint(in, &f->varint);
    case WIRE_8_BYTES: return take_bytes(in, 8, &f->bytes);
    case WIRE_4_BYTES: return take_bytes(in, 4, &f->bytes);
    case WIRE_BYTES:
        TRY(take_varint(in, &len));
        return take_bytes(in, len, &f->bytes);
    default: return failed(ERR_INPUT, "Feishu's frame has a field of a kind that there is not");
    }
}

static enum err read_header(str in, struct feishu_header *out)
{
    *out = (struct feishu_header){ S(""), S("") };
    while (in.len) {
        struct field f;

        TRY(take_field(&in, &f));
        if (f.wire == WIRE_BYTES && f.number == HEADER_KEY)
            out->key = f.bytes;
        else if (f.wire == WIRE_BYTES && f.number == HEADER_VALUE)
            out->value = f.bytes;
    }
    return OK;
}

static void take_number(const struct field *f, struct feishu_frame *out)
{
    switch (f->number) {
    case SEQ_ID: out->seq_id = f->varint; break;
    case LOG_ID: out->log_id = f->varint; break;
    case SERVICE: out->service = (int32_t)f->varint; break;
    case METHOD: out->method = (int32_t)f->varint; break;
    default: break;
    }
}

static enum err take_text(const struct field *f, struct feishu_frame *out)
{
    switch (f->number) {
    case HEADERS:
        if (out->n_headers == FEISHU_HEADERS_MAX)
            return failed(ERR_INPUT, "Feishu's frame has more than %d headers", FEISHU_HEADERS_MAX);
        return read_header(f->bytes, &out->headers[out->n_headers++]);
    case PAYLOAD_ENCODING: out->payload_encoding = f->bytes; return OK;
    case PAYLOAD_TYPE: out->payload_type = f->bytes; return OK;
    case PAYLOAD: out->payload = f->bytes; return OK;
    case LOG_ID_NEW: out->log_id_new = f->bytes; return OK;
    default: return OK;
    }
}

enum err feishu_frame_read(str in, struct feishu_frame *out)
{
    *out = (struct feishu_frame){0};
    while (in.len) {
        struct field f;

        TRY(take_field(&in, &f));
        if (f.wire == WIRE_VARINT)
            take_number(&f, out);
        else if (f.wire == WIRE_BYTES)
            TRY(take_text(&f, out));
    }
    return OK;
}

/* ---- writing ---- */

static void add_varint(struct buf *b, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        buf_add_char(b, (char)((value & 0x7f) | 0x80));
    buf_add_char(b, (char)value);
}

static void add_number(struct buf *b, unsigned number, uint64_t value)
{
    add_varint(b, number << 3 | WIRE_VARINT);
    add_varint(b, value);
}

static void add_bytes(struct buf *b, unsigned number, str bytes)
{
    if (!bytes.p)
        return;
    add_varint(b, number << 3 | WIRE_BYTES);
    add_varint(b, bytes.len);
    buf_add(b, bytes);
}

static void add_header(struct buf *b, const struct feishu_header *h)
{
    CLEANUP(buf_done) struct buf inner = {0};

    add_bytes(&inner, HEADER_KEY, h->key);
    add_bytes(&inner, HEADER_VALUE, h->value);
    add_bytes(b, HEADERS, buf_str(&inner));
}

/* The four numbers are required fields: they stand there also when they are 0. */
void feishu_frame_write(struct buf *b, const struct feishu_frame *f)
{
    add_number(b, SEQ_ID, f->seq_id);
    add_number(b, LOG_ID, f->log_id);
    add_number(b, SERVICE, (uint64_t)(int64_t)f->service);
    add_number(b, METHOD, (uint64_t)(int64_t)f->method);
    for (size_t i = 0; i < f->n_headers; i++)
        add_header(b, &f->headers[i]);
    add_bytes(b, PAYLOAD_ENCODING, f->payload_encoding);
    add_bytes(b, PAYLOAD_TYPE, f->payload_type);
    add_bytes(b, PAYLOAD, f->payload);
    add_bytes(b, LOG_ID_NEW, f->log_id_new);
}

str feishu_frame_header(const struct feishu_frame *f, const char *key)
{
    for (size_t i = 0; i < f->n_headers; i++)
        if (str_eq(f->headers[i].key, str_from(key)))
            return f->headers[i].value;
    return S("");
}

void feishu_frame_add(struct feishu_frame *f, str key, str value)
{
    if (f->n_headers < FEISHU_HEADERS_MAX)
        f->headers[f->n_headers++] = (struct feishu_header){ key, value };
}
