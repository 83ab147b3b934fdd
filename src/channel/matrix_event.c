// SPDX-License-Identifier: Apache-2.0
/* What comes in: an event of a room to a message. */
#include <string.h>

#include "base/utf8.h"
#include "channel/matrix.h"

enum { ID_MAX = 255, NAME_BYTES_MAX = 255 };        /* spec.matrix.org, appendices: identifiers have at most 255 bytes */

static bool is(const json_t *j, const char *path, const char *want)
{
    return strcmp(json_text(j, path), want) == 0;
}

/* Keys with dots in them are no paths. */
static const json_t *under(const json_t *j, const char *key)
{
    return json_object_get(j, key);
}

static str text_under(const json_t *j, const char *key)
{
    const json_t *v = under(j, key);

    return json_is_string(v) ? json_strval(v) : S("");
}

static bool is_id(str id, char sigil)
{
    for (size_t i = 0; i < id.len; i++)
        if ((unsigned char)id.p[i] <= ' ')
            return false;
    return id.len > 1 && id.len <= ID_MAX && id.p[0] == sigil;
}

/* ---- text ---- */

/* Older clients repeat what is answered as a quote at the beginning. */
static str without_fallback(str body)
{
    str rest = body, line;

    while (str_starts(rest, S(">")))
        if (!str_split(&rest, '\n', &line) || !rest.p)
            return body;
    return rest.p == body.p ? body : str_trim(rest);
}

/* "clawdbot: ..." and "@clawdbot ...": the name is taken off.  A bare name needs its colon or comma. */
static bool eat_name(str *text, str name, bool bare)
{
    str rest = *text;

    if (!name.len || rest.len < name.len || !str_eq_nocase(str_take(rest, name.len), name))
        return false;
    rest = str_skip(rest, name.len);
    if (rest.len && rest.p[0] != ':' && rest.p[0] != ',' && (bare || (rest.p[0] != ' ' && rest.p[0] != '\n')))
        return false;
    if (!rest.len && bare)
        return false;
    if (rest.len && (rest.p[0] == ':' || rest.p[0] == ','))
        rest = str_skip(rest, 1);
    *text = str_trim(rest);
    return true;
}

static bool eat_address(str *text, const struct matrix_bot *bot)
{
    str local = str_take(bot->user_id, str_find_char(bot->user_id, ':')), at = *text;

    if (eat_name(text, bot->user_id, false) || eat_name(text, local, false) || eat_name(text, str_skip(local, 1), true)
        || eat_name(text, bot->name, true))
        return true;
    return str_eat(&at, S("@")) && eat_name(&at, bot->name, false) ? (*text = at, true) : false;
}

static bool is_mentioned(const json_t *content, const struct matrix_bot *bot)
{
    const json_t *mentions = under(content, "m.mentions"), *user;
    size_t i;

    json_array_foreach(json_object_get(mentions, "user_ids"), i, user)
        if (str_eq(json_is_string(user) ? json_strval(user) : S(""), bot->user_id))
            return true;
    return !mentions && str_find(json_text_str(content, "body"), bot->user_id) != STR_NONE;
}

/* ---- files ---- */

static const char *file_type(const json_t *content)
{
    static const char *const types[] = { "image", "audio", "video", "file" };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_eq(str_skip(json_text_str(content, "msgtype"), 2), str_from(types[i])))
            return types[i];
    return NULL;
}

/* body is the file's name, or, where there is a name beside it, what is said to it.  *ret_text: that. */
static bool take_file(struct arena *a, const json_t *content, struct matrix_message *m, str *ret_text)
{
    str name = json_text_str(content, "filename"), body = json_text_str(content, "body"), url = json_text_str(content, "url");

    if (!str_starts(url, S("mxc://")) || url.len > ID_MAX)
        return false;
    *ret_text = name.len && !str_eq(name, body) ? body : S("");
    return hook_add_file(&m->hook, &(struct incoming_file){
        .type = file_type(content), .id = arena_str(a, url), .name = arena_str(a, utf8_take(name.len ? name : body, NAME_BYTES_MAX)),
        .mime = arena_str(a, utf8_take(json_text_str(content, "info.mimetype"), NAME_BYTES_MAX)),
        .size = json_int(content, "info.size", -1),
    });
}

/* ---- the message ---- */

static void take_relation(struct arena *a, const json_t *content, struct matrix_message *m)
{
    const json_t *relation = under(content, "m.relates_to");
    str answers = text_under(under(relation, "m.in_reply_to"), "event_id");
    bool thread = is(relation, "rel_type", "m.thread");
    str root = thread ? text_under(relation, "event_id") : S("");

    m->answers = is_id(answers, '$') ? arena_str(a, answers) : S("");
    m->root = is_id(root, '$') ? arena_str(a, root) : S("");
    /* In a thread an answer may be no more than how the thread is shown to older clients. */
    m->hook.message.reply_to = m->answers;
    m->hook.message.thread_id = m->root;
}

static bool take_content(struct arena *a, const json_t *content, const struct matrix_bot *bot, struct matrix_message *out)
{
    str text = json_text_str(content, "body");

    if (file_type(content)) {
        if (!take_file(a, content, out, &text))
            return false;
    } else if (!is(content, "msgtype", "m.text") && !is(content, "msgtype", "m.emote")) {
        return false;       /* m.notice is what programs say: it is never answered */
    }
    take_relation(a, content, out);
    out->mentioned = is_mentioned(content, bot);
    if (out->answers.len)
        text = without_fallback(text);
    text = str_trim(text);
    out->mentioned |= eat_address(&text, bot);
    out->hook.message.text = arena_str(a, text);
    return text.len || out->hook.n_files || out->mentioned;
}

bool matrix_decode(struct arena *a, const json_t *event, str room, const struct matrix_bot *bot, struct matrix_message *out)
{
    const json_t *content = under(event, "content");
    str id = json_text_str(event, "event_id"), sender = json_text_str(event, "sender");

    *out = (struct matrix_message){ .answers = S(""), .root = S("") };
    if (!is(event, "type", "m.room.message") || under(event, "state_key") || !is_id(id, '$') || !is_id(sender, '@') || !is_id(room, '!'))
        return false;
    if (str_eq(sender, bot->user_id) || is(under(content, "m.relates_to"), "rel_type", "m.replace"))
        return false;
    out->hook.message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("matrix"), .agent = S(""), .chat_type = S(""), .external_id = arena_str(a, id),
        .chat_id = arena_str(a, room), .thread_id = S(""), .user_id = arena_str(a, sender), .user_name = S(""), .text = S(""),
        .created_at = json_int(event, "origin_server_ts", 0), .reply_to = S(""),
    };
    return take_content(a, content, bot, out);
}

bool matrix_decode_invite(const json_t *invite, const struct matrix_bot *bot, str *ret_inviter, bool *ret_direct)
{
    const json_t *event;
    size_t i;

    json_array_foreach(json_at(invite, "invite_state.events"), i, event)
        if (is(event, "type", "m.room.member") && str_eq(json_text_str(event, "state_key"), bot->user_id)
            && is(event, "content.membership", "invite") && is_id(json_text_str(event, "sender"), '@')) {
            *ret_inviter = json_text_str(event, "sender");
            *ret_direct = json_flag(event, "content.is_direct");
            return true;
        }
    return false;
}

bool matrix_is_encryption(const json_t *event)
{
    return is(event, "type", "m.room.encrypted") || is(event, "type", "m.room.encryption");
}
