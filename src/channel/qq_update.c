// SPDX-License-Identifier: Apache-2.0
/* What comes in.  In groups and channels QQ sends only what mentions the bot, unless it is given all by another event. */
#include "channel/qq.h"

#include <string.h>

#include "base/time.h"
#include "base/utf8.h"
#include "net/signature.h"
#include "runtime/clock.h"

enum { SEED_SIZE = 32, NAME_BYTES_MAX = 255 };

/* ---- signatures ---- */

/* The seed is the secret, again and again until it is long enough. */
str qq_signature(struct arena *a, str secret, str timestamp, str text)
{
    CLEANUP(buf_done) struct buf signed_text = {0}, hex = {0};
    char seed[SEED_SIZE];

    if (!secret.len)
        return S("");
    for (size_t i = 0; i < SEED_SIZE; i++)
        seed[i] = secret.p[i % secret.len];
    buf_add(&signed_text, timestamp);
    buf_add(&signed_text, text);
    buf_add_hex(&hex, ed25519_sign(a, str_of(seed, SEED_SIZE), buf_str(&signed_text)));
    return arena_str(a, buf_str(&hex));
}

/* Ed25519 signs the same text alike each time, and the key is ours as much as QQ's. */
bool qq_signed(struct arena *a, str secret, str timestamp, str body, str signature)
{
    return secret.len && str_eq_secret(signature, qq_signature(a, secret, timestamp, body));
}

/* ---- messages ---- */

enum kind { C2C, GROUP, CHANNEL, DIRECT };

static const struct { const char *event; enum kind kind; const char *chat, *chat_path, *user_path; bool overheard; } kinds[] = {
    { "C2C_MESSAGE_CREATE",      C2C,     "c2c",     "author.user_openid", "author.user_openid", false },
    { "GROUP_AT_MESSAGE_CREATE", GROUP,   "group",   "group_openid",       "author.member_openid", false },
    { "AT_MESSAGE_CREATE",       CHANNEL, "channel", "channel_id",         "author.id", false },
    { "GROUP_MESSAGE_CREATE",    GROUP,   "group",   "group_openid",       "author.member_openid", true },
    { "MESSAGE_CREATE",          CHANNEL, "channel", "channel_id",         "author.id", true },
    { "DIRECT_MESSAGE_CREATE",   DIRECT,  "dm",      "guild_id",           "author.id", false },
};

static str copied(struct arena *a, const json_t *j, const char *path)
{
    return arena_str(a, json_text_str(j, path));
}

/* Channels name who is mentioned in the text: "<@!123> hello". */
static str without_mention(str text)
{
    text = str_trim(text);
    while (str_starts(text, S("<@"))) {
        size_t end = str_find_char(text, '>');

        if (end == STR_NONE)
            break;
        text = str_trim(str_skip(text, end + 1));
    }
    return text;
}

/* Addresses come without their scheme in channels. */
static const char *address(struct arena *a, str url)
{
    return str_starts(url, S("http")) ? arena_c(a, url) : arena_printf(a, "https://%.*s", STR(url));
}

static void add_files(struct arena *a, const json_t *list, struct hook_message *out)
{
    const json_t *j;
    size_t i;

    json_array_foreach(list, i, j) {
        str mime = json_text_str(j, "content_type"), name = json_text_str(j, "filename"), wav = json_text_str(j, "voice_wav_url");
        bool voice = str_eq(mime, S("voice"));
        struct incoming_file f = { .type = voice ? "audio" : hook_type_of(mime), .size = json_int(j, "size", -1), .id = S("") };

        if (str_find_char(mime, '/') != STR_NONE)
            f.mime = arena_str(a, utf8_take(mime, NAME_BYTES_MAX));
        if (voice)
            f.mime = wav.len ? S("audio/wav") : S("audio/silk");
        f.name = arena_str(a, utf8_take(name, NAME_BYTES_MAX));
        f.request.url = address(a, voice && wav.len ? wav : json_text_str(j, "url"));
        if (json_text_str(j, "url").len)
            (void)!hook_add_file(out, &f);
    }
}

static int64_t moment(const json_t *d)
{
    int64_t ms;

    return time_parse(json_text_str(d, "timestamp"), &ms) == OK ? ms : 0;
}

static bool take_message(struct arena *a, const json_t *d, size_t k, struct hook_message *out)
{
    bool private = kinds[k].kind == C2C || kinds[k].kind == DIRECT;
    str chat = json_text_str(d, kinds[k].chat_path);

    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("qq"), .agent = S(""), .chat_type = private ? S("private") : S("group"),
        .external_id = copied(a, d, "id"), .chat_id = str_from(arena_printf(a, "%s:%.*s", kinds[k].chat, STR(chat))), .thread_id = S(""),
        .user_id = copied(a, d, kinds[k].user_path), .user_name = copied(a, d, "author.username"),
        .text = arena_str(a, without_mention(json_text_str(d, "content"))), .created_at = moment(d), .reply_to = S(""),
        .overheard = kinds[k].overheard,
    };
    add_files(a, json_at(d, "attachments"), out);
    return chat.len && out->message.external_id.len && out->message.user_id.len && !json_flag(d, "author.bot")
           && (out->message.text.len || out->n_files);
}

/* What is answered to a press is answered to the event, whose id begins so. */
static bool take_press(struct arena *a, const json_t *d, struct hook_message *out)
{
    str group = json_text_str(d, "group_openid"), channel = json_text_str(d, "channel_id"), person = json_text_str(d, "user_openid");
    str user = group.len ? json_text_str(d, "group_member_openid") : person.len ? person : json_text_str(d, "data.resolved.user_id");
    str chat = group.len ? group : person.len ? person : channel;

    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("qq"), .agent = S(""), .thread_id = S(""),
        .chat_type = person.len && !group.len ? S("private") : S("group"),
        .external_id = str_from(arena_printf(a, "INTERACTION_CREATE:%s", json_text(d, "id"))),
        .chat_id = str_from(arena_printf(a, "%s:%.*s", group.len ? "group" : person.len ? "c2c" : "channel", STR(chat))),
        .user_id = arena_str(a, user), .user_name = S(""), .text = copied(a, d, "data.resolved.button_data"), .created_at = moment(d),
        .reply_to = S(""),
    };
    return json_text_str(d, "id").len && chat.len && user.len && out->message.text.len;
}

enum err qq_decode(struct arena *a, const json_t *payload, struct hook_message *out, str *ret_press, bool *ret_wanted)
{
    const json_t *d = json_at(payload, "d");
    str type = json_text_str(payload, "t");

    *out = (struct hook_message){0};
    *ret_press = S("");
    *ret_wanted = false;
    if (!json_is_object(d) || !type.len)
        return failed(ERR_INPUT, "QQ sent something that is not an event");
    for (size_t k = 0; k < N_ELEMENTS(kinds); k++)
        if (str_eq(type, str_from(kinds[k].event)))
            *ret_wanted = take_message(a, d, k, out);
    if (str_eq(type, S("INTERACTION_CREATE"))) {
        *ret_wanted = take_press(a, d, out);
        *ret_press = copied(a, d, "id");
    }
    return OK;
}
