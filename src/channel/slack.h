// SPDX-License-Identifier: Apache-2.0
/* slack.h: the parts of the Slack channel.  slack.c: the ways in (Socket Mode, Events API, polling); slack_event.c: what comes in;
 * slack_history.c: what was said while nobody listened; slack_thread.c: the threads that are ours; slack_api.c: calls;
 * slack_send.c: what goes out.  Described at docs.slack.dev. */
#pragma once
#include "base/json.h"
#include "channel/incoming.h"
#include "channel/platform_api.h"
#include "domain/channel.h"
#include "domain/message.h"

enum { SLACK_FILES_MAX = 10, SLACK_ID_SIZE = 32, SLACK_CHOICES_MAX = 25 };

struct slack_bot { str user_id, bot_id, name, team; };

/* Is a message for us?  A reply in a thread is when the thread is one that we take part in, which only slack_thread.h knows. */
enum slack_wanted { SLACK_NOT_OURS, SLACK_OURS, SLACK_OVERHEARD, SLACK_IF_THREAD_IS_OURS };

struct slack_message {
    struct message       message;
    struct incoming_file files[SLACK_FILES_MAX];
    size_t               n_files;
};

/* ---- what comes in (pure) ---- */

/* What Slack brought: an event_callback, a block_actions, or a slash command's fields as an object.  A pressed button is a message
 * with the button's reply as its text.  ERR_INPUT: none of these. */
enum err slack_decode(struct arena *, const json_t *payload, const struct slack_bot *, struct slack_message *out,
                      enum slack_wanted *ret_wanted) MUST_USE;
/* One message of conversations.history or .replies, which do not say where they stand. */
enum err slack_decode_old(struct arena *, const json_t *message, str conversation, const struct slack_bot *, struct slack_message *out,
                          enum slack_wanted *ret_wanted) MUST_USE;
/* The body of a call: JSON, or a form that holds JSON (a pressed button) or fields (a command).  *out: a new reference. */
enum err slack_read_body(struct arena *, str content_type, str body, json_t **out) MUST_USE;
/* Slack's text as Markdown: references spelt out, entities decoded, mentions of `user_id` left out. */
str      slack_text(struct arena *, str text, str user_id);
bool     slack_is_ts(str);                  /* "1355517523.000005" */
int64_t  slack_ts_ms(str ts);
int      slack_ts_cmp(str, str);
/* The conversation and the time in our ids of messages, "C123:1355517523.000005". */
void     slack_split_id(str id, str *ret_conversation, str *ret_ts);
/* Did Slack sign it, and lately?  now_ms: the wall clock. */
bool     slack_signed(struct arena *, str secret, str timestamp, str signature, str body, int64_t now_ms);

/* ---- calls ---- */

/* fields: a form, or NULL; body: JSON instead.  ERR_AUTH, ERR_LIMIT (after one patient wait, where `patient`), ... in Slack's words. */
struct slack_call { const char *method, *token; const struct buf *fields; const json_t *body; bool patient; };
enum err slack_call(struct arena *, const struct slack_call *, json_t **ret_json) AWAITS MUST_USE;
void     slack_request(struct arena *, const struct slack_call *, struct http_request *out);
/* What Slack's answer means; *out may be NULL. */
enum err slack_result(const char *method, const struct http_response *, const json_t *j, struct sent *out) MUST_USE;
/* Who the bot is; asked once a token, kept. */
enum err slack_who(struct arena *, bool anew, struct slack_bot *out) AWAITS MUST_USE;
/* A person's name as others see it; "" where Slack does not tell. */
str      slack_user_name(struct arena *, str user_id) AWAITS;
/* "#alerts" or "alerts" is "C123", a person's id their direct conversation; another id is itself.  ERR_NOT_FOUND: there is none that
 * the bot sees. */
enum err slack_conversation(struct arena *, str name, str *out) AWAITS MUST_USE;
bool     slack_is_person(str);              /* it looks like the id of one */
/* What slack_conversation() takes, "@anna", or "@anna@example.org". */
enum err slack_resolve(struct arena *, str name, str *ret_chat_id) AWAITS MUST_USE;
/* Brings a file's bytes; for incoming_files. */
enum err slack_locate(const struct channel_host *, struct arena *, struct incoming_file *) AWAITS MUST_USE;

/* ---- threads that we take part in ---- */

enum err slack_threads_load(const struct channel_host *) AWAITS MUST_USE;
enum err slack_thread_join(const struct channel_host *, str conversation, str thread_ts, str last_ts) AWAITS MUST_USE;
/* Asks Slack where we do not know. */
enum err slack_thread_is_ours(const struct channel_host *, const struct slack_bot *, str conversation, str thread_ts,
                              bool *out) AWAITS MUST_USE;
/* The i-th of ours in the arena, false past the end; conversation "": of all.  last: what was read up to. */
bool     slack_thread_at(struct arena *, size_t i, str conversation, str *ret_conversation, str *ret_ts, str *ret_last);
enum err slack_thread_read(const struct channel_host *, str conversation, str thread_ts, str last_ts) AWAITS MUST_USE;

/* ---- taking in ---- */

/* Decoded messages that are for us: names, files, threads; then stored.  messages: n pointers, oldest first. */
enum err slack_take(const struct channel_host *, struct arena *, const struct slack_bot *, struct slack_message *const *messages,
                    const enum slack_wanted *wanted, size_t n) AWAITS MUST_USE;
enum err slack_take_payload(const struct channel_host *, struct arena *, const struct slack_bot *, const json_t *payload) AWAITS MUST_USE;
/* What was said since we listened last, in the conversations that the bot is in and in its threads.  Without a note of when that
 * was: nothing. */
enum err slack_catch_up(const struct channel_host *, const struct slack_bot *) AWAITS MUST_USE;
/* Something was heard now: noted every few seconds. */
enum err slack_heard(const struct channel_host *, str ts) AWAITS MUST_USE;
/* One round through platforms.slack.poll_channels.  ERR_NOT_FOUND: all went well but for those that the text names first. */
enum err slack_poll_round(const struct channel_host *, const struct slack_bot *) AWAITS MUST_USE;

/* ---- what goes out ---- */

enum err slack_prepare(struct arena *, struct outgoing *) AWAITS;
enum err slack_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err slack_decode_sent(struct arena *, const struct http_response *, struct sent *out);
