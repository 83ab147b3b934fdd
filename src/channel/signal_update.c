// SPDX-License-Identifier: Apache-2.0
/* What comes in: an event to a message.  Offsets of mentions count UTF-16 units; texts here are UTF-8. */
#include "base/utf8.h"
#include "channel/hook.h"
#include "channel/signal.h"

enum { MENTIONS_MAX = 100, NAME_BYTES_MAX = 255, FILE_ID_MAX = 255 };

/* How Signal itself sends what is longer than a message. */
#define LONG_TEXT "text/x-signal-plain"

struct mention { int64_t start, length; bool us; str name; };

static bool is_us(const struct signal_self *self, str uuid, str number)
{
    return (uuid.len && str_eq_nocase(uuid, self->uuid)) || (number.len && str_eq(number, self->number));
}

/* ---- text ---- */

static size_t read_mentions(const json_t *data, const struct signal_self *self, struct mention *out)
{
    const json_t *e;
    size_t n = 0, i;

    json_array_foreach(json_at(data, "mentions"), i, e) {
        str uuid = json_text_str(e, "uuid"), number = json_text_str(e, "number"), name = json_text_str(e, "name");
        struct mention m = { json_int(e, "start", -1), json_int(e, "length", 0), is_us(self, uuid, number),
                             name.len ? name : number.len ? number : uuid };

        if (m.start >= 0 && m.start < MESSAGE_TEXT_MAX && m.length > 0 && m.length < MESSAGE_TEXT_MAX && n < MENTIONS_MAX)
            out[n++] = m;
    }
    return n;
}

static const struct mention *mention_at(const struct mention *m, size_t n, int64_t at)
{
    for (size_t i = 0; i < n; i++)
        if (m[i].start == at)
            return &m[i];
    return NULL;
}

/* A character at the start, and the units it takes. */
static size_t next_char(str text, int64_t *units)
{
    uint32_t ch = 0;
    size_t n = utf8_next(text, &ch);

    *units += ch > 0xffff ? 2 : 1;
    return n ? n : 1;
}

/* In the place of a mention stands U+FFFC: ours is left out, another's name is written. */
static str text_of(struct arena *a, const json_t *data, const struct signal_self *self, bool *ret_mentioned)
{
    CLEANUP(buf_done) struct buf b = {0};
    struct mention mentions[MENTIONS_MAX];
    size_t n = read_mentions(data, self, mentions);
    str text = utf8_take(json_text_str(data, "message"), MESSAGE_TEXT_MAX);
    int64_t at = 0;

    *ret_mentioned = false;
    while (text.len) {
        const struct mention *m = mention_at(mentions, n, at);
        int64_t end = m ? m->start + m->length : at + 1;

        if (m && !m->us)
            buf_addf(&b, "@%.*s", STR(str_take(m->name, NAME_BYTES_MAX)));
        *ret_mentioned |= m && m->us;
        while (text.len && at < end) {
            size_t len = next_char(text, &at);

            if (!m)
                buf_add(&b, str_take(text, len));
            text = str_skip(text, len);
        }
    }
    return arena_str(a, utf8_take(str_trim(buf_str(&b)), MESSAGE_TEXT_MAX));
}

static bool is_command(str text)
{
    return text.len > 1 && text.p[0] == '/' && ((text.p[1] >= 'a' && text.p[1] <= 'z') || (text.p[1] >= 'A' && text.p[1] <= 'Z'));
}

/* ---- files ---- */

static void add_files(struct arena *a, struct hook_message *out, const json_t *data)
{
    const json_t *f;
    size_t i;

    json_array_foreach(json_at(data, "attachments"), i, f) {
        str id = json_text_str(f, "id"), name = utf8_take(json_text_str(f, "filename"), NAME_BYTES_MAX);
        str mime = utf8_take(json_text_str(f, "contentType"), NAME_BYTES_MAX);
        bool text = str_eq(mime, S(LONG_TEXT));

        if (out->n_files == INCOMING_FILES_MAX || !id.len || id.len > FILE_ID_MAX)
            continue;
        out->files[out->n_files++] = (struct incoming_file){
            .type = hook_type_of(mime), .id = arena_str(a, id), .mime = text ? S("text/plain") : arena_str(a, mime),
            .name = text ? S("message.txt") : arena_str(a, name), .size = json_int(f, "size", -1),
        };
    }
}

