// SPDX-License-Identifier: Apache-2.0
/* test_cassette.h: cassettes of platforms in JSON, and what a case of one wants. */
#pragma once
#include "base/json.h"
#include "channel/hook.h"

json_t *cassette_load(const char *name);            /* tests/cassettes/NAME.json; a new reference */
/* A case's "error": "input" and the like; absent: OK. */
void    cassette_check_error(const json_t *c, enum err);
/* A case's "message" (absent: not wanted), field by field as far as it names them, and its "files": "TYPE ID NAME MIME", with
 * " SIZE" behind it or not. */
void    cassette_check_message(const json_t *c, bool wanted, const struct hook_message *, const char *platform);
void    cassette_check_said(const json_t *c, bool wanted, const struct message *, const struct incoming_file *, size_t n, const char *platform);
/* A case's fields of a send: error, words (in the error's text), remote_id, retry_after_ms, gone, unknown, bad_markup, again,
 * edit_lost. */
void    cassette_check_sent(const json_t *c, enum err, const struct sent *);
/* A request's body has what "want" says, key by key, and nothing of "absent". */
void    cassette_check_body(const json_t *c, str body);
/* A case's "status", "fields", "retry_after" (seconds, a field too) and "body" (text, or JSON), in the arena. */
struct http_response cassette_response(struct arena *, const json_t *c);
/* A case's "out": chat_id, thread_id, reply_to, text, blob, name, mime, bytes, prepared, remote_id, choices, plain; borrowed. */
struct outgoing cassette_outgoing(const json_t *c);

/* All "cases" of the cassette: what is at `key` is decoded as its "message" and "files", or the "error", say. */
typedef enum err (*cassette_decode)(struct arena *, const json_t *, struct hook_message *, bool *ret_wanted);
void    cassette_check_messages(const char *name, const char *key, const char *platform, cassette_decode);
/* All "cases" of the cassette: each answer means what its fields of a send say. */
typedef enum err (*cassette_decode_sent)(struct arena *, const struct http_response *, struct sent *out);
void    cassette_check_answers(const char *name, cassette_decode_sent);
