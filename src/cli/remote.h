// SPDX-License-Identifier: Apache-2.0
/* remote.h: the running gateway, reached over $CLAWDBOT_HOME/run/gateway.sock: HTTP without a token, for those the
 * folder's permissions let in.  When nobody listens there the error says so and how to start it (exit code 3). */
#pragma once
#include "cli/cli.h"
#include "net/sse.h"
#include "runtime/fiber.h"

struct json_t;

/* Runs fn(c) as a fiber; for commands that talk to the gateway. */
enum err cli_in_loop(struct cli *, enum err (*fn)(void *cli)) MUST_USE;

/* *out: the answer's JSON, a new reference (null when it has none).  body may be NULL.  An error answer is
 * ERR_REMOTE, ERR_NOT_FOUND, ... with its own words. */
enum err remote_call(struct cli *, const char *method, const char *path, const struct json_t *body, struct json_t **out) AWAITS MUST_USE;

/* GET whose answer may be longer than memory; into the file as it comes. */
enum err remote_copy(struct cli *, const char *path, FILE *into) AWAITS MUST_USE;

/* POST with an event stream as the answer; back when it ended. */
enum err remote_stream(struct cli *, const char *path, const struct json_t *body, struct sse *) AWAITS MUST_USE;
