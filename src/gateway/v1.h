// SPDX-License-Identifier: Apache-2.0
/* v1.h: the APIs under /v1, for programs that were written for OpenAI and Anthropic.
 *
 * A dialect (v1_chat.c, v1_responses.c, v1_messages.c) translates between its JSON and our prompt and reply.  It does no I/O:
 * v1_serve.c decides who answers, v1_call.c asks a model, v1_assistant.c the assistant, and v1_output.c sends. */
#pragma once
#include "agent/journal.h"
#include "domain/tool.h"

/* A request in any dialect.  It borrows from the JSON that it was read of, which has to live as long. */
struct v1_request {
    struct arena *arena;            /* the caller sets it; and prompt.temperature to -1 */
    str           model;            /* "" : not said */
    struct prompt prompt;           /* messages and tools are those below, once it is read */
    struct transcript messages;
    const struct tool **tools;      /* the caller's own: without `run` */
    str           user;             /* names the conversation; "" */
    str           previous;         /* id of the answer that this goes on from; "" */
    bool          stream, wants_usage /* in the stream, where that is a wish */;
    const json_t *body;             /* where the answer repeats what was asked */
    const char   *format_param;     /* where prompt.schema was asked for; NULL: it was not */
    const char   *param;            /* after ERR_INPUT: the parameter that is wrong, "messages.0.role"; NULL: none alone */
};

struct v1_problem;                  /* v1_problem.h */
enum v1_piece { V1_TEXT, V1_REASONING };

/* What is known of an answer before it is there, and how far its stream has come. */
struct v1_answer {
    const struct v1_request *request;
    struct arena *arena;
    str      id, model;
    int64_t  created;               /* seconds since 1970 */
    /* the dialect's own */
    struct buf text;                /* of the item that is open */
    enum v1_piece kind;
    bool     is_open;
    unsigned n_items, n_events;     /* that were sent */
    json_t  *items;                 /* that are whole */
};

struct v1_dialect {
    const char *id_prefix;          /* of the answers' ids: "chatcmpl-" */
    const char *ping;               /* what keeps a silent stream alive, whole */
    enum err (*read)(struct v1_request *, const json_t *body);      /* ERR_INPUT */
    json_t  *(*whole)(struct v1_answer *, const struct reply *);    /* new reference */
    /* The stream: begin, pieces, then end or error.  Each adds its events. */
    void     (*begin)(struct v1_answer *, struct buf *);
    void     (*piece)(struct v1_answer *, struct buf *, enum v1_piece, str);
    void     (*end)(struct v1_answer *, struct buf *, const struct reply *);
    void     (*error)(struct v1_answer *, struct buf *, const struct v1_problem *);
};

extern const struct v1_dialect v1_chat, v1_responses, v1_messages;

void v1_answer_done(struct v1_answer *);
