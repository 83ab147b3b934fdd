// SPDX-License-Identifier: Apache-2.0
/* What comes in: an update to a message.  Offsets in entities count UTF-16 units; texts here are UTF-8. */
#include <string.h>

#include "base/utf8.h"
#include "channel/telegram.h"
#include "runtime/clock.h"

enum { ENTITIES_MAX = 200, NAME_BYTES_MAX = 255 };

struct span { size_t from, to; const char *type; const json_t *json; };     /* bytes of the text */

/* ---- entities ---- */

static size_t byte_at(str text, int64_t units)
{
    size_t at = 0, n;
    uint32_t ch;

    while (units > 0 && (n = utf8_next(str_skip(text, at), &ch))) {
        units -= ch > 0xffff ? 2 : 1;
        at += n;
    }
    return at;
}

static size_t read_spans(const json_t *entities, str text, struct span *out)
{
    size_t n = 0, i;
    const json_t *e;

    json_array_foreach(entities, i, e) {
        int64_t offset = json_int(e, "offset", -1), length = json_int(e, "length", -1);

        if (offset < 0 || length <= 0 || n == ENTITIES_MAX)
            continue;
        out[n] = (struct span){ byte_at(text, offset), 0, json_text(e, "type"), e };
        out[n].to = out[n].from + byte_at(str_skip(text, out[n].from), length);
        n++;
    }
    return n;
}

static str span_text(str text, const struct span *s)
{
    return str_cut(text, s->from, s->to);
}

static bool is(const struct span *s, const char *type)
{
    return strcmp(s->type, type) == 0;
}

static bool names_bot(str at_name, const struct telegram_bot *bot)
{
    return str_eat(&at_name, S("@")) && bot->username.len && str_eq_nocase(at_name, bot->username);
}

/* "/start@bot": the name in a command; "" if there is none. */
static str command_target(str command)
{
    size_t at = str_find_char(command, '@');

    return at == STR_NONE ? S("") : str_skip(command, at);
}

/* Which part of the text only says "you, bot": it is left out. */
static str address_of(str text, const struct span *s, const struct telegram_bot *bot)
{
    str part = span_text(text, s);

    if (is(s, "mention") && names_bot(part, bot))
        return part;
    if (is(s, "text_mention") && json_int(s->json, "user.id", 0) == bot->id)
        return part;
    if (is(s, "bot_command") && names_bot(command_target(part), bot))
        return command_target(part);
    return NO_STR;
}

static void add_code(struct buf *b, str code)
{
    str mark = str_find_char(code, '`') == STR_NONE ? S("`") : S("``");

    buf_addf(b, "%.*s%s%.*s%s%.*s", STR(mark), mark.len > 1 ? " " : "", STR(code), mark.len > 1 ? " " : "", STR(mark));
}

/* Code and links keep their meaning as Markdown; other formatting is for the eye. */
static bool add_marked(struct buf *b, str text, const struct span *s)
{
    str part = span_text(text, s);

    if (is(s, "code"))
        add_code(b, part);
    else if (is(s, "pre"))
        buf_addf(b, "\n```%s\n%.*s\n```\n", json_text(s->json, "language"), STR(part));
    else if (is(s, "text_link"))
        buf_addf(b, "[%.*s](%s)", STR(part), json_text(s->json, "url"));
    else
        return false;
    return true;
}

static str marked_text(struct arena *a, str text, const struct span *spans, size_t n, const struct telegram_bot *bot)
{
    CLEANUP(buf_done) struct buf b = {0};
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {        /* Telegram sorts entities by offset */
        str address = address_of(text, &spans[i], bot);
        size_t from = address.p ? (size_t)(address.p - text.p) : spans[i].from;

        if (from < at)
            continue;                       /* nested in what is written already */
        buf_add(&b, str_cut(text, at, from));
        at = from;
        if (address.p || add_marked(&b, text, &spans[i]))
            at = spans[i].to;
    }
    buf_add(&b, str_skip(text, at));
    return arena_str(a, str_trim(buf_str(&b)));
}

