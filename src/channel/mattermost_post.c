// SPDX-License-Identifier: Apache-2.0
/* Posts: what comes in, what goes out. */
#include "channel/mattermost.h"

#include "base/utf8.h"
#include "channel/hook.h"
#include "channel/platform_api.h"
#include "config/config.h"

enum { NAME_BYTES_MAX = 255, ID_BYTES = 26 };

const char *mattermost_url(struct arena *a, const char *path)
{
    str base = str_from(config_now()->platforms_mattermost_url);

    while (str_ends(base, S("/")))
        base.len--;
    return arena_printf(a, "%.*s/api/v4%s", STR(base), path);
}

const char *mattermost_authorization(struct arena *a)
{
    return arena_printf(a, "Bearer %s", config_now()->platforms_mattermost_token);
}

enum err mattermost_get(struct arena *a, const char *path, json_t **ret_json)
{
    enum err e = platform_get(a, &(struct platform_call){ .platform = "Mattermost", .url = mattermost_url(a, path),
                                                          .authorization = mattermost_authorization(a) }, ret_json);

    return e == ERR_AUTH ? failed(e, "Mattermost refuses the token: check platforms.mattermost.token") : e;
}

/* Ids are 26 letters and digits; they become parts of addresses. */
bool mattermost_is_id(str id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!((id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9')))
            return false;
    return id.len == ID_BYTES;
}

/* ---- in ---- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Without "@our_name", wherever it stands by itself; *ret_mentioned: it did. */
static str without_us(struct arena *a, str text, str username, bool *ret_mentioned)
{
    CLEANUP(buf_done) struct buf b = {0};
    bool inside = false;

    *ret_mentioned = false;
    while (text.len) {
        str name = str_take(str_skip(text, 1), username.len), behind = str_skip(text, 1 + username.len);

        if (!inside && text.p[0] == '@' && username.len && str_eq_nocase(name, username) && (!behind.len || !is_name_char(behind.p[0]))) {
            *ret_mentioned = true;
            text = behind;
            continue;
        }
        inside = is_name_char(text.p[0]);
        buf_add_char(&b, text.p[0]);
        text = str_skip(text, 1);
    }
    return arena_str(a, str_trim(buf_str(&b)));
}

static void add_files(struct arena *a, struct mattermost_message *out, const json_t *post)
{
    const json_t *f;
    size_t i;

    json_array_foreach(json_at(post, "metadata.files"), i, f) {
        str mime = arena_str(a, utf8_take(json_text_str(f, "mime_type"), NAME_BYTES_MAX)), id = json_text_str(f, "id");

        if (out->n_files == INCOMING_FILES_MAX || !mattermost_is_id(id))
            continue;
        out->files[out->n_files++] = (struct incoming_file){
            .type = str_starts(mime, S("image/")) ? "image" : str_starts(mime, S("audio/")) ? "audio"
                  : str_starts(mime, S("video/")) ? "video" : "file",
            .id = arena_str(a, id), .mime = mime, .name = arena_str(a, utf8_take(json_text_str(f, "name"), NAME_BYTES_MAX)),
            .size = json_int(f, "size", -1),
        };
    }
}

static bool is_system_s_or_bot_s(const json_t *post)
{
    static const char *const marks[] = { "props.from_webhook", "props.from_bot", "props.from_plugin" };

    for (size_t i = 0; i < N_ELEMENTS(marks); i++)
        if (str_eq(json_text_str(post, marks[i]), S("true")))
            return true;
    return json_text_str(post, "type").len > 0;
}

static void fill(struct arena *a, const json_t *post, const struct mattermost_place *place, struct mattermost_message *out)
{
    str name = place->sender_name;

    (void)str_eat(&name, S("@"));
    out->root_id = arena_str(a, json_text_str(post, "root_id"));
    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("mattermost"), .agent = S(""), .text = S(""),
        .external_id = arena_str(a, json_text_str(post, "id")), .chat_id = arena_str(a, json_text_str(post, "channel_id")),
        .thread_id = out->root_id, .reply_to = out->root_id, .user_id = arena_str(a, json_text_str(post, "user_id")),
        .chat_type = str_eq(place->channel_type, S("D")) ? S("private") : S("group"), .user_name = arena_str(a, name),
        .created_at = json_int(post, "create_at", 0),
    };
}

enum err mattermost_decode(struct arena *a, const json_t *post, const struct mattermost_place *place, const struct mattermost_self *self,
                           struct mattermost_message *out, bool *ret_wanted)
{
    str user = json_text_str(post, "user_id");
    bool mentioned;

    *out = (struct mattermost_message){ .root_id = S("") };
    if (!json_is_object(post) || !mattermost_is_id(json_text_str(post, "id")) || !mattermost_is_id(json_text_str(post, "channel_id"))
        || !mattermost_is_id(user))
        return failed(ERR_INPUT, "Mattermost sent something that is not a post");
    fill(a, post, place, out);
    add_files(a, out, post);
    out->message.text = without_us(a, json_text_str(post, "message"), self->username, &mentioned);
    out->message.overheard = !mentioned && !str_eq(place->channel_type, S("D"));
    *ret_wanted = !str_eq(user, self->id) && !is_system_s_or_bot_s(post) && (out->message.text.len || out->n_files)
                  && (!out->root_id.len || mattermost_is_id(out->root_id)) && json_int(post, "delete_at", 0) == 0;
    return OK;
}

/* ---- out ---- */

/* A file is uploaded first, and the post names it. */
static enum err upload(struct arena *a, struct outgoing *m) AWAITS
{
    CLEANUP(platform_form_done) struct platform_form form;
    CLEANUP(json_decrefp) json_t *j = NULL;

    platform_form_begin(&form);
    platform_form_field(&form, "channel_id", m->chat_id);
    platform_form_file(&form, "files", m->name, m->mime, m->bytes);
    platform_form_end(&form);
    TRY(platform_get(a, &(struct platform_call){ .platform = "Mattermost", .url = mattermost_url(a, "/files"), .raw = buf_str(&form.body),
                                                 .raw_type = form.type, .authorization = mattermost_authorization(a) }, &j));
    m->prepared = arena_str(a, json_text_str(j, "file_infos.0.id"));
    return m->prepared.len ? OK : failed(ERR_REMOTE, "Mattermost does not name the file it took");
}

enum err mattermost_prepare(struct arena *a, struct outgoing *m)
{
    return m->blob.len && !m->prepared.len ? upload(a, m) : OK;
}

static json_t *post_of(struct arena *a, const struct outgoing *m)
{
    str text = m->blob.len ? S("") : hook_text(a, m, MARKUP_MARKDOWN), id = platform_send_id(a, m);
    json_t *j = json_pack("{s:s%, s:s%, s:s%}", "channel_id", m->chat_id.p, m->chat_id.len, "message", text.p, text.len,
                          "pending_post_id", id.p, id.len);

    if (m->thread_id.len)
        json_object_set_new(j, "root_id", json_from_str(m->thread_id));
    if (m->prepared.len)
        json_object_set_new(j, "file_ids", json_pack("[s%]", m->prepared.p, m->prepared.len));
    return j;
}

enum err mattermost_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct platform_call call = { .authorization = mattermost_authorization(a), .url = mattermost_url(a, "/posts") };

    if (!mattermost_is_id(m->chat_id) || (m->remote_id.len && !mattermost_is_id(m->remote_id)))
        return failed(ERR_INPUT, "a Mattermost channel's id is 26 letters and digits, not %.*s", STR(str_take(m->chat_id, 40)));
    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    if (m->remote_id.len) {
        str text = hook_text(a, m, MARKUP_MARKDOWN);

        j = json_pack("{s:s%}", "message", text.p, text.len);
        call.method = "PUT";
        call.url = mattermost_url(a, arena_printf(a, "/posts/%.*s/patch", STR(m->remote_id)));
    } else {
        j = post_of(a, m);
    }
    call.body = j;
    platform_request(a, &call, out);
    return OK;
}

enum err mattermost_encode_typing(struct arena *a, str chat_id, str thread_id, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s%, s:s%}", "channel_id", chat_id.p, chat_id.len,
                                                "parent_id", thread_id.p ? thread_id.p : "", thread_id.len);

    platform_request(a, &(struct platform_call){ .authorization = mattermost_authorization(a), .body = j,
                                                 .url = mattermost_url(a, "/users/me/typing") }, out);
    return OK;
}

enum err mattermost_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(r->body, &j))
        j = NULL;
    enum err e = platform_sent("Mattermost", r, json_text_str(j, "message"), out);

    /* Its words for "there is no such post": only an edit asks for one. */
    out->edit_lost = e == ERR_NOT_FOUND && str_eq(json_text_str(j, "id"), S("app.post.get.app_error"));
    out->gone = out->gone && !out->edit_lost;
    if (e == ERR_AUTH)
        return failed(e, "Mattermost refuses the token: check platforms.mattermost.token");
    TRY(e);
    out->remote_id = arena_str(a, json_text_str(j, "id"));
    return OK;
}
