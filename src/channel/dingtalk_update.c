// SPDX-License-Identifier: Apache-2.0
/* What comes in: a robot's message.  In groups only what mentions the robot is sent to it, the mention taken out. */
#include "channel/dingtalk.h"

#include "base/utf8.h"
#include "net/signature.h"

enum { NAME_BYTES_MAX = 255 };

struct reading { struct arena *arena; struct buf text; struct hook_message *out; };

bool dingtalk_signed(struct arena *a, str secret, str timestamp, str sign)
{
    return hook_signed(a, secret, (const str[]){ timestamp, S("\n"), secret }, 3, sign);
}

static str copied(struct arena *a, const json_t *j, const char *path)
{
    return arena_str(a, json_text_str(j, path));
}

static void add_file(struct reading *r, const char *type, const json_t *content, const char *name, const char *mime)
{
    struct incoming_file f = { .type = type, .mime = str_from(mime), .size = -1, .id = copied(r->arena, content, "downloadCode") };
    str told = json_text_str(content, "fileName");

    f.name = told.len ? arena_str(r->arena, utf8_take(told, NAME_BYTES_MAX)) : str_from(name);
    if (f.id.len)
        (void)!hook_add_file(r->out, &f);
}

static void take_text(struct reading *r, const json_t *j)
{
    buf_add(&r->text, json_text_str(j, "text.content"));
}

static void take_picture(struct reading *r, const json_t *j)
{
    add_file(r, "image", json_at(j, "content"), "photo.jpg", "image/jpeg");
}

/* DingTalk writes down what was said, mostly rightly; the voice goes with it. */
static void take_audio(struct reading *r, const json_t *j)
{
    buf_add(&r->text, json_text_str(j, "content.recognition"));
    add_file(r, "audio", json_at(j, "content"), "voice.amr", "audio/amr");
}

static void take_video(struct reading *r, const json_t *j)
{
    add_file(r, "video", json_at(j, "content"), "video.mp4", "video/mp4");
}

static void take_file(struct reading *r, const json_t *j)
{
    add_file(r, "file", json_at(j, "content"), "document", "application/octet-stream");
}

static void take_rich(struct reading *r, const json_t *j)
{
    const json_t *part;
    size_t i;

    json_array_foreach(json_at(j, "content.richText"), i, part) {
        buf_add(&r->text, json_text_str(part, "text"));
        if (str_eq(json_text_str(part, "type"), S("picture")))
            add_file(r, "image", part, "photo.jpg", "image/jpeg");
    }
}

static const struct { const char *type; void (*take)(struct reading *, const json_t *); } kinds[] = {
    { "text", take_text }, { "picture", take_picture }, { "audio", take_audio }, { "video", take_video }, { "file", take_file },
    { "richText", take_rich },
};

/* A person is answered by their id in the company; strangers to it have none, and only their conversation's address answers them. */
static void fill(struct arena *a, const json_t *j, struct message *m)
{
    bool private = str_eq(json_text_str(j, "conversationType"), S("1"));
    str staff = copied(a, j, "senderStaffId"), user = staff.len ? staff : copied(a, j, "senderId");

    *m = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("dingtalk"), .agent = S(""), .chat_type = private ? S("private") : S("group"),
        .external_id = copied(a, j, "msgId"), .chat_id = private ? user : copied(a, j, "conversationId"), .thread_id = S(""),
        .user_id = user, .user_name = copied(a, j, "senderNick"), .text = S(""), .created_at = json_int(j, "createAt", 0),
        .reply_to = S(""),
    };
}

enum err dingtalk_decode(struct arena *a, const json_t *j, struct hook_message *out, struct dingtalk_session *ret_session, bool *ret_wanted)
{
    struct reading r = { .arena = a, .out = out };
    const struct message *m = &out->message;

    *out = (struct hook_message){0};
    *ret_session = (struct dingtalk_session){ copied(a, j, "sessionWebhook"), json_int(j, "sessionWebhookExpiredTime", 0) };
    fill(a, j, &out->message);
    if (!m->external_id.len || !m->chat_id.len || !m->user_id.len || !json_text_str(j, "msgtype").len)
        return failed(ERR_INPUT, "DingTalk sent something that is not a message");
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq(json_text_str(j, "msgtype"), str_from(kinds[i].type)))
            kinds[i].take(&r, j);
    out->message.text = arena_str(a, str_trim(buf_str(&r.text)));
    buf_done(&r.text);
    out->message.overheard = !str_eq(m->chat_type, S("private")) && json_is_false(json_object_get(j, "isInAtList"));
    *ret_wanted = m->text.len || out->n_files;
    return OK;
}