/* ---- files ---- */

static void add_file(struct telegram_message *m, const char *type, const json_t *file, str name, str mime)
{
    if (m->n_files == TELEGRAM_FILES_MAX || !json_text_str(file, "file_id").len)
        return;
    m->files[m->n_files] = (struct incoming_file){
        .type = type, .id = json_text_str(file, "file_id"), .name = name, .mime = mime, .size = json_int(file, "file_size", -1),
    };
    m->n_files++;
}

static void add_photo(struct telegram_message *m, const json_t *sizes, int64_t max_file)
{
    const json_t *size, *best = NULL;
    size_t i;

    json_array_foreach(sizes, i, size) {
        bool fits = json_int(size, "file_size", 0) <= max_file;
        if (fits && (!best || json_int(size, "width", 0) >= json_int(best, "width", 0)))
            best = size;
    }
    if (best)
        add_file(m, "image", best, S("photo.jpg"), S("image/jpeg"));
}

static void add_files(struct telegram_message *m, const json_t *j, int64_t max_file)
{
    static const struct { const char *key, *type, *name, *mime; } kinds[] = {
        { "document", "file", "document", "application/octet-stream" },
        { "audio", "audio", "audio.mp3", "audio/mpeg" },
        { "voice", "audio", "voice.ogg", "audio/ogg" },
        { "video", "video", "video.mp4", "video/mp4" },
        { "video_note", "video", "video.mp4", "video/mp4" },
    };

    add_photo(m, json_object_get(j, "photo"), max_file);
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        const json_t *file = json_object_get(j, kinds[i].key);
        str name = json_text_str(file, "file_name"), mime = json_text_str(file, "mime_type");
        bool image = str_starts(mime, S("image/"));

        if (json_is_object(file))
            add_file(m, image ? "image" : kinds[i].type, file,
                     name.len ? utf8_take(name, NAME_BYTES_MAX) : str_from(kinds[i].name),
                     mime.len ? utf8_take(mime, NAME_BYTES_MAX) : str_from(kinds[i].mime));
    }
}

/* ---- the message ---- */

static bool is_private(const json_t *j)
{
    return str_eq(str_from(json_text(j, "chat.type")), S("private"));
}

static bool is_group(const json_t *j)
{
    str type = str_from(json_text(j, "chat.type"));

    return str_eq(type, S("group")) || str_eq(type, S("supergroup"));
}

/* "/start@other_bot" */
static bool is_for_another(str text, const struct span *spans, size_t n, const struct telegram_bot *bot)
{
    for (size_t i = 0; i < n; i++)
        if (is(&spans[i], "bot_command") && command_target(span_text(text, &spans[i])).len && !address_of(text, &spans[i], bot).p)
            return true;
    return false;
}

/* In groups: who mentions the bot, answers it, or gives it a command by name. */
static bool is_addressed(const json_t *j, str text, const struct span *spans, size_t n, const struct telegram_bot *bot)
{
    if (is_private(j))
        return true;
    if (json_int(j, "reply_to_message.from.id", 0) == bot->id)
        return true;
    for (size_t i = 0; i < n; i++)
        if (address_of(text, &spans[i], bot).p)
            return true;
    return false;
}

static str number(struct arena *a, int64_t n)
{
    return str_from(arena_printf(a, "%lld", (long long)n));
}

static str message_id(struct arena *a, const json_t *j)
{
    return str_from(arena_printf(a, "%lld:%lld", (long long)json_int(j, "chat.id", 0), (long long)json_int(j, "message_id", 0)));
}

static str user_name(struct arena *a, const json_t *from)
{
    str first = json_text_str(from, "first_name"), last = json_text_str(from, "last_name");

    if (!first.len && !last.len)
        return arena_str(a, json_text_str(from, "username"));
    return str_trim(str_from(arena_printf(a, "%.*s %.*s", STR(first), STR(last))));
}

