// SPDX-License-Identifier: Apache-2.0
/* Calls of the Web API.  It answers 200 to nearly everything and says in a word what is wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "channel/slack.h"
#include "config/config.h"
#include "net/url.h"
#include "runtime/fiber.h"

enum { WAIT_MAX_MS = 60 * 1000, NAMES_MAX = 512, PAGES_MAX = 50, FILE_TIMEOUT_MS = 120 * 1000 };

/* ---- what an answer means ---- */

enum { GONE = 1, EDIT_LOST = 2, BAD_MARKUP = 4, UNKNOWN_OUTCOME = 8 };

static const struct { const char *word; enum err e; unsigned more; const char *help; } words[] = {
    { "invalid_auth", ERR_AUTH, 0, "check platforms.slack.bot_token and app_token" },
    { "not_authed", ERR_AUTH, 0, "check platforms.slack.bot_token and app_token" },
    { "not_allowed_token_type", ERR_AUTH, 0, "bot_token begins with xoxb-, app_token with xapp-" },
    { "account_inactive", ERR_AUTH, 0, "the app was removed from the workspace" },
    { "token_revoked", ERR_AUTH, 0, "install the app again and set its new token" },
    { "token_expired", ERR_AUTH, 0, "turn token rotation off for the app, or set a new token" },
    { "missing_scope", ERR_AUTH, 0, "add the scope in the app's settings and install it again" },
    { "no_permission", ERR_AUTH, 0, "the app lacks a right" },
    { "ratelimited", ERR_LIMIT, 0, NULL },
    { "rate_limited", ERR_LIMIT, 0, NULL },
    { "internal_error", ERR_REMOTE, UNKNOWN_OUTCOME, NULL },     /* "possible some aspect of the operation succeeded" */
    { "fatal_error", ERR_REMOTE, UNKNOWN_OUTCOME, NULL },
    { "service_unavailable", ERR_REMOTE, 0, NULL },
    { "request_timeout", ERR_REMOTE, 0, NULL },
    { "team_added_to_org", ERR_REMOTE, 0, NULL },
    { "channel_not_found", ERR_NOT_FOUND, GONE, "there is no such conversation, or the bot is not in it" },
    { "not_in_channel", ERR_NOT_FOUND, GONE, "invite the bot into the channel" },
    { "is_archived", ERR_NOT_FOUND, GONE, "the channel is archived" },
    { "user_not_found", ERR_NOT_FOUND, GONE, NULL },
    { "cannot_dm_bot", ERR_NOT_FOUND, GONE, NULL },
    { "restricted_action", ERR_NOT_FOUND, GONE, "the workspace does not let the bot post there" },
    { "message_not_found", ERR_INPUT, EDIT_LOST, NULL },
    { "cant_update_message", ERR_INPUT, EDIT_LOST, NULL },
    { "edit_window_closed", ERR_INPUT, EDIT_LOST, NULL },
    { "invalid_blocks", ERR_INPUT, BAD_MARKUP, NULL },
    { "invalid_blocks_format", ERR_INPUT, BAD_MARKUP, NULL },
    { "msg_blocks_too_long", ERR_INPUT, BAD_MARKUP, NULL },
    { "msg_too_long", ERR_TOO_LONG, 0, NULL },
};

static enum err refused(const char *method, str word, const json_t *j, struct sent *out)
{
    str needed = json_text_str(j, "needed");
    size_t i = 0;

    while (i < N_ELEMENTS(words) && !str_eq(word, str_from(words[i].word)))
        i++;
    if (i == N_ELEMENTS(words))
        return failed(ERR_INPUT, "Slack refuses %s: %.*s", method, STR(str_take(word, 200)));
    out->gone = words[i].more & GONE;
    out->edit_lost = words[i].more & EDIT_LOST;
    out->bad_markup = words[i].more & BAD_MARKUP;
    out->unknown = words[i].more & UNKNOWN_OUTCOME;
    return failed(words[i].e, "Slack refuses %s: %s%s%.*s%s%s%s", method, words[i].word, needed.len ? " " : "", STR(needed),
                  words[i].help ? " (" : "", words[i].help ? words[i].help : "", words[i].help ? ")" : "");
}

enum err slack_result(const char *method, const struct http_response *r, const json_t *j, struct sent *out)
{
    struct sent unused, *sent = out ? out : &unused;

    *sent = (struct sent){ .remote_id = S("") };
    if (r->status == 429 || r->status >= 500 || !json_is_object(j)) {
        TRY(platform_sent("Slack", r, json_text_str(j, "error"), sent));
        sent->unknown = true;       /* a page of somebody between us and Slack */
        return failed(ERR_REMOTE, "Slack answered %s with %d and no JSON", method, r->status);
    }
    if (json_flag(j, "ok"))
        return OK;
    enum err e = refused(method, json_text_str(j, "error"), j, sent);

