// SPDX-License-Identifier: Apache-2.0
/* What comes in: a message or an interaction of Discord's to one of ours. */
#include "channel/discord.h"

#include <stdio.h>

#include "base/utf8.h"
#include "runtime/clock.h"

enum {
    TYPE_DEFAULT = 0, TYPE_REPLY = 19, CHANNEL_THREADS = 10, CHANNEL_THREADS_END = 12,
    INTERACTION_PING = 1, INTERACTION_COMMAND = 2, INTERACTION_BUTTON = 3, INTERACTION_COMPLETE = 4, INTERACTION_FORM = 5,
    NAME_BYTES_MAX = 255,
};

static const int64_t EPOCH_MS = 1420070400000;     /* 2015-01-01, where their ids begin to count */

int64_t discord_time(str id)
{
    uint64_t n;

    return str_u64(id, &n) == OK ? (int64_t)(n >> 22) + EPOCH_MS : 0;
}

void discord_id_at(int64_t ms, char out[DISCORD_ID_SIZE])
{
    snprintf(out, DISCORD_ID_SIZE, "%llu", ms > EPOCH_MS ? (unsigned long long)(ms - EPOCH_MS) << 22 : 0);
}

static bool is_id(str id)
{
    uint64_t n;

    return id.len && id.len < DISCORD_ID_SIZE && str_u64(id, &n) == OK;
}

/* ---- the text ---- */

static const json_t *mentioned(const json_t *m, str id)
{
    const json_t *user;
    size_t i;

    json_array_foreach(json_object_get(m, "mentions"), i, user)
        if (str_eq(json_text_str(user, "id"), id))
            return user;
    return NULL;
}

static str name_of(const json_t *user, const json_t *member)
{
    str nick = json_text_str(member, "nick"), name = json_text_str(user, "global_name");

    return nick.len ? nick : name.len ? name : json_text_str(user, "username");
}

/* "<@5>" becomes "@Name", "<:smile:7>" ":smile:"; our own mention goes.  False: it is none of these. */
static bool add_reference(struct buf *b, const json_t *m, str inside, str own_id)
{
    bool person = str_eat(&inside, S("@"));

    if (person) {
        (void)str_eat(&inside, S("!"));
        const json_t *user = mentioned(m, inside);
        if (str_eq(inside, own_id))
            return true;
        buf_addf(b, "@%.*s", STR(user ? name_of(user, json_object_get(user, "member")) : S("somebody")));
        return user != NULL || is_id(inside);
    }
    (void)str_eat(&inside, S("a"));
    size_t end = inside.len > 1 && inside.p[0] == ':' ? str_find_char(str_skip(inside, 1), ':') : STR_NONE;

    if (end == STR_NONE || end == 0 || !is_id(str_skip(inside, end + 2)))
        return false;
    buf_add(b, str_take(inside, end + 2));
    return true;
}

static str readable(struct arena *a, const json_t *m, str text, str own_id)
{
    CLEANUP(buf_done) struct buf b = {0};
    size_t open;

    while ((open = str_find_char(text, '<')) != STR_NONE) {
        str rest = str_skip(text, open + 1);
        size_t close = str_find_char(str_take(rest, 100), '>'), before;

        buf_add(&b, str_take(text, open));
        before = b.len;
        text = str_skip(rest, close + 1);
        if (close != STR_NONE && add_reference(&b, m, str_take(rest, close), own_id))
            continue;
        buf_cut(&b, before);
        buf_add_char(&b, '<');
        text = rest;
    }
    buf_add(&b, text);
    return arena_str(a, str_trim(buf_str(&b)));
}

/* ---- files ---- */

static const char *kind_of(str mime)
{
    return str_starts(mime, S("image/")) ? "image" : str_starts(mime, S("audio/")) ? "audio" : str_starts(mime, S("video/")) ? "video" :
            "file";
}

static void add_files(struct arena *a, struct discord_message *out, const json_t *attachments)
{
    const json_t *f;
    size_t i;

    json_array_foreach(attachments, i, f) {
        str mime = arena_str(a, utf8_take(json_text_str(f, "content_type"), NAME_BYTES_MAX));

        if (out->n_files == DISCORD_FILES_MAX || !json_text_str(f, "url").len)
            continue;
        out->files[out->n_files++] = (struct incoming_file){
            .type = kind_of(mime), .id = arena_str(a, json_text_str(f, "id")), .mime = mime, .size = json_int(f, "size", -1),
            .name = arena_str(a, utf8_take(json_text_str(f, "filename"), NAME_BYTES_MAX)),
            .request = { .url = arena_c(a, json_text_str(f, "url")) },
        };
    }
}

/* ---- messages ---- */

static bool from_person(const json_t *m)
{
    return is_id(json_text_str(m, "author.id")) && !json_flag(m, "author.bot") && !json_flag(m, "author.system")
           && !json_at(m, "webhook_id");
}

static bool is_addressed(const json_t *m, const struct discord_self *self, bool direct)
{
    str own = str_from(self->id);

    return direct || mentioned(m, own) || str_eq(json_text_str(m, "referenced_message.author.id"), own);
}

static str answered_id(struct arena *a, const json_t *m)
{
    return json_int(m, "type", 0) == TYPE_REPLY ? arena_str(a, json_text_str(m, "message_reference.message_id")) : S("");
}

static void fill(struct arena *a, const json_t *user, const json_t *member, str id, str channel_id, struct discord_message *out)
{
    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("discord"), .agent = S(""), .thread_id = S(""), .reply_to = S(""), .text = S(""),
        .chat_type = out->guild_id.len ? S("group") : S("private"), .external_id = arena_str(a, id), .chat_id = arena_str(a, channel_id),
        .user_id = arena_str(a, json_text_str(user, "id")), .user_name = arena_str(a, name_of(user, member)),
        .created_at = discord_time(id),
    };
}

