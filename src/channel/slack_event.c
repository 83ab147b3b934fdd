// SPDX-License-Identifier: Apache-2.0
/* What comes in: an event, a pressed button or a command to a message. */
#include <string.h>

#include "base/utf8.h"
#include "channel/slack.h"
#include "config/config.h"
#include "net/target.h"
#include "runtime/clock.h"

enum { NAME_BYTES_MAX = 255 };

static bool is(const json_t *j, const char *path, const char *want)
{
    return strcmp(json_text(j, path), want) == 0;
}

/* An id stands in keys and lists of ours, and goes back to Slack. */
static bool is_id(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z')))
            return false;
    return s.len > 0 && s.len < SLACK_ID_SIZE;
}

static bool is_direct(str conversation)
{
    return str_starts(conversation, S("D"));
}

/* ---- files ---- */

static const char *type_of(str mime)
{
    static const char *const types[] = { "image", "audio", "video" };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_starts(mime, str_from(types[i])))
            return types[i];
    return "file";
}

static void add_files(struct arena *a, const json_t *list, struct slack_message *m)
{
    const json_t *f;
    size_t i;

    json_array_foreach(list, i, f) {
        str mime = json_text_str(f, "mimetype"), url = json_text_str(f, "url_private_download");

        if (!url.len)
            url = json_text_str(f, "url_private");
        if (m->n_files == SLACK_FILES_MAX || !json_text_str(f, "id").len || is(f, "mode", "tombstone") || is(f, "mode", "hidden_by_limit"))
            continue;
        m->files[m->n_files++] = (struct incoming_file){
            .type = type_of(mime), .size = json_int(f, "size", -1),
            .name = arena_str(a, utf8_take(json_text_str(f, "name"), NAME_BYTES_MAX)),
            .mime = arena_str(a, utf8_take(mime, NAME_BYTES_MAX)), .id = arena_str(a, url.len ? url : json_text_str(f, "id")),
        };
    }
}

/* ---- messages ---- */

/* What a person wrote; all other kinds are notices, edits, and what programs wrote. */
static bool is_written(const json_t *j)
{
    static const char *const kinds[] = { "", "file_share", "thread_broadcast", "me_message" };

    if (!is(j, "type", "message") && !is(j, "type", "app_mention"))
        return false;
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (is(j, "subtype", kinds[i]))
            return true;
    return false;
}

static bool mentions(const json_t *j, const struct slack_bot *bot)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str text = json_text_str(j, "text"), plain = str_from(arena_printf(a, "<@%.*s>", STR(bot->user_id)));

    return is(j, "type", "app_mention") || str_find(text, plain) != STR_NONE
           || str_find(text, str_from(arena_printf(a, "<@%.*s|", STR(bot->user_id)))) != STR_NONE;
}

static enum slack_wanted wanted_of(const json_t *j, str conversation, const struct slack_bot *bot)
{
    str ts = json_text_str(j, "ts"), thread = json_text_str(j, "thread_ts"), user = json_text_str(j, "user");
    bool empty = !json_text_str(j, "text").len && !json_array_size(json_object_get(j, "files"));

    if (!is_written(j) || empty || !is_id(user) || !is_id(conversation) || !slack_is_ts(ts) || (thread.len && !slack_is_ts(thread)))
        return SLACK_NOT_OURS;
    if (json_text_str(j, "bot_id").len || str_eq(user, bot->user_id) || str_eq(user, S("USLACKBOT")))
        return SLACK_NOT_OURS;
    if (is_direct(conversation) || mentions(j, bot))
        return SLACK_OURS;
    if (!thread.len || str_eq(thread, ts))
        return SLACK_OVERHEARD;
    return str_eq(json_text_str(j, "parent_user_id"), bot->user_id) ? SLACK_OURS : SLACK_IF_THREAD_IS_OURS;
}

/* In a channel every question begins a thread, so that answers stand by it; in a direct conversation only who opens one. */
static str thread_of(const json_t *j, str conversation)
{
    str thread = json_text_str(j, "thread_ts");

    if (thread.len || is_direct(conversation) || !config_now()->platforms_slack_threads)
        return thread;
    return json_text_str(j, "ts");
}

static void fill(struct arena *a, const json_t *j, str conversation, const struct slack_bot *bot, struct slack_message *m)
{
    str ts = json_text_str(j, "ts"), thread = json_text_str(j, "thread_ts");

    m->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("slack"), .agent = S(""), .user_name = S(""),
        .chat_type = is_direct(conversation) ? S("private") : S("group"), .chat_id = arena_str(a, conversation),
        .external_id = str_from(arena_printf(a, "%.*s:%.*s", STR(conversation), STR(ts))),
        .thread_id = arena_str(a, thread_of(j, conversation)), .user_id = arena_str(a, json_text_str(j, "user")),
        .text = slack_text(a, json_text_str(j, "text"), bot->user_id), .created_at = slack_ts_ms(ts),
        .reply_to = thread.len && !str_eq(thread, ts) ? str_from(arena_printf(a, "%.*s:%.*s", STR(conversation), STR(thread))) : S(""),
    };
    add_files(a, json_object_get(j, "files"), m);
}

