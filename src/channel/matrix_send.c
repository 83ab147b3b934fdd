// SPDX-License-Identifier: Apache-2.0
/* What goes out.  A message's transaction id comes of its outbox row, so that the server shows once what is sent twice. */
#include "base/utf8.h"
#include "channel/markup.h"
#include "channel/matrix.h"
#include "config/config.h"

enum { TYPING_MS = 10 * 1000, FALLBACK_MAX = 200 };

/* ---- before a send ---- */

static enum err upload(struct arena *a, const struct outgoing *m, str *ret_mxc) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_request request;
    struct http_response answer;
    str path = matrix_path(a, "/_matrix/media/v3/upload?filename=", m->name.len ? m->name : S("file"), "", S(""));

    TRY(matrix_request(a, &(struct platform_call){ .method = "POST", .url = path.p, .raw = m->bytes.p ? m->bytes : S(""),
                                                   .raw_type = m->mime.len ? arena_c(a, m->mime) : "application/octet-stream" }, &request));
    TRY(channel_fetch(a, &request, &answer, NULL));
    if (json_parse(answer.body, &j))
        j = NULL;
    TRY(matrix_result(&answer, j, NULL));
    *ret_mxc = arena_str(a, json_text_str(j, "content_uri"));
    return ret_mxc->len ? OK : failed(ERR_REMOTE, "the Matrix server does not say where the file is");
}

/* prepared: "ROOM" or "ROOM MXC". */
enum err matrix_prepare(struct arena *a, struct outgoing *m)
{
    struct matrix_room about;
    str room, mxc = S("");

    TRY(matrix_login(a));
    TRY(matrix_room_of(a, m->chat_id, &room));
    TRY(matrix_room(a, room, &about));
    if (about.encrypted)
        return failed(ERR_INPUT, "the Matrix room is encrypted, which is not supported: nothing is sent there in the clear");
    if (m->blob.len)
        TRY(upload(a, m, &mxc));
    m->prepared = str_from(arena_printf(a, "%.*s%s%.*s", STR(room), mxc.len ? " " : "", STR(mxc)));
    return OK;
}

/* ---- contents ---- */

static json_t *text_content(struct arena *a, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf plain = {0}, html = {0};
    const struct md_node *tree = markup_parse(a, m->text);
    json_t *j = json_object();

    markup_write(&plain, tree, MARKUP_PLAIN);
    json_object_set_new(j, "msgtype", json_string("m.text"));
    json_object_set_new(j, "body", json_from_str(str_trim(buf_str(&plain))));
    json_object_set_new(j, "m.mentions", json_object());        /* an answer rings for nobody but by its reply */
    if (m->plain)
        return j;
    markup_write(&html, tree, MARKUP_HTML);
    json_object_set_new(j, "format", json_string("org.matrix.custom.html"));
    json_object_set_new(j, "formatted_body", json_from_str(str_trim(buf_str(&html))));
    return j;
}

static json_t *file_content(const struct outgoing *m, str mxc)
{
    str name = m->name.len ? m->name : S("file");
    char type[16];

    snprintf(type, sizeof type, "m.%s", hook_type_of(m->mime));
    return json_pack("{s:s, s:o, s:o, s:o, s:{s:o, s:I}}", "msgtype", type, "body", json_from_str(str_trim(m->text).len ? m->text : name),
                     "filename", json_from_str(name), "url", json_from_str(mxc), "info", "mimetype", json_from_str(m->mime), "size",
                     (json_int_t)m->bytes.len);
}

/* What shows an edit as one; who cannot, sees its beginning. */
static json_t *edit_of(struct arena *a, const struct outgoing *m)
{
    json_t *content = text_content(a, m);
    str body = json_text_str(content, "body"), begin = utf8_take(body, FALLBACK_MAX);
    str shown = str_from(arena_printf(a, "* %.*s%s", STR(begin), begin.len < body.len ? "…" : ""));

    return json_pack("{s:s, s:o, s:o, s:{s:s, s:o}}", "msgtype", "m.text", "body", json_from_str(shown), "m.new_content", content,
                     "m.relates_to", "rel_type", "m.replace", "event_id", json_from_str(m->remote_id));
}

/* In a conversation of two every message answers the one before it: saying so would only be noise. */
static json_t *relation_of(const struct outgoing *m, str room)
{
    bool answers = m->reply_to.len && str_starts(m->reply_to, S("$")) && !matrix_room_known_direct(room);
    json_t *j = NULL;

    if (m->thread_id.len)
        j = json_pack("{s:s, s:o, s:b}", "rel_type", "m.thread", "event_id", json_from_str(m->thread_id), "is_falling_back", 1);
    else if (answers)
        j = json_object();
    if (j)
        json_object_set_new(j, "m.in_reply_to", json_pack("{s:o}", "event_id", json_from_str(answers ? m->reply_to : m->thread_id)));
    return j;
}

enum err matrix_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    size_t space = str_find_char(m->prepared, ' ');
    str room = str_take(m->prepared, space);
    json_t *relation;

    if (!room.len)
        return failed(ERR_BUG, "a message for Matrix was not prepared");
    if (!m->blob.len && !str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    j = m->blob.len ? file_content(m, str_skip(m->prepared, room.len + 1)) : m->remote_id.len ? edit_of(a, m) : text_content(a, m);
    if (!m->remote_id.len && (relation = relation_of(m, room)))
        json_object_set_new(j, "m.relates_to", relation);
    str path = matrix_path(a, "/_matrix/client/v3/rooms/", room, "/send/m.room.message/", platform_send_id(a, m));

    return matrix_request(a, &(struct platform_call){ .method = "PUT", .url = path.p, .body = j }, out);
}

enum err matrix_encode_typing(struct arena *a, str chat_id, str thread_id UNUSED, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:b, s:i}", "typing", 1, "timeout", TYPING_MS);
    struct matrix_bot bot;

    if (!matrix_bot_now(&bot))
        return failed(ERR_REMOTE, "there is no login yet");
    str path = matrix_path(a, "/_matrix/client/v3/rooms/", chat_id, "/typing/", bot.user_id);

    return matrix_request(a, &(struct platform_call){ .method = "PUT", .url = path.p, .body = j }, out);
}

enum err matrix_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(r->body, &j))
        j = NULL;
    enum err e = matrix_result(r, j, out);

    if (e == ERR_AUTH && matrix_may_login_again()) {
        matrix_forget_login();
        out->again = true;
    }
    TRY(e);
    out->remote_id = arena_str(a, json_text_str(j, "event_id"));
    return OK;
}
