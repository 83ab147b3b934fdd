// SPDX-License-Identifier: Apache-2.0
/* test_cassette.h: cassettes of platforms in JSON, and what a case of one wants. */
#pragma once
#include "base/json.h"
#include "channel/hook.h"

json_t *cassette_load(const char *name);            /* tests/cassettes/NAME.json; a new reference */
/* A case's "error": "input" and the like; absent: OK. */
void    cassette_check_error(const json_t *c, enum err);
/* A case's "message" (absent: not wanted), field by field as far as it names them, and its "files": "TYPE ID NAME MIME". */
void    cassette_check_message(const json_t *c, bool wanted, const struct hook_message *, const char *platform);
/* A case's fields of a send: error, remote_id, retry_after_ms, gone, unknown, bad_markup. */
void    cassette_check_sent(const json_t *c, enum err, const struct sent *);
/* A request's body has what "want" says, key by key, and nothing of "absent". */
void    cassette_check_body(const json_t *c, str body);
/* A case's "status", "retry_after" (seconds) and "body" (text, or JSON), in the arena. */
struct http_response cassette_response(struct arena *, const json_t *c);
/* A case's "out": chat_id, thread_id, reply_to, text, blob, name, mime, bytes, prepared, remote_id, choices, plain; borrowed. */
struct outgoing cassette_outgoing(const json_t *c);
