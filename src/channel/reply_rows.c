// SPDX-License-Identifier: Apache-2.0
#include "channel/reply_rows.h"

#include "base/log.h"
#include "channel/deliver_internal.h"
#include "channel/file_link.h"
#include "channel/registry.h"
#include "channel/split.h"
#include "config/config.h"

enum { NOTE_ROOM = 200, ROOM_FOR_NOTES = 600 };

static const char file_name[] = "reply.md", file_mime[] = "text/markdown";

static str text_body(struct arena *a, str text)
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o}", "text", json_from_str(text));

    return json_print(a, body);
}

/* The text that the file stands for is kept in its row: whoever reads a conversation reads on there. */
static str file_body(struct arena *a, str hash, const struct pieces *p)
{
    CLEANUP(buf_done) struct buf rest = {0};

    for (size_t i = 1; i < p->n; i++) {
        buf_add(&rest, S("\n\n"));
        buf_add(&rest, p->text[i]);
    }
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o, s:o, s:s, s:s}", "text", json_from_str(buf_str(&rest)), "blob",
                                                   json_from_str(hash), "name", file_name, "mime", file_mime);

    return json_print(a, body);
}

static bool file_arrives(const struct channel *channel, size_t size)
{
    struct outgoing file = { .chat_id = S(""), .name = str_from(file_name), .mime = str_from(file_mime) };

    return deliver_takes_file(channel, &file, size) || file_links_possible();
}

/* The beginning says that it is one, where there is room for saying it. */
static enum err make_file(struct arena *a, const struct channel *channel, str text, bool chinese, str out[2]) AWAITS
{
    size_t room = channel->text_max >= ROOM_FOR_NOTES ? NOTE_ROOM : 0;
    const char *note = chinese ? "（内容较长，这里只是开头，全文见文件 reply.md。）" : "(This is its beginning; all of it is in the file reply.md.)";
    struct pieces p;
    str hash;

    TRY(deliver_keep(a, text, str_from(file_name), str_from(file_mime), &hash));
    split_markdown(a, text, channel->markup, channel->unit, channel->text_max - room, &p);
    out[0] = text_body(a, room ? str_from(arena_printf(a, "%.*s\n\n%s", STR(p.text[0]), note)) : p.text[0]);
    out[1] = file_body(a, hash, &p);
    return OK;
}

enum err reply_rows_make(struct arena *a, const struct channel *channel, str text, bool chinese, struct reply_rows *out)
{
    uint64_t above = config_now()->delivery_file_above;
    struct pieces p = { 1, &text };

    if (channel_sends(channel))
        split_for(a, text, channel, &p);
    if (p.n == 0)       /* nothing that shows */
        p = (struct pieces){ 1, &text };
    str *body = arena_alloc(a, (p.n + 1) * sizeof *body);

    if (above && p.n > above && file_arrives(channel, text.len)) {
        enum err e = make_file(a, channel, text, chinese, body);

        *out = (struct reply_rows){ 2, body };
        if (e == OK || e == ERR_CANCELLED)
            return e;
        log_event(LOG_WARN, "deliver.no_file", F("platform", channel->name), F("error", failed_text()));
    }
    for (size_t i = 0; i < p.n; i++)
        body[i] = text_body(a, p.text[i]);
    *out = (struct reply_rows){ p.n, body };
    return OK;
}
