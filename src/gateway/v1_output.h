// SPDX-License-Identifier: Apache-2.0
/* v1_output.h: the answer to one request under /v1, whole or as a stream, whoever makes it.
 *
 * A stream begins with its first piece, or after some seconds of silence: so what fails before still has its HTTP status.
 * Pieces may be given without waiting; they are sent by the fiber that waits in v1_output_wait(). */
#pragma once
#include "gateway/routes.h"
#include "gateway/v1.h"

struct v1_output {
    struct request *request;
    const struct v1_dialect *dialect;
    struct v1_answer answer;
    struct buf pending;         /* private: events that are not sent yet */
    bool       begun, sent;     /* private: there are events; the client has some */
};

void     v1_output_init(struct v1_output *, struct request *, const struct v1_dialect *, const struct v1_request *);
void     v1_output_done(struct v1_output *);
void     v1_output_piece(struct v1_output *, enum v1_piece, str);       /* nothing unless the request wants a stream */
bool     v1_output_pending(const struct v1_output *);
/* Sends what is pending, or waits until `news` is woken.  ERR_NET: the client went away. */
enum err v1_output_wait(struct v1_output *, struct waiters *news) AWAITS MUST_USE;
enum err v1_output_end(struct v1_output *, const struct reply *) AWAITS MUST_USE;
/* The error, in the form that the answer has by now. */
enum err v1_output_fail(struct v1_output *, const struct v1_problem *) AWAITS MUST_USE;

/* An error instead of an answer, in the form of the API that was asked. */
enum err v1_refuse(struct request *, const struct v1_problem *) AWAITS MUST_USE;
/* Is it one of these APIs? */
bool     v1_is_path(str path);