    sent->retry_after_ms = e == ERR_LIMIT ? platform_retry_after_ms(r) : 0;
    return e;
}

/* ---- calls ---- */

static struct platform_call platform_call_of(struct arena *a, const struct slack_call *c)
{
    return (struct platform_call){
        .platform = "Slack", .method = "POST", .url = url_join(a, str_from(config_now()->platforms_slack_api_url), str_from(c->method)),
        .authorization = arena_printf(a, "Bearer %s", c->token ? c->token : config_now()->platforms_slack_bot_token), .body = c->body,
        .raw = c->fields ? buf_str(c->fields) : S(""), .raw_type = "application/x-www-form-urlencoded; charset=utf-8",
    };
}

void slack_request(struct arena *a, const struct slack_call *c, struct http_request *out)
{
    struct platform_call call = platform_call_of(a, c);

    call.raw = arena_str(a, call.raw);
    platform_request(a, &call, out);
}

enum err slack_call(struct arena *a, const struct slack_call *c, json_t **ret_json)
{
    struct platform_call call = platform_call_of(a, c);

    for (bool waited = false;; waited = true) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        struct http_response answer;
        struct sent told;

        TRY(platform_fetch(a, &call, &answer, &j));
        enum err e = slack_result(c->method, &answer, j, &told);

        if (e == OK)
            *ret_json = json_incref(j);
        if (e != ERR_LIMIT || !c->patient || waited || told.retry_after_ms > WAIT_MAX_MS)
            return e;
        TRY(fiber_sleep(told.retry_after_ms));
    }
}

/* ---- who is who ---- */

static struct {
    struct arena    *arena;         /* of `bot` and `token` */
    struct slack_bot bot;
    const char      *token;
    struct map       names;         /* of people, by id; malloc'd */
    struct map       channels;      /* ids by name; malloc'd */
} s;

enum err slack_who(struct arena *a, bool anew, struct slack_bot *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const char *token = config_now()->platforms_slack_bot_token;

    if (anew || !s.arena || strcmp(s.token, token)) {
        TRY(slack_call(a, &(struct slack_call){ .method = "auth.test", .token = token }, &j));
        arena_free(s.arena);
        s.arena = arena_new();
        s.token = arena_c(s.arena, str_from(token));
        s.bot = (struct slack_bot){ arena_str(s.arena, json_text_str(j, "user_id")), arena_str(s.arena, json_text_str(j, "bot_id")),
                                    arena_str(s.arena, json_text_str(j, "user")), arena_str(s.arena, json_text_str(j, "team")) };
    }
    if (!s.bot.user_id.len)
        return failed(ERR_REMOTE, "Slack does not say who the bot is");
    *out = (struct slack_bot){ arena_str(a, s.bot.user_id), arena_str(a, s.bot.bot_id), arena_str(a, s.bot.name),
                               arena_str(a, s.bot.team) };
    return OK;
}

static void forget(struct map *m)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(m, &i, &e);)
        free(e->value);
    map_done(m);
    *m = (struct map){0};
}

static void keep(struct map *m, str key, str value)
{
    if (m->n >= NAMES_MAX)
        forget(m);
    free(map_put(m, key, str_dup_c(value)));
}

static str name_in(const json_t *j)
{
    static const char *const places[] = { "user.profile.display_name", "user.profile.real_name", "user.real_name", "user.name" };

    for (size_t i = 0; i < N_ELEMENTS(places); i++)
        if (json_text_str(j, places[i]).len)
            return json_text_str(j, places[i]);
    return S("");
}

str slack_user_name(struct arena *a, str user_id)
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    const char *known = map_get(&s.names, user_id);

    if (known)
        return arena_str(a, str_from(known));
    platform_add_pair(&fields, "user", user_id);
    if (slack_call(a, &(struct slack_call){ .method = "users.info", .fields = &fields }, &j)) {
        log_event(LOG_DEBUG, "slack.no_name", F("error", failed_text()));
        return S("");
    }
    keep(&s.names, user_id, name_in(j));
    return arena_str(a, name_in(j));
}

/* ---- channels by name ---- */

static bool looks_like_id(str name)
{
    static const char *const kinds[] = { "C", "G", "D", "U", "W" };
    bool kind = false;

    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        kind |= str_starts(name, str_from(kinds[i]));
    for (size_t i = 0; i < name.len; i++)
        kind &= (name.p[i] >= 'A' && name.p[i] <= 'Z') || (name.p[i] >= '0' && name.p[i] <= '9');
    return kind && name.len >= 8 && name.len < SLACK_ID_SIZE;
}

