// SPDX-License-Identifier: Apache-2.0
/* What comes in: envelopes opened, events to messages. */
#include "channel/feishu.h"

#include <string.h>

#include "base/utf8.h"
#include "net/signature.h"
#include "runtime/clock.h"

enum { IV_SIZE = 16, NAME_BYTES_MAX = 255, LINES_MAX = 2000 };

/* ---- envelopes ---- */

bool feishu_signed(struct arena *a, str encrypt_key, str timestamp, str nonce, str body, str signature)
{
    CLEANUP(buf_done) struct buf hex = {0};

    buf_add_hex(&hex, sha256_of(a, (const str[]){ timestamp, nonce, encrypt_key, body }, 4));
    return encrypt_key.len && str_eq_secret(signature, buf_str(&hex));
}

enum err feishu_decrypt(struct arena *a, str encrypt_key, str sealed, str *ret_json)
{
    CLEANUP(buf_done) struct buf bytes = {0}, opened = {0};
    str plain;

    TRY(buf_add_unbase64(&bytes, sealed));
    if (bytes.len <= IV_SIZE)
        return failed(ERR_INPUT, "Feishu's event is cut short");
    TRY(aes_cbc_decrypt(sha256_of(a, &encrypt_key, 1), str_take(buf_str(&bytes), IV_SIZE), str_skip(buf_str(&bytes), IV_SIZE), &opened));
    TRY(pkcs7_unpad(buf_str(&opened), 16, &plain));
    *ret_json = arena_str(a, plain);
    return OK;
}

/* ---- mentions ---- */

struct reading {
    struct arena *arena;
    str           bot, message_id;
    const json_t *mentions;
    struct buf    text;
    bool          addressed;
    struct feishu_message *out;
};

static const json_t *mention_at(const struct reading *r, str text)
{
    const json_t *m, *best = NULL;
    size_t i;

    json_array_foreach(r->mentions, i, m) {
        str key = json_text_str(m, "key");
        bool longer = !best || key.len > json_text_str(best, "key").len;    /* @_user_1 begins @_user_11 */

        if (key.len && longer && str_starts(text, key))
            best = m;
    }
    return best;
}

static bool is_bot(const struct reading *r, const json_t *mention)
{
    return r->bot.len && str_eq(json_text_str(mention, "id.open_id"), r->bot);
}

/* Text has placeholders where somebody is mentioned: ours goes, the others become names. */
static void add_text(struct reading *r, str text)
{
    while (text.len) {
        const json_t *m = text.p[0] == '@' ? mention_at(r, text) : NULL;

        if (m && !is_bot(r, m))
            buf_addf(&r->text, "@%.*s", STR(json_text_str(m, "name")));
        else if (!m)
            buf_add_char(&r->text, text.p[0]);
        text = str_skip(text, m ? json_text_str(m, "key").len : 1);
    }
}

static void see_mentions(struct reading *r)
{
    const json_t *m;
    size_t i;

    json_array_foreach(r->mentions, i, m)
        r->addressed = r->addressed || is_bot(r, m);
}

/* ---- contents ---- */

static void add_file(struct reading *r, const char *type, const char *resource, str key, str name, const char *mime)
{
    struct feishu_message *m = r->out;

    if (!key.len || m->n_files == FEISHU_FILES_MAX)
        return;
    m->files[m->n_files++] = (struct incoming_file){
        .type = type, .name = arena_str(r->arena, utf8_take(name, NAME_BYTES_MAX)), .mime = str_from(mime), .size = -1,
        .id = str_from(arena_printf(r->arena, "%.*s/resources/%.*s?type=%s", STR(r->message_id), STR(key), resource)),
    };
}

static void take_text(struct reading *r, const json_t *c)
{
    add_text(r, json_text_str(c, "text"));
}

static void take_image(struct reading *r, const json_t *c)
{
    add_file(r, "image", "image", json_text_str(c, "image_key"), S("photo.jpg"), "image/jpeg");
}

static void take_file(struct reading *r, const json_t *c)
{
    add_file(r, "file", "file", json_text_str(c, "file_key"), json_text_str(c, "file_name"), "application/octet-stream");
}

static void take_audio(struct reading *r, const json_t *c)
{
    add_file(r, "audio", "file", json_text_str(c, "file_key"), S("voice.opus"), "audio/ogg");
}

static void take_media(struct reading *r, const json_t *c)
{
    add_file(r, "video", "file", json_text_str(c, "file_key"), json_text_str(c, "file_name"), "video/mp4");
}

static void take_location(struct reading *r, const json_t *c)
{
    buf_addf(&r->text, "%s (%s, %s)", json_text(c, "name"), json_text(c, "latitude"), json_text(c, "longitude"));
}