static void copy_strings(struct arena *a, struct telegram_message *m)
{
    for (size_t i = 0; i < m->n_files; i++) {
        m->files[i].id = arena_str(a, m->files[i].id);
        m->files[i].name = arena_str(a, m->files[i].name);
        m->files[i].mime = arena_str(a, m->files[i].mime);
    }
}

static void fill(struct arena *a, const json_t *j, struct telegram_message *m, str text)
{
    const json_t *answered = json_object_get(j, "reply_to_message");

    m->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("telegram"), .agent = S(""), .chat_type = is_private(j) ? S("private") : S("group"),
        .external_id = message_id(a, j), .chat_id = number(a, json_int(j, "chat.id", 0)),
        .thread_id = json_flag(j, "is_topic_message") ? number(a, json_int(j, "message_thread_id", 0)) : S(""),
        .user_id = number(a, json_int(j, "from.id", 0)), .user_name = user_name(a, json_object_get(j, "from")),
        .text = text, .created_at = json_int(j, "date", 0) * 1000,
        .reply_to = json_is_object(answered) && json_int(answered, "message_id", 0) ? message_id(a, answered) : S(""),
    };
    copy_strings(a, m);
}

/* Buttons stand under our own messages only, so whoever presses one talks to us. */
static bool take_pressed(struct arena *a, const json_t *pressed, struct telegram_message *out)
{
    const json_t *under = json_object_get(pressed, "message");
    str id = json_text_str(pressed, "id"), data = json_text_str(pressed, "data");

    if (!id.len || !data.len || !json_int(pressed, "from.id", 0) || json_flag(pressed, "from.is_bot") || !json_int(under, "chat.id", 0))
        return false;
    fill(a, under, out, arena_str(a, data));
    out->callback = arena_str(a, id);
    out->message.external_id = str_from(arena_printf(a, "callback:%.*s", STR(id)));
    out->message.user_id = number(a, json_int(pressed, "from.id", 0));
    out->message.user_name = user_name(a, json_object_get(pressed, "from"));
    out->message.reply_to = message_id(a, under);
    out->message.created_at = clock_wall_ms();      /* Telegram does not say when */
    return true;
}

enum err telegram_decode(struct arena *a, const json_t *update, const struct telegram_bot *bot, int64_t max_file,
                         struct telegram_message *out, bool *ret_wanted)
{
    const json_t *j = json_object_get(update, "message");
    struct span *spans = arena_alloc(a, ENTITIES_MAX * sizeof *spans);
    bool caption = json_is_string(json_object_get(j, "caption"));
    str text = json_text_str(j, caption ? "caption" : "text");
    size_t n = read_spans(json_object_get(j, caption ? "caption_entities" : "entities"), text, spans);
    bool from_person = json_int(j, "from.id", 0) && !json_flag(j, "from.is_bot");

    if (!json_is_object(update) || !json_is_integer(json_object_get(update, "update_id")))
        return failed(ERR_INPUT, "Telegram sent something that is not an update");
    *out = (struct telegram_message){0};
    if (json_at(update, "callback_query")) {
        *ret_wanted = take_pressed(a, json_at(update, "callback_query"), out);
        return OK;
    }
    add_files(out, j, max_file < TELEGRAM_FILE_BYTES_MAX ? max_file : TELEGRAM_FILE_BYTES_MAX);
    *ret_wanted = from_person && json_int(j, "message_id", 0) && (text.len || out->n_files)
                  && (is_private(j) || is_group(j));
    if (!*ret_wanted)
        return OK;
    fill(a, j, out, marked_text(a, text, spans, n, bot));
    out->message.overheard = !is_addressed(j, text, spans, n, bot);
    *ret_wanted = !out->message.overheard || !is_for_another(text, spans, n, bot);
    return OK;
}
