// SPDX-License-Identifier: Apache-2.0
/* What goes out: messages, edits, buttons, files. */
#include <string.h>

#include "channel/markup.h"
#include "channel/markup_marks.h"
#include "channel/slack.h"
#include "config/config.h"

enum { LABEL_MAX = 75, VALUE_MAX = 2000, UPLOAD_TIMEOUT_MS = 50 * 1000 };      /* docs.slack.dev, block elements: button */

/* Without markup < & > still mean something to Slack. */
static void add_escaped(struct buf *b, str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '&')
            buf_add(b, S("&amp;"));
        else if (text.p[i] == '<')
            buf_add(b, S("&lt;"));
        else if (text.p[i] == '>')
            buf_add(b, S("&gt;"));
        else
            buf_add_char(b, text.p[i]);
    }
}

static void add_text(struct arena *a, struct buf *b, const struct outgoing *m)
{
    CLEANUP(buf_done) struct buf plain = {0};
    size_t from = b->len;

    if (!m->plain) {
        markup_write(b, markup_parse(a, m->text), MARKUP_SLACK);
        return;
    }
    markup_to_plain(&plain, markup_parse(a, m->text));
    add_escaped(b, buf_str(&plain));
    markup_without_mentions(b, from, markup_marks(MARKUP_SLACK));
}

/* By characters, so that none is cut. */
static str shortened(str text, size_t characters)
{
    size_t at = 0;

    while (at < text.len && (characters || ((unsigned char)text.p[at] & 0xc0) == 0x80)) {
        if (((unsigned char)text.p[at] & 0xc0) != 0x80)
            characters--;
        at++;
    }
    return str_take(text, at);
}

static json_t *button(const json_t *choice, size_t i)
{
    char id[32];
    str label = shortened(json_text_str(choice, "label"), LABEL_MAX), reply = json_text_str(choice, "reply");

    snprintf(id, sizeof id, "choice_%zu", i);
    return json_pack("{s:s, s:s, s:{s:s, s:o, s:b}, s:o}", "type", "button", "action_id", id, "text", "type", "plain_text", "text",
                     json_from_str(label), "emoji", 0, "value", json_from_str(reply));
}

/* The text as a section, the choices under it.  A reply too long for a button is for the keyboard. */
static json_t *blocks_of(str text, const json_t *choices)
{
    json_t *buttons = json_array();
    const json_t *c;
    size_t i;

    json_array_foreach(choices, i, c)
        if (json_array_size(buttons) < SLACK_CHOICES_MAX && json_text_str(c, "label").len && json_text_str(c, "reply").len
            && json_text_str(c, "reply").len <= VALUE_MAX)
            json_array_append_new(buttons, button(c, i));
    if (!json_array_size(buttons)) {
        json_decref(buttons);
        return NULL;
    }
    return json_pack("[{s:s, s:{s:s, s:o}}, {s:s, s:o}]", "type", "section", "text", "type", "mrkdwn", "text", json_from_str(text),
                     "type", "actions", "elements", buttons);
}

/* Our ids are "C123:1355517523.000005"; where a message was sent to a person, only the id knows the conversation. */
static void set_target(json_t *j, const struct outgoing *m)
{
    str conversation = m->chat_id, ts;

    if (m->remote_id.len) {
        slack_split_id(m->remote_id, &conversation, &ts);
        json_object_set_new(j, "ts", json_from_str(ts));
    } else if (m->thread_id.len) {
        json_object_set_new(j, "thread_ts", json_from_str(m->thread_id));
    }
    json_object_set_new(j, "channel", json_from_str(conversation.len ? conversation : m->chat_id));
}

static enum err encode_text(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = json_object();
    CLEANUP(buf_done) struct buf text = {0};
    json_t *blocks;

    if (!str_trim(m->text).len)
        return failed(ERR_INPUT, "there is nothing to send");
    add_text(a, &text, m);
    set_target(j, m);
    json_object_set_new(j, "text", json_from_str(str_trim(buf_str(&text))));
    json_object_set_new(j, "mrkdwn", json_boolean(!m->plain));
    json_object_set_new(j, "unfurl_links", json_false());
    json_object_set_new(j, "unfurl_media", json_false());
    if (!m->plain && (blocks = blocks_of(str_trim(buf_str(&text)), m->choices)))
        json_object_set_new(j, "blocks", blocks);
    slack_request(a, &(struct slack_call){ .method = m->remote_id.len ? "chat.update" : "chat.postMessage", .body = j }, out);
    return OK;
}

/* The file is there already; this shows it.  prepared: "FILE_ID CONVERSATION" (see slack_prepare). */
static enum err encode_file(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(buf_done) struct buf text = {0};
    size_t space = str_find_char(m->prepared, ' ');

    if (space == STR_NONE)
        return failed(ERR_BUG, "a file for Slack was not uploaded");
    j = json_pack("{s:[{s:o, s:o}], s:o}", "files", "id", json_from_str(str_take(m->prepared, space)), "title",
                  json_from_str(m->name.len ? m->name : S("file")), "channel_id", json_from_str(str_skip(m->prepared, space + 1)));
    if (m->thread_id.len)
        json_object_set_new(j, "thread_ts", json_from_str(m->thread_id));
    if (str_trim(m->text).len) {
        add_text(a, &text, m);
        json_object_set_new(j, "initial_comment", json_from_str(str_trim(buf_str(&text))));
    }
    slack_request(a, &(struct slack_call){ .method = "files.completeUploadExternal", .body = j }, out);
    return OK;
}

enum err slack_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    return m->blob.len ? encode_file(a, m, out) : encode_text(a, m, out);
}

/* ---- uploads ---- */

static enum err upload(struct arena *a, const char *url, const struct outgoing *m) AWAITS
{
    struct http_response answer;

    TRY(platform_fetch(a, &(struct platform_call){ .platform = "Slack", .method = "POST", .url = url, .raw = m->bytes.p ? m->bytes : S(""),
                                                   .raw_type = "application/octet-stream", .timeout_ms = UPLOAD_TIMEOUT_MS },
                       &answer, NULL));
    return platform_error("Slack", answer.status, S("the file was not taken"));
}

enum err slack_prepare(struct arena *a, struct outgoing *m)
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    str conversation;

    if (!m->blob.len)
        return OK;
    TRY(slack_conversation(a, m->chat_id, &conversation));      /* files go to no name and no person */
    platform_add_pair(&fields, "filename", m->name.len ? m->name : S("file"));
    platform_add_pair(&fields, "length", str_from(arena_printf(a, "%zu", m->bytes.len)));
    TRY(slack_call(a, &(struct slack_call){ .method = "files.getUploadURLExternal", .fields = &fields }, &j));
    TRY(upload(a, json_text(j, "upload_url"), m));
    m->prepared = str_from(arena_printf(a, "%s %.*s", json_text(j, "file_id"), STR(conversation)));
    return OK;
}

/* ---- answers ---- */

enum err slack_decode_sent(struct arena *a, const struct http_response *r, struct sent *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(r->body, &j))
        j = NULL;
    TRY(slack_result("the message", r, j, out));
    if (json_text_str(j, "ts").len)
        out->remote_id = str_from(arena_printf(a, "%s:%s", json_text(j, "channel"), json_text(j, "ts")));
    else
        out->remote_id = arena_str(a, json_text_str(j, "files.0.id"));
    return OK;
}
