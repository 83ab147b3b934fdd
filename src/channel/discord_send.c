// SPDX-License-Identifier: Apache-2.0
/* What goes out: requests to Discord's REST API, what it answers, and the rates that its answers tell. */
#include "channel/discord.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/hook.h"
#include "channel/markup.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    FLAG_NO_PREVIEWS = 1 << 2, ROW = 1, BUTTON = 2, STYLE_SECONDARY = 2, BUTTONS_A_ROW = 5, ROWS_MAX = 5,
    LABEL_BYTES_MAX = 80, REPLY_BYTES_MAX = 100, NONCE_MAX = 24, TOO_EARLY_MS = 10 * 1000, EARLY_PAUSE_MS = 1000,
    BUCKETS_MAX = 64, WAIT_MAX_MS = 30 * 1000,
};

/* ---- rates: discord.com/developers/docs/topics/rate-limits ---- */

/* Channels in which nothing more may be said for a while.  A forgotten one costs a 429, which says it again. */
static struct bucket { char channel[DISCORD_ID_SIZE]; bool edit; uint64_t until_ms; } buckets[BUCKETS_MAX];
static uint64_t all_until_ms;

static struct bucket *bucket_of(str channel, bool edit)
{
    for (size_t i = 0; i < BUCKETS_MAX; i++)
        if (buckets[i].edit == edit && str_eq(channel, str_from(buckets[i].channel)))
            return &buckets[i];
    return NULL;
}

static void hold(str channel, bool edit, uint64_t ms)
{
    struct bucket *b = bucket_of(channel, edit);

    for (size_t i = 0; !b && i < BUCKETS_MAX; i++)
        if (buckets[i].until_ms <= clock_ms())
            b = &buckets[i];
    if (!b)
        return;
    snprintf(b->channel, sizeof b->channel, "%.*s", STR(channel));
    b->edit = edit;
    b->until_ms = clock_ms() + ms;
}

static uint64_t seconds_as_ms(str text)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    double seconds = 0;

    char *end, *from = arena_c(a, str_take(text, 20));

    seconds = strtod(from, &end);
    return end > from && seconds > 0 && seconds < 86400 ? (uint64_t)(seconds * 1000) + 1 : 0;
}

/* The answer to a message is the message, which says where it stands and whether it was an edit. */
static void note_rate(const struct http_response *r, const json_t *j)
{
    str left = http_response_field(r, S("X-RateLimit-Remaining")), after = http_response_field(r, S("X-RateLimit-Reset-After"));
    str channel = json_text_str(j, "channel_id");

    if (left.p && str_eq(left, S("0")) && after.p && channel.len)
        hold(channel, json_at(j, "edited_timestamp") != NULL, seconds_as_ms(after));
}

static enum err await_rate(str channel, bool edit) AWAITS
{
    const struct bucket *b = bucket_of(channel, edit);
    uint64_t now = clock_ms(), until = b && b->until_ms > all_until_ms ? b->until_ms : all_until_ms;

    if (!config_now()->delivery_limits || until <= now)
        return OK;
    return fiber_sleep(until - now < WAIT_MAX_MS ? until - now : WAIT_MAX_MS);
}

/* ---- where to ---- */

static str channel_of(const struct outgoing *m)
{
    return m->thread_id.len ? m->thread_id : m->chat_id;
}

/* "interaction:ID:TOKEN": of the slash command that this answers, while its token lives. */
static bool answers_command(const struct outgoing *m, str *ret_id, str *ret_token)
{
    *ret_token = m->reply_to;
    return !m->remote_id.len && str_eat(ret_token, S("interaction:")) && str_split(ret_token, ':', ret_id) && ret_token->len
           && clock_wall_ms() - discord_time(*ret_id) < DISCORD_TOKEN_LIFE_MS;
}

/* The first reply to a command fills in what Discord shows as "thinking"; the others are messages.  A second try at once is one
 * after Discord did not know the token: not yet, or no more. */
static enum err choose_way(struct arena *a, struct outgoing *m) AWAITS
{
    bool second = m->prepared.len > 0, ours = false;
    str id, token;

    m->prepared = S("");
    if (!answers_command(m, &id, &token))
        return OK;
    if (second && clock_wall_ms() - discord_time(id) > TOO_EARLY_MS)
        return OK;
    if (second)
        TRY(fiber_sleep(EARLY_PAUSE_MS));
    if (!discord_self()->app_id[0])
        TRY(discord_ask_self());
    TRY(discord_claim(id, m->id, &ours));
    if (ours)
        m->prepared = str_from(arena_printf(a, "/webhooks/%s/%.*s/messages/@original", discord_self()->app_id, STR(token)));
    return OK;
}

enum err discord_prepare(struct arena *a, struct outgoing *m)
{
    TRY(choose_way(a, m));
    return await_rate(channel_of(m), m->remote_id.len > 0);
}

static const char *address(struct arena *a, const struct outgoing *m, const char **ret_method)
{
    str channel = channel_of(m);

    *ret_method = m->remote_id.len || m->prepared.len ? "PATCH" : "POST";
    if (m->remote_id.len)
        return discord_url(a, arena_printf(a, "/channels/%.*s/messages/%.*s", STR(channel), STR(m->remote_id)));
    if (m->prepared.len)
        return discord_url(a, arena_c(a, m->prepared));
    return discord_url(a, arena_printf(a, "/channels/%.*s/messages", STR(channel)));
}

/* ---- messages ---- */

