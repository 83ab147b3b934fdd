// SPDX-License-Identifier: Apache-2.0
/* feishu_frame.h: a frame of Feishu's long connection, protobuf's "pbbp2.Frame" read and written by hand: nine fields, one of them a
 * list of key and value.  Fields of the future are passed over; what is read points into the bytes. */
#pragma once
#include "base/buf.h"

enum { FEISHU_HEADERS_MAX = 32, FEISHU_CONTROL = 0, FEISHU_DATA = 1 };

struct feishu_header { str key, value; };
struct feishu_frame {
    uint64_t seq_id, log_id;
    int32_t  service, method;                   /* method: FEISHU_CONTROL or FEISHU_DATA */
    struct feishu_header headers[FEISHU_HEADERS_MAX];
    size_t   n_headers;
    str      payload_encoding, payload_type, payload, log_id_new;       /* .p NULL: not there */
};

enum err feishu_frame_read(str bytes, struct feishu_frame *out) MUST_USE;      /* ERR_INPUT */
void     feishu_frame_write(struct buf *, const struct feishu_frame *);
str      feishu_frame_header(const struct feishu_frame *, const char *key);    /* "" if absent */
void     feishu_frame_add(struct feishu_frame *, str key, str value);          /* dropped when there is no room */
