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
    str       reasoning;                /* assistant only: what it thought, as text */
    str       kept;                     /* assistant only: struct reply's */
    str       taint;                    /* whose words are in it besides the owner's; "": nobody's.  Never sent */
};

struct tool;
enum tool_choice { CHOOSE_AUTO, CHOOSE_NONE, CHOOSE_REQUIRED, CHOOSE_NAMED };

/* What is not set is left to the provider, and what its API has no word for is left out. */
struct prompt {
    str       model;
    const struct chat_message *messages;
    size_t    n_messages;
    const struct tool *const *tools;
    size_t    n_tools;
    enum tool_choice tool_choice;
    str       tool_named;               /* with CHOOSE_NAMED */
    bool      one_call;                 /* at most one tool call a reply */
    int64_t   max_tokens;               /* 0: not set */
    double    temperature;              /* negative: not set */
    double    top_p;                    /* 0: not set */
    const str *stops;                   /* texts at which it ends; they are not part of the reply */
    size_t    n_stops;
    str       effort;                   /* of thinking: "none", "minimal", "low", "medium", "high"; "": not set */
    str       schema;                   /* the reply's text has to be JSON: of this JSON Schema, or any for "{}"; "": text */
    str       schema_name;              /* [A-Za-z0-9_-]+; "": "reply" */
    str       conversation;             /* the same from call to call of one, and no secret: where a cache is kept by a key; "" */
};

enum stop_reason { STOP_NONE, STOP_END, STOP_CALLS, STOP_LENGTH, STOP_FILTER };

/* Tokens.  input is all that went in: cached (read from a cache) and written (to one) are parts of it, for they cost otherwise;
 * reasoning is a part of output. */
struct usage { int64_t input, output, cached, written, reasoning; };

struct reply {
    str       text, reasoning;
    const struct tool_call *calls;
    size_t    n_calls;
    str       kept;                     /* what the API wants back as it gave it (signatures of thoughts, encrypted items): JSON
                                         * {"api": provider's name, "items": [...]}, for that provider alone; "": nothing */
    enum stop_reason stop;
    struct usage usage;
    str       model;                    /* as the provider names what answered */
    str       taint;                    /* whose words the model had read that are not in its conversation; "": nobody's.  Never sent */
};

const char *role_name(enum role);               /* "system", "user", "assistant", "tool" */
const char *stop_reason_name(enum stop_reason);
json_t     *reply_to_json(const struct reply *);                                        /* the journal's form */
enum err    reply_from_json(struct arena *, const json_t *, struct reply *out) MUST_USE;
