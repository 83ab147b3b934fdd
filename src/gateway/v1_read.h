// SPDX-License-Identifier: Apache-2.0
/* v1_read.h: what reading a request has in common in all dialects: one parameter after another, each of its type.
 *
 * `where` is the path of the object that has it ("messages.0", "" for the request itself).  Absent and null are the same and leave
 * *out as it is.  ERR_INPUT names the parameter, in its text and in request->param. */
#pragma once
#include "gateway/v1.h"

/* "'messages.0.role' " and then what is wrong with it. */
enum err v1_wrong(struct v1_request *, const char *where, const char *name, const char *fmt, ...)
    MUST_USE __attribute__((format(printf, 4, 5)));
const char *v1_path(const struct v1_request *, const char *where, const char *name);    /* both joined */
const char *v1_place(const struct v1_request *, const char *where, const char *name, size_t i);   /* an element's path */

enum err v1_read_text(struct v1_request *, const json_t *, const char *where, const char *name, str *out) MUST_USE;
enum err v1_read_flag(struct v1_request *, const json_t *, const char *where, const char *name, bool *out) MUST_USE;
enum err v1_read_number(struct v1_request *, const json_t *, const char *name, double least, double most, double *out) MUST_USE;
enum err v1_read_count(struct v1_request *, const json_t *, const char *name, int64_t *out) MUST_USE;     /* 1 or more */
enum err v1_read_list(struct v1_request *, const json_t *, const char *where, const char *name, const json_t **out) MUST_USE;
enum err v1_read_object(struct v1_request *, const json_t *, const char *where, const char *name, const json_t **out) MUST_USE;

/* temperature (up to `hottest`) and top_p. */
enum err v1_read_sampling(struct v1_request *, const json_t *, double hottest) MUST_USE;
enum err v1_read_stops(struct v1_request *, const json_t *, const char *name) MUST_USE;    /* a text, or a list of texts */
enum err v1_read_effort(struct v1_request *, const char *where, const char *name, str effort) MUST_USE;
/* One of "json_schema", "json_object", "text"; `o` has schema and name. */
enum err v1_read_format(struct v1_request *, const json_t *o, const char *where, str type) MUST_USE;

/* Room for n tools; then one after another. */
void     v1_tools_room(struct v1_request *, size_t n);
enum err v1_add_tool(struct v1_request *, const char *where, const json_t *o, const char *schema_name) MUST_USE;
enum err v1_choose_tool(struct v1_request *, const char *where, str name) MUST_USE;        /* the one that has to be called */
/* OpenAI's tool_choice and parallel_tool_calls; name_path: where a chosen function's name stands. */
enum err v1_read_tool_choice(struct v1_request *, const json_t *body, const char *name_path) MUST_USE;

/* What a message says: texts, and images. */
struct v1_content {
    struct image *images;
    size_t     n_images;
    /* private */
    str        first;
    size_t     n_texts;
    struct buf joined;
};
void     v1_content_done(struct v1_content *);
void     v1_content_text(struct v1_content *, str);
str      v1_content_words(const struct v1_content *, struct arena *);      /* all texts, a line each */
enum err v1_content_image(struct v1_request *, struct v1_content *, const char *where, const char *name, struct image) MUST_USE;
/* One more call of the assistant's message. */
void     v1_add_call(struct v1_request *, struct chat_message *, const struct tool_call *);
/* What v1_kept_to() has made (v1_write.h); NO_STR: it was not that. */
str      v1_kept_from(struct arena *, str);
/* OpenAI's `content`, of chat completions and of responses: a text, or a list of parts. */
enum err v1_read_content(struct v1_request *, const json_t *, const char *where, const char *name, struct v1_content *) MUST_USE;
