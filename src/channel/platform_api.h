// SPDX-License-Identifier: Apache-2.0
/* platform_api.h: calls of a platform's HTTP API, JSON both ways, and what an answer's status means where the platform has no
 * words of its own for it. */
#pragma once
#include "base/json.h"
#include "domain/channel.h"
#include "net/client.h"

enum { PLATFORM_TIMEOUT_MS = 30 * 1000, PLATFORM_FIELDS_MAX = 8 };

struct platform_call {
    const char *platform;               /* for errors: "Discord" */
    const char *method, *url;           /* NULL: POST with a body, else GET */
    const char *authorization;          /* the field's value, "Bot …"; NULL: none */
    const struct http_field *fields;    /* others, at most PLATFORM_FIELDS_MAX - 2 */
    size_t      n_fields;
    const json_t *body;                 /* NULL: none */
    str         raw;                    /* instead of `body`, with its type in raw_type: a form, a file */
    const char *raw_type;
    uint64_t    timeout_ms;             /* 0: PLATFORM_TIMEOUT_MS */
    size_t      max_body;
};

/* The request that the call is, in the arena: for `encode`. */
void     platform_request(struct arena *, const struct platform_call *, struct http_request *out);
/* The whole answer, whatever its status.  *ret_json (may be NULL) is a new reference, NULL when the body is no JSON. */
enum err platform_fetch(struct arena *, const struct platform_call *, struct http_response *out, json_t **ret_json) AWAITS MUST_USE;
/* The same for answers where 2xx with JSON is success and all else an error by platform_error(), in the platform's words. */
enum err platform_get(struct arena *, const struct platform_call *, json_t **ret_json) AWAITS MUST_USE;

/* 401: ERR_AUTH, 403, 404, 410: ERR_NOT_FOUND, 409: ERR_CONFLICT, 429: ERR_LIMIT, 413: ERR_TOO_LONG, other 4xx: ERR_INPUT, 5xx: ERR_REMOTE;
 * 2xx: OK.  words: what the platform says it is, "" for nothing. */
enum err platform_error(const char *platform, int status, str words) MUST_USE;
/* The same for the answer to a send, with *out filled in: retry_after_ms by Retry-After (seconds or a date; 1 s without one),
 * gone for 403, 404 and 410, unknown for 5xx but 503.  remote_id is "". */
enum err platform_sent(const char *platform, const struct http_response *, str words, struct sent *out) MUST_USE;
uint64_t platform_retry_after_ms(const struct http_response *);

/* An id for this piece of a reply, the same each time it is sent: a version 8 UUID (RFC 9562), in the arena. */
str      platform_send_id(struct arena *, const struct outgoing *);

/* "+49 (170) 123-45" is "+4917012345", in the arena.  False: it is no phone number with its country. */
bool     platform_phone(struct arena *, str written, str *out);

/* multipart/form-data (RFC 7578): fields and one file.  The type for the head stands in type[]. */
struct platform_form { struct buf body; char boundary[40]; char type[100]; };
void     platform_form_begin(struct platform_form *);
void     platform_form_field(struct platform_form *, const char *name, str value);
void     platform_form_file(struct platform_form *, const char *name, str file_name, str mime, str bytes);
void     platform_form_end(struct platform_form *);
void     platform_form_done(struct platform_form *);

/* application/x-www-form-urlencoded: "name=value" behind what there is. */
void     platform_add_pair(struct buf *, const char *name, str value);

/* What really fetches; tests put another in its place. */
extern enum err (*channel_fetch)(struct arena *, const struct http_request *, struct http_response *, bool *ret_sent);