/* ---- the message ---- */

/* Ours is known by its timestamp alone, which is what sending it told. */
static str quoted(struct arena *a, const json_t *data, const struct signal_self *self, bool *ret_ours)
{
    str uuid = json_text_str(data, "quote.authorUuid"), number = json_text_str(data, "quote.authorNumber");
    long long at = (long long)json_int(data, "quote.id", 0);

    *ret_ours = is_us(self, uuid, number) || is_us(self, S(""), json_text_str(data, "quote.author"));
    if (at <= 0)
        return S("");
    return str_from(*ret_ours ? arena_printf(a, "%lld", at) : arena_printf(a, "%.*s:%lld", STR(uuid.len ? uuid : number), at));
}

/* Said, rather than done: no reaction, no deletion, no change of the group. */
static bool is_said(const json_t *data)
{
    static const char *const marks[] = { "reaction", "remoteDelete", "adminDelete", "storyContext", "pollVote", "pollTerminate",
                                         "pinMessage", "unpinMessage" };

    for (size_t i = 0; i < N_ELEMENTS(marks); i++)
        if (json_at(data, marks[i]))
            return false;
    return !json_flag(data, "isExpirationUpdate") && !str_eq(json_text_str(data, "groupInfo.type"), S("UPDATE"));
}

static enum err fill(struct arena *a, const json_t *envelope, const json_t *data, struct hook_message *out)
{
    str uuid = json_text_str(envelope, "sourceUuid"), number = json_text_str(envelope, "sourceNumber");
    str group = json_text_str(data, "groupInfo.groupId"), user = uuid_valid(uuid) ? uuid : number;
    int64_t at = json_int(data, "timestamp", json_int(envelope, "timestamp", 0));

    if (at <= 0 || (!uuid_valid(user) && !signal_is_number(user)) || (group.len && !signal_is_group(group)))
        return failed(ERR_INPUT, "signal-cli sent a message without its time, sender or group");
    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("signal"), .agent = S(""), .thread_id = S(""), .reply_to = S(""), .text = S(""),
        .external_id = str_from(arena_printf(a, "%.*s:%lld", STR(user), (long long)at)), .user_id = arena_str(a, user),
        .chat_id = arena_str(a, group.len ? group : user), .chat_type = group.len ? S("group") : S("private"),
        .user_name = arena_str(a, utf8_take(json_text_str(envelope, "sourceName"), NAME_BYTES_MAX)), .created_at = at,
    };
    return OK;
}

enum err signal_decode(struct arena *a, const json_t *event, const struct signal_self *self, struct hook_message *out,
                       bool *ret_wanted)
{
    const json_t *envelope = json_at(event, "envelope"), *data = json_at(envelope, "dataMessage");
    bool mentioned, ours;

    *ret_wanted = false;
    *out = (struct hook_message){0};
    if (!json_is_object(envelope))
        return failed(ERR_INPUT, "signal-cli sent an event without an envelope");
    if (!json_is_object(data) || !is_said(data) || is_us(self, json_text_str(envelope, "sourceUuid"),
                                                         json_text_str(envelope, "sourceNumber")))
        return OK;
    TRY(fill(a, envelope, data, out));
    if (!json_flag(data, "viewOnce"))       /* meant not to be kept */
        add_files(a, out, data);
    out->message.text = text_of(a, data, self, &mentioned);
    out->message.reply_to = quoted(a, data, self, &ours);
    out->message.overheard = json_at(data, "groupInfo") && !mentioned && !ours && !is_command(out->message.text);
    *ret_wanted = out->message.text.len || out->n_files;
    return OK;
}
