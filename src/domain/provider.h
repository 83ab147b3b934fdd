// SPDX-License-Identifier: Apache-2.0
/* provider.h: the slot for a model API.  A provider translates: it builds a request and folds one stream event
 * after another into a completion.  model/complete.c opens the stream, retries, cancels and feeds it. */
#pragma once
#include "domain/prompt.h"

struct http_request;        /* net/client.h */
struct sse_event;           /* net/sse.h */

/* A reply while it grows.  The provider calls completion_*; the caller sets arena and on_delta. */
struct completion {
    struct arena *arena;
    void        (*on_delta)(void *arg, str text);   /* text as it comes; may be NULL */
    void        (*on_reasoning)(void *arg, str text);   /* thoughts as they come; may be NULL */
    void         *arg;
    size_t        max_text;         /* bytes of text and of arguments; 0: 4 MiB */
    /* providers read these, completion_* alone change them */
    struct buf    text, reasoning;
    size_t        n_calls;
    struct usage  usage;
    str           model;
    enum stop_reason stop;
    /* private */
    enum { THOUGHTS_UNKNOWN, THOUGHTS_INSIDE, THOUGHTS_BEHIND, THOUGHTS_OVER } thoughts;
    struct buf    pending;          /* text that may be a part of a tag */
    struct json_t *kept;
    const char   *kept_by, *kept_key;
    struct buf    kept_tail;        /* of the text at kept_key of the latest item */
    size_t        kept_size;
    struct completion_call *calls;
    size_t        text_call;        /* index of the call that is the text, plus one; 0: none is */
    bool          finished;
};
void     completion_done(struct completion *);
enum err completion_text(struct completion *, str piece) MUST_USE;
enum err completion_reasoning(struct completion *, str piece) MUST_USE;
/* Text that may begin with <think>...</think>, which is reasoning then, as of servers that do not tell the two apart. */
enum err completion_thoughtful_text(struct completion *, str piece) MUST_USE;
enum err completion_end_thoughts(struct completion *) MUST_USE;    /* completion_reply() does it: what was pending is text */
/* The index-th call; id and name may come once or never again, arguments in pieces. */
enum err completion_call(struct completion *, size_t index, str id, str name, str arguments_piece) MUST_USE;
/* A call that came in one piece, and is none of those before it. */
enum err completion_whole_call(struct completion *, str id, str name, str arguments) MUST_USE;
/* What comes of the index-th call from now on is no call: its arguments are the reply's text, a schema that was asked for as a tool. */
void     completion_call_is_text(struct completion *, size_t index);
/* Something to be handed back as it is in the next prompt (struct reply's `kept`); takes the reference.  api: the provider's name. */
enum err completion_keep(struct completion *, const char *api, struct json_t *item) MUST_USE;
/* More of the text at `key` (a literal) of what was kept last. */
enum err completion_keep_more(struct completion *, const char *key, str piece) MUST_USE;
struct json_t *completion_last_kept(const struct completion *);             /* borrowed; NULL: nothing is kept */
size_t   completion_arguments_size(const struct completion *, size_t index);    /* bytes of that call's arguments so far */
void     completion_stop(struct completion *, enum stop_reason);
void     completion_usage(struct completion *, struct usage);
void     completion_model(struct completion *, str model);
enum err completion_finish(struct completion *) MUST_USE;      /* the provider says this was all */
bool     completion_begun(const struct completion *);          /* anything shown or kept yet? then no retry */
size_t   completion_size(const struct completion *);           /* bytes of text, thoughts and arguments so far */
/* In the arena.  ERR_NET when the stream ended before completion_finish; ERR_REMOTE when it holds nothing at all.
 * Calls without an id get one. */
enum err completion_reply(struct completion *, struct reply *out) MUST_USE;

enum provider_caps { CAP_TOOLS = 1, CAP_VISION = 2 };

/* Where and as whom: resolved from the configuration. */
struct model_target {
    const char *endpoint;           /* base URL with version path, no '/' at the end */
    const char *api_key;            /* NULL or "": none */
    const char *key_field;          /* header field that carries the key, "Authorization" with "Bearer "; NULL: as the API has it */
    const char *query;              /* behind every URL: "api-version=2024-10-21"; NULL: none */
    const char *unix_socket;        /* NULL: TCP */
    int64_t     context;            /* tokens the server is told to make room for (Ollama's num_ctx); 0: as it likes */
    const char *keep_alive;         /* how long it is told to keep the model loaded ("30m", "-1": for ever); NULL: as it likes */
    int64_t     max_output;         /* most tokens of a reply, where it is known; 0 */
    unsigned    quirks;             /* what this server does not take; bits of the provider's own, learned from its refusals */
};

/* n vectors of `dimension` numbers, one after another. */
struct embeddings { float *values; size_t n, dimension; int64_t tokens; };

struct provider {
    const char *name;
    unsigned    caps;
    int64_t     context;            /* told to the server where nobody says how large it is to be; 0: nothing is told */
    bool        lines;              /* streams one JSON document a line instead of server-sent events */
    bool        own_quirks;         /* the bits of target.quirks are its own, which have no names; else those of model/quirks.def */
    /* Fields and body in the arena. */
    enum err  (*request)(struct arena *, const struct model_target *, const struct prompt *, struct http_request *out);
    /* A server that answers in one piece though it was asked for a stream: its body comes as one event. */
    enum err  (*event)(void *completion, const struct sse_event *);     /* ERR_INPUT: it makes no sense, maybe cut short */
    /* Turns a non-200 answer into an error with the API's own words.  Worth trying again are ERR_NET and ERR_LIMIT,
     * nothing else.  ERR_TOO_LONG: more than the model's context holds. */
    enum err  (*refused)(int status, str body);
    /* The quirks to add so that the same request may pass after this refusal; 0: none.  NULL: never. */
    unsigned  (*quirks)(int status, str body);
    enum err  (*list_models)(struct arena *, const struct model_target *, struct http_request *out);
    enum err  (*listed)(struct arena *, str body, const char ***ret_names, size_t *ret_n);
    /* Texts into vectors; NULL: the API has none.  dimension 0: the model's own. */
    enum err  (*embed)(struct arena *, const struct model_target *, str model, const str *texts, size_t n, size_t dimension,
                       struct http_request *out);
    enum err  (*embedded)(struct arena *, str body, struct embeddings *out);
};