static void note_channel(struct arena *a, struct discord_message *out, int64_t type, str parent_id)
{
    out->in_thread = type >= CHANNEL_THREADS && type <= CHANNEL_THREADS_END;
    out->parent_id = out->in_thread && is_id(parent_id) ? arena_str(a, parent_id) : S("");
}

enum err discord_decode(struct arena *a, const json_t *m, const struct discord_self *self, struct discord_message *out, bool *ret_wanted)
{
    int64_t type = json_int(m, "type", -1);
    /* A message that was passed on stands in it as a snapshot, which has no author. */
    const json_t *passed_on = json_at(m, "message_snapshots.0.message");
    str text = json_text_str(m, "content");

    *out = (struct discord_message){ .guild_id = S(""), .parent_id = S(""), .interaction_id = S(""), .interaction_token = S("") };
    if (!json_is_object(m) || !is_id(json_text_str(m, "id")) || !is_id(json_text_str(m, "channel_id")))
        return failed(ERR_INPUT, "Discord sent something that is not a message");
    out->guild_id = arena_str(a, json_text_str(m, "guild_id"));
    if (!text.len && passed_on)
        text = json_text_str(passed_on, "content");
    add_files(a, out, json_object_get(m, "attachments"));
    add_files(a, out, json_object_get(passed_on, "attachments"));
    *ret_wanted = (type == TYPE_DEFAULT || type == TYPE_REPLY) && from_person(m) && (text.len || out->n_files);
    if (!*ret_wanted)
        return OK;
    fill(a, json_object_get(m, "author"), json_object_get(m, "member"), json_text_str(m, "id"), json_text_str(m, "channel_id"), out);
    note_channel(a, out, json_int(m, "channel_type", -1), S(""));
    out->message.text = readable(a, m, text, str_from(self->id));
    out->message.reply_to = answered_id(a, m);
    out->message.overheard = !is_addressed(m, self, out->guild_id.len == 0);
    *ret_wanted = out->message.text.len || out->n_files;    /* a mention alone says nothing */
    return OK;
}

/* ---- interactions ---- */

/* "/name text"; /ask is for those who would rather not mention us: its text alone. */
static str command_text(struct arena *a, const json_t *data)
{
    CLEANUP(buf_done) struct buf b = {0};
    str name = json_text_str(data, "name");
    const json_t *option;
    size_t i;

    if (!str_eq(name, S("ask")))
        buf_addf(&b, "/%.*s", STR(name));
    json_array_foreach(json_object_get(data, "options"), i, option)
        if (json_is_string(json_object_get(option, "value")))
            buf_addf(&b, "%s%.*s", b.len ? " " : "", STR(json_text_str(option, "value")));
    return name.len ? arena_str(a, str_trim(buf_str(&b))) : S("");
}

static str interaction_text(struct arena *a, const json_t *j, int64_t type, enum discord_ack *ret_ack)
{
    const json_t *data = json_object_get(j, "data");

    *ret_ack = type == INTERACTION_PING ? DISCORD_PONG : type == INTERACTION_COMMAND ? DISCORD_LATER
             : type == INTERACTION_BUTTON || type == INTERACTION_FORM ? DISCORD_HEARD
             : type == INTERACTION_COMPLETE ? DISCORD_CHOICES : DISCORD_NO_ACK;
    if (type == INTERACTION_COMMAND && json_int(data, "type", 1) == 1)
        return command_text(a, data);
    return type == INTERACTION_BUTTON ? arena_str(a, json_text_str(data, "custom_id")) : S("");
}

enum err discord_decode_interaction(struct arena *a, const json_t *j, struct discord_message *out, bool *ret_wanted)
{
    str id = json_text_str(j, "id"), token = json_text_str(j, "token"), channel = json_text_str(j, "channel_id");
    const json_t *member = json_object_get(j, "member"), *user = json_at(j, "member.user");
    int64_t type = json_int(j, "type", -1);

    *out = (struct discord_message){ .guild_id = S(""), .parent_id = S(""), .interaction_id = S(""), .interaction_token = S("") };
    *ret_wanted = false;
    if (!json_is_object(j) || !is_id(id) || (type != INTERACTION_PING && (!token.len || token.len > 400)))
        return failed(ERR_INPUT, "Discord sent something that is not an interaction");
    out->interaction_id = arena_str(a, id);
    out->interaction_token = arena_str(a, token);
    out->guild_id = arena_str(a, json_text_str(j, "guild_id"));
    str text = interaction_text(a, j, type, &out->ack);
    user = user ? user : json_object_get(j, "user");
    if (!text.len || !is_id(channel) || !is_id(json_text_str(user, "id")))
        return OK;
    fill(a, user, member, id, channel, out);
    note_channel(a, out, json_int(j, "channel.type", -1), json_text_str(j, "channel.parent_id"));
    out->message.text = text;
    /* What answers a command fills in what it shows meanwhile; that goes by the token (discord_send.c). */
    out->message.external_id = str_from(out->ack == DISCORD_LATER
                                        ? arena_printf(a, "interaction:%.*s:%.*s", STR(id), STR(token))
                                        : arena_printf(a, "interaction:%.*s", STR(id)));
    out->message.reply_to = type == INTERACTION_BUTTON ? arena_str(a, json_text_str(j, "message.id")) : S("");
    *ret_wanted = true;
    return OK;
}
