// SPDX-License-Identifier: Apache-2.0
/* prompt.h: what a model is asked and what it answers, in no provider's wire format. */
#pragma once
#include "base/json.h"

enum role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

struct tool_call { str id, name, arguments; };      /* arguments: JSON text, exactly as the model wrote it */

struct image { str mime, base64; };

struct chat_message {
    enum role role;
    str       text;
    const struct image *images;         /* user only */
    size_t    n_images;
    const struct tool_call *calls;      /* assistant only */
    size_t    n_calls;
    str       call_id;                  /* tool only: which call this is the result of */
    str       reasoning;                /* assistant only: kept where the provider wants it back */
    str       taint;                    /* whose words are in it besides the owner's; "": nobody's.  Never sent */
};

struct tool;
struct prompt {
    str       model;
    const struct chat_message *messages;
    size_t    n_messages;
    const struct tool *const *tools;
    size_t    n_tools;
    int64_t   max_tokens;               /* 0: the provider's default */
    double    temperature;              /* negative: the provider's default */
};

enum stop_reason { STOP_NONE, STOP_END, STOP_CALLS, STOP_LENGTH, STOP_FILTER };

struct usage { int64_t input, output, cached; };    /* tokens; cached is a part of input */

struct reply {
    str       text, reasoning;
    const struct tool_call *calls;
    size_t    n_calls;
    enum stop_reason stop;
    struct usage usage;
    str       model;                    /* as the provider names what answered */
};

const char *role_name(enum role);               /* "system", "user", "assistant", "tool" */
const char *stop_reason_name(enum stop_reason);
json_t     *reply_to_json(const struct reply *);                                        /* the journal's form */
enum err    reply_from_json(struct arena *, const json_t *, struct reply *out) MUST_USE;