static enum slack_wanted take_message(struct arena *a, const json_t *j, str conversation, const struct slack_bot *bot,
                                      struct slack_message *out)
{
    enum slack_wanted wanted = wanted_of(j, conversation, bot);

    if (wanted != SLACK_NOT_OURS)
        fill(a, j, conversation, bot, out);
    out->message.overheard = wanted == SLACK_OVERHEARD;
    return wanted;
}

enum err slack_decode_old(struct arena *a, const json_t *message, str conversation, const struct slack_bot *bot, struct slack_message *out,
                          enum slack_wanted *ret_wanted)
{
    *out = (struct slack_message){0};
    if (!json_is_object(message) || !json_text_str(message, "ts").len)
        return failed(ERR_INPUT, "Slack's history holds something that is not a message");
    *ret_wanted = take_message(a, message, conversation, bot, out);
    return OK;
}

/* ---- buttons and commands ---- */

/* Buttons stand under our own messages only, so whoever presses one talks to us. */
static enum slack_wanted take_pressed(struct arena *a, const json_t *j, struct slack_message *out)
{
    const json_t *action = json_at(j, "actions.0");
    str conversation = json_text_str(j, "channel.id"), user = json_text_str(j, "user.id"), value = json_text_str(action, "value");
    str under = json_text_str(j, "message.ts"), at = json_text_str(action, "action_ts"), thread = json_text_str(j, "message.thread_ts");

    if (!conversation.len)
        conversation = json_text_str(j, "container.channel_id");
    if (!is_id(conversation) || !is_id(user) || !value.len || !slack_is_ts(at) || !is(action, "type", "button")
        || (thread.len && !slack_is_ts(thread)))
        return SLACK_NOT_OURS;
    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("slack"), .agent = S(""), .chat_id = arena_str(a, conversation),
        .chat_type = is_direct(conversation) ? S("private") : S("group"), .thread_id = arena_str(a, thread), .user_id = arena_str(a, user),
        .user_name = arena_str(a, json_text_str(j, "user.username")), .text = arena_str(a, value), .created_at = slack_ts_ms(at),
        .external_id = str_from(arena_printf(a, "action:%.*s:%.*s:%.*s", STR(conversation), STR(user), STR(at))),
        .reply_to = slack_is_ts(under) ? str_from(arena_printf(a, "%.*s:%.*s", STR(conversation), STR(under))) : S(""),
    };
    return SLACK_OURS;
}

/* "/clawdbot status": a command goes to us alone, wherever it is given.  In others' direct conversations the bot cannot
 * write: it answers in its own. */
static enum slack_wanted take_command(struct arena *a, const json_t *j, struct slack_message *out)
{
    str conversation = json_text_str(j, "channel_id"), user = json_text_str(j, "user_id"), id = json_text_str(j, "trigger_id");

    if (!is_id(conversation) || !is_id(user) || !id.len || id.len > 128)
        return SLACK_NOT_OURS;
    bool direct = is_direct(conversation);

    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("slack"), .agent = S(""), .thread_id = S(""), .reply_to = S(""),
        .chat_id = arena_str(a, direct ? user : conversation), .chat_type = direct ? S("private") : S("group"),
        .user_id = arena_str(a, user), .user_name = arena_str(a, json_text_str(j, "user_name")),
        .text = arena_str(a, str_trim(json_text_str(j, "text"))),
        .external_id = str_from(arena_printf(a, "command:%.*s", STR(id))), .created_at = clock_wall_ms(),
    };
    return out->message.text.len ? SLACK_OURS : SLACK_NOT_OURS;
}

enum err slack_decode(struct arena *a, const json_t *payload, const struct slack_bot *bot, struct slack_message *out,
                      enum slack_wanted *ret_wanted)
{
    const json_t *event = json_object_get(payload, "event");

    *out = (struct slack_message){0};
    *ret_wanted = SLACK_NOT_OURS;
    if (is(payload, "type", "event_callback") && json_is_object(event))
        *ret_wanted = take_message(a, event, json_text_str(event, "channel"), bot, out);
    else if (is(payload, "type", "block_actions"))
        *ret_wanted = take_pressed(a, payload, out);
    else if (str_starts(json_text_str(payload, "command"), S("/")))
        *ret_wanted = take_command(a, payload, out);
    else if (!json_text_str(payload, "type").len || is(payload, "type", "event_callback"))
        return failed(ERR_INPUT, "Slack sent something that is no event");
    return OK;
}

/* ---- bodies ---- */

static json_t *command_fields(struct arena *a, str body)
{
    static const char *const names[] = { "command", "text", "channel_id", "channel_name", "user_id", "user_name", "trigger_id", "team_id" };
    json_t *j = json_object();
    str value;

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (http_query_find(a, body, str_from(names[i]), &value))
            json_object_set_new(j, names[i], json_from_str(value));
    return j;
}

enum err slack_read_body(struct arena *a, str content_type, str body, json_t **out)
{
    str value;

    if (!str_starts(content_type, S("application/x-www-form-urlencoded"))) {
        TRY(json_parse(body, out));
        return OK;
    }
    if (http_query_find(a, body, S("payload"), &value))
        return json_parse(value, out);
    *out = command_fields(a, body);
    return OK;
}