static json_t *buttons(const json_t *choices)
{
    json_t *rows = json_array(), *row = NULL;
    const json_t *choice;
    size_t i;

    json_array_foreach(choices, i, choice) {
        str label = utf8_take(json_text_str(choice, "label"), LABEL_BYTES_MAX), reply = json_text_str(choice, "reply");

        if (i == BUTTONS_A_ROW * ROWS_MAX || !label.len || !reply.len || reply.len > REPLY_BYTES_MAX)
            continue;       /* the text says it too */
        if (!row || json_array_size(row) == BUTTONS_A_ROW) {
            row = json_array();
            json_array_append_new(rows, json_pack("{s:i, s:o}", "type", ROW, "components", row));
        }
        json_array_append_new(row, json_pack("{s:i, s:i, s:s%, s:s%}", "type", BUTTON, "style", STYLE_SECONDARY, "label", label.p,
        label.len,
                                             "custom_id", reply.p, reply.len));
    }
    return rows;
}

static bool is_number(str id)
{
    uint64_t n;

    return str_u64(id, &n) == OK;
}

/* Alone with somebody every message answers the one before it: saying so would only be noise. */
static bool quotes(const struct outgoing *m)
{
    const struct discord_chat *chat = discord_chat(channel_of(m));

    return is_number(m->reply_to) && !m->remote_id.len && (!chat || chat->guild_id[0]);
}

/* By the nonce Discord knows, for some minutes, a message that is sent again: it is not shown twice.  Edits need none. */
static void set_nonce(struct arena *a, json_t *j, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf nonce = {0};
    str id = platform_send_id(a, m), part;

    if (m->remote_id.len || m->prepared.len)
        return;
    while (str_split(&id, '-', &part))
        buf_add(&nonce, part);
    json_object_set_new(j, "nonce", json_from_str(str_take(buf_str(&nonce), NONCE_MAX)));
    json_object_set_new(j, "enforce_nonce", json_true());
}

static json_t *message_of(struct arena *a, const struct outgoing *m)
{
    json_t *j = json_pack("{s:i, s:{s:[]}}", "flags", FLAG_NO_PREVIEWS, "allowed_mentions", "parse");

    if (!m->blob.len)
        json_object_set_new(j, "content", json_from_str(hook_text(a, m, MARKUP_DISCORD)));
    if (json_array_size(m->choices))
        json_object_set_new(j, "components", buttons(m->choices));
    if (quotes(m))
        json_object_set_new(j, "message_reference", json_pack("{s:s%, s:b}", "message_id", m->reply_to.p, m->reply_to.len,
                                                              "fail_if_not_exists", 0));
    set_nonce(a, j, m);
    return j;
}

static void encode_form(struct arena *a, const struct outgoing *m, const json_t *j, struct platform_call *call)
{
    struct platform_form form;

    platform_form_begin(&form);
    platform_form_field(&form, "payload_json", json_print(a, j));
    platform_form_file(&form, "files[0]", m->name, m->mime, m->bytes);
    platform_form_end(&form);
    call->raw = arena_str(a, buf_str(&form.body));
    call->raw_type = arena_c(a, str_from(form.type));
    platform_form_done(&form);
}

enum err discord_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct platform_call call = { .platform = "Discord", .authorization = discord_authorization(a) };

    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    if (!is_number(channel_of(m)))
        return failed(ERR_INPUT, "a Discord channel's id is a number, not %.*s", STR(str_take(channel_of(m), 40)));
    j = message_of(a, m);
    call.url = address(a, m, &call.method);
    if (m->blob.len)
        encode_form(a, m, j, &call);
    else
        call.body = j;
    platform_request(a, &call, out);
    return OK;
}

enum err discord_encode_typing(struct arena *a, str chat_id, str thread_id, struct http_request *out)
{
    str channel = thread_id.len ? thread_id : chat_id;
    struct platform_call call = { .method = "POST", .authorization = discord_authorization(a),
                                  .url = discord_url(a, arena_printf(a, "/channels/%.*s/typing", STR(channel))) };

    platform_request(a, &call, out);
    return OK;
}

/* ---- what it answers ---- */

/* Their codes: discord.com/developers/docs/topics/opcodes-and-status-codes. */
static enum err judge(const struct http_response *r, const json_t *j, struct sent *out)
{
    enum { UNKNOWN_MESSAGE = 10008, UNKNOWN_WEBHOOK = 10015, INVALID_TOKEN = 50027, INVALID_FORM = 50035 };
    int64_t code = json_int(j, "code", 0);
    enum err e = platform_sent("Discord", r, json_text_str(j, "message"), out);

    if (e == ERR_LIMIT) {
        uint64_t wait = (uint64_t)(json_num(j, "retry_after", 0) * 1000);

        out->retry_after_ms = wait ? wait + 1 : out->retry_after_ms;
        if (json_flag(j, "global"))
            all_until_ms = clock_ms() + out->retry_after_ms;
    }
    out->edit_lost = code == UNKNOWN_MESSAGE;
    out->bad_markup = code == INVALID_FORM && json_at(j, "errors.content") != NULL;
    out->again = code == UNKNOWN_WEBHOOK || code == INVALID_TOKEN;
    if (out->edit_lost || out->again)
        out->gone = false;
    if (out->again)
        return failed(ERR_REMOTE, "Discord knows the command's token no more");
    return e == ERR_AUTH ? failed(e, "Discord refuses the bot token: check platforms.discord.token") : e;
}

enum err discord_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(r->body, &j))
        j = NULL;
    TRY(judge(r, j, out));
    note_rate(r, j);
    out->remote_id = arena_str(a, json_text_str(j, "id"));
    return OK;
}