bool slack_is_person(str name)
{
    return looks_like_id(name) && (str_starts(name, S("U")) || str_starts(name, S("W")));
}

/* One page of the list; *cursor "" at its end. */
static enum err read_channels(struct arena *a, str *cursor) AWAITS
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *c;
    size_t i;

    platform_add_pair(&fields, "types", S("public_channel,private_channel"));
    platform_add_pair(&fields, "exclude_archived", S("true"));
    platform_add_pair(&fields, "limit", S("200"));
    if (cursor->len)
        platform_add_pair(&fields, "cursor", *cursor);
    TRY(slack_call(a, &(struct slack_call){ .method = "conversations.list", .fields = &fields, .patient = true }, &j));
    json_array_foreach(json_object_get(j, "channels"), i, c)
        if (json_text_str(c, "name").len && json_text_str(c, "id").len)
            keep(&s.channels, json_text_str(c, "name"), json_text_str(c, "id"));
    *cursor = arena_str(a, json_text_str(j, "response_metadata.next_cursor"));
    return OK;
}

/* The direct conversation with a person. */
static enum err open_direct(struct arena *a, str user, str *out) AWAITS
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    platform_add_pair(&fields, "users", user);
    TRY(slack_call(a, &(struct slack_call){ .method = "conversations.open", .fields = &fields }, &j));
    *out = arena_str(a, json_text_str(j, "channel.id"));
    return OK;
}

enum err slack_conversation(struct arena *a, str name, str *out)
{
    const char *id;
    str cursor = S("");

    name = str_trim(name);
    if (looks_like_id(name)) {
        *out = arena_str(a, name);
        return slack_is_person(name) ? open_direct(a, name, out) : OK;
    }
    str_eat(&name, S("#"));
    for (int page = 0; !(id = map_get(&s.channels, name)) && page < PAGES_MAX && (page == 0 || cursor.len); page++)
        TRY(read_channels(a, &cursor));
    if (!id)
        return failed(ERR_NOT_FOUND, "the bot sees no channel #%.*s; invite it there", STR(str_take(name, 80)));
    *out = arena_str(a, str_from(id));
    return OK;
}

/* ---- files ---- */

/* The token goes to Slack alone, whatever an event says. */
static bool is_slacks(str address)
{
    struct url file, api;

    if (url_parse(address, &file) || url_parse(str_from(config_now()->platforms_slack_api_url), &api))
        return false;
    if (str_eq_nocase(file.host, api.host) && file.port == api.port && file.tls == api.tls)
        return true;
    return file.tls && (str_eq_nocase(file.host, S("slack.com")) || str_ends(file.host, S(".slack.com")));
}

/* Of a file from another workspace an event says no more than its id. */
static enum err ask_about(struct arena *a, struct incoming_file *f, str *out) AWAITS
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    platform_add_pair(&fields, "file", f->id);
    TRY(slack_call(a, &(struct slack_call){ .method = "files.info", .fields = &fields }, &j));
    str address = json_text_str(j, "file.url_private_download");

    if (!f->name.len)
        f->name = arena_str(a, json_text_str(j, "file.name"));
    if (!f->mime.len)
        f->mime = arena_str(a, json_text_str(j, "file.mimetype"));
    *out = arena_str(a, address.len ? address : json_text_str(j, "file.url_private"));
    return OK;
}

enum err slack_locate(const struct channel_host *host UNUSED, struct arena *a, struct incoming_file *f)
{
    struct http_response answer;
    str address;

    if (str_starts(f->id, S("http")))
        address = f->id;
    else
        TRY(ask_about(a, f, &address));
    if (!is_slacks(address))
        return failed(ERR_INPUT, "it is not kept by Slack");
    TRY(platform_fetch(a, &(struct platform_call){
        .platform = "Slack", .url = arena_c(a, address), .timeout_ms = FILE_TIMEOUT_MS, .max_body = config_now()->blobs_max_size,
        .authorization = arena_printf(a, "Bearer %s", config_now()->platforms_slack_bot_token),
    }, &answer, NULL));
    str type = http_response_field(&answer, S("Content-Type"));

    /* Without the right to read files Slack shows its sign-in page. */
    if ((answer.status >= 300 && answer.status < 400) || (str_starts(type, S("text/html")) && !str_starts(f->mime, S("text/html"))))
        return failed(ERR_AUTH, "the app lacks the scope files:read");
    TRY(platform_error("Slack", answer.status, S("")));
    f->bytes = answer.body;
    return OK;
}