static void add_element(struct reading *r, const json_t *e)
{
    str tag = json_text_str(e, "tag"), text = json_text_str(e, "text");

    if (str_eq(tag, S("a")))
        buf_addf(&r->text, "[%.*s](%s)", STR(text), json_text(e, "href"));
    else if (str_eq(tag, S("at")))
        add_text(r, json_text_str(e, "user_id"));
    else if (str_eq(tag, S("img")))
        take_image(r, e);
    else if (str_eq(tag, S("media")))
        take_media(r, e);
    else if (str_eq(tag, S("code_block")))
        buf_addf(&r->text, "```%s\n%.*s\n```", json_text(e, "language"), STR(text));
    else if (str_eq(tag, S("emotion")))
        buf_addf(&r->text, "[%s]", json_text(e, "emoji_type"));
    else
        add_text(r, text);
}

/* Rich text: a title, and lines of elements. */
static void take_post(struct reading *r, const json_t *c)
{
    const json_t *line, *e;
    size_t i, k;

    add_text(r, json_text_str(c, "title"));
    json_array_foreach(json_object_get(c, "content"), i, line) {
        if (r->text.len)
            buf_add_char(&r->text, '\n');
        json_array_foreach(line, k, e)
            add_element(r, e);
    }
}

static const struct { const char *type; void (*take)(struct reading *, const json_t *content); } kinds[] = {
    { "text", take_text }, { "post", take_post }, { "image", take_image }, { "file", take_file }, { "audio", take_audio },
    { "media", take_media }, { "location", take_location },
};

static void read_content(struct reading *r, const json_t *m)
{
    CLEANUP(json_decrefp) json_t *content = NULL;

    if (json_parse(json_text_str(m, "content"), &content) || !json_is_object(content))
        return;
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq(json_text_str(m, "message_type"), str_from(kinds[i].type)))
            kinds[i].take(r, content);
}

/* ---- events ---- */

static str copied(struct arena *a, const json_t *j, const char *path)
{
    return arena_str(a, json_text_str(j, path));
}

static int64_t milliseconds(str digits)
{
    int64_t ms;

    return str_i64(digits, &ms) == OK && ms > 0 ? ms : 0;
}

/* A private chat goes by the person: so an answer knows that it need not say what it answers. */
static bool take_message(struct arena *a, const json_t *event, str bot, struct feishu_message *out)
{
    const json_t *m = json_at(event, "message");
    bool private = str_eq(json_text_str(m, "chat_type"), S("p2p"));
    struct reading r = {
        .arena = a, .bot = bot, .mentions = json_at(m, "mentions"), .out = out, .message_id = json_text_str(m, "message_id"),
    };

    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("feishu"), .agent = S(""), .chat_type = private ? S("private") : S("group"),
        .external_id = copied(a, m, "message_id"), .thread_id = copied(a, m, "thread_id"),
        .chat_id = private ? copied(a, event, "sender.sender_id.open_id") : copied(a, m, "chat_id"),
        .user_id = copied(a, event, "sender.sender_id.open_id"), .user_name = S(""), .reply_to = copied(a, m, "parent_id"),
        .created_at = milliseconds(json_text_str(m, "create_time")),
    };
    see_mentions(&r);
    read_content(&r, m);
    out->message.text = arena_str(a, str_trim(buf_str(&r.text)));
    buf_done(&r.text);
    out->message.overheard = !private && !r.addressed;
    return str_eq(json_text_str(event, "sender.sender_type"), S("user"))
           && out->message.external_id.len && out->message.chat_id.len && out->message.user_id.len
           && (out->message.text.len || out->n_files);
}

/* Buttons stand in our own cards only, and bring back what we put in: the reply, the chat, the thread. */
static bool take_press(struct arena *a, const json_t *j, const json_t *event, struct feishu_message *out)
{
    str chat = copied(a, event, "action.value.chat");

    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("feishu"), .agent = S(""),
        .chat_type = str_starts(chat, S("ou_")) ? S("private") : S("group"),
        .external_id = str_from(arena_printf(a, "press:%s", json_text(j, "header.event_id"))),
        .chat_id = chat, .thread_id = copied(a, event, "action.value.thread"),
        .user_id = copied(a, event, "operator.open_id"), .user_name = S(""), .reply_to = copied(a, event, "context.open_message_id"),
        .text = copied(a, event, "action.value.reply"), .created_at = clock_wall_ms(),
    };
    out->pressed = true;
    return json_text_str(j, "header.event_id").len && out->message.chat_id.len && out->message.user_id.len && out->message.text.len;
}

enum err feishu_decode(struct arena *a, const json_t *j, str bot, struct feishu_message *out, bool *ret_wanted)
{
    const json_t *event = json_at(j, "event");
    str type = json_text_str(j, "header.event_type");

    *out = (struct feishu_message){0};
    *ret_wanted = false;
    if (!json_is_object(event) || !type.len)
        return failed(ERR_INPUT, "Feishu sent something that is not an event");
    if (str_eq(type, S("im.message.receive_v1")))
        *ret_wanted = take_message(a, event, bot, out);
    else if (str_eq(type, S("card.action.trigger")))
        *ret_wanted = take_press(a, j, event, out);
    return OK;
}
