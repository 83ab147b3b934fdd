// SPDX-License-Identifier: Apache-2.0
/* Where a reply goes that its platform will never take.  The rows that carry it elsewhere are made by the commit that marks its own
 * dead, and only if that had made none before; what they carry is never carried on. */
#include "base/log.h"
#include "channel/deliver_internal.h"
#include "channel/markup.h"
#include "channel/registry.h"
#include "channel/split.h"
#include "config/config.h"
#include "config/language.h"
#include "runtime/clock.h"

/* "[FROM=]PLATFORM:CHAT". */
static bool read_entry(str entry, str from, struct fallback *out)
{
    size_t equals = str_find_char(entry, '='), colon;

    if (equals != STR_NONE && str_find_char(str_take(entry, equals), ':') == STR_NONE) {
        if (!str_eq(str_trim(str_take(entry, equals)), from))
            return false;
        entry = str_skip(entry, equals + 1);
    }
    entry = str_trim(entry);
    if ((colon = str_find_char(entry, ':')) == STR_NONE || colon == 0 || colon + 1 == entry.len)
        return false;
    *out = (struct fallback){ .platform = str_take(entry, colon), .chat_id = str_skip(entry, colon + 1) };
    return true;
}

/* The first entry that fits; what dies there itself has nowhere to go. */
static bool find_fallback(str platform, str chat_id, struct fallback *out)
{
    const struct string_list *list = &config_now()->delivery_fallback;

    for (size_t i = 0; i < list->n; i++) {
        if (!read_entry(str_from(list->items[i]), platform, out))
            continue;
        out->channel = channel_find(out->platform);
        if (channel_sends(out->channel) && out->channel->configured())
            return !str_eq(out->platform, platform) || !str_eq(out->chat_id, chat_id);
        log_event(LOG_WARN, "deliver.no_fallback", F("platform", out->platform), F("error", "it is not configured"));
        return false;
    }
    return false;
}

static void add_row(struct batch *b, const struct dead_row *r, const struct fallback *to, int64_t part, str body)
{
    batch_add(b, "outbox.fall_back", "issisi", r->id, to->platform, to->chat_id, part, body, clock_wall_ms());
}

static void add_text(struct arena *a, struct batch *b, const struct dead_row *r, const struct fallback *to, str text, int64_t *part)
{
    CLEANUP(buf_done) struct buf whole = {0};
    bool chinese = language_is_chinese(text);
    struct pieces p;

    buf_addf(&whole, chinese ? "（原定发往 %.*s：" : "(For %.*s:", STR(r->platform));
    markup_add_literally(&whole, r->chat_id);
    buf_add(&whole, chinese ? S("，未能送达：") : S(", which did not take it: "));
    markup_add_literally(&whole, r->why);
    buf_addf(&whole, "%s\n\n%.*s", chinese ? "）" : ")", STR(text));
    split_for(a, buf_str(&whole), to->channel, &p);
    for (size_t i = 0; i < p.n; i++) {
        CLEANUP(json_decrefp) json_t *body = json_pack("{s:o, s:I}", "text", json_from_str(p.text[i]), "fallback_of", (json_int_t)r->id);

        add_row(b, r, to, (*part)++, json_print(a, body));
    }
}

static void add_file(struct arena *a, struct batch *b, const struct dead_row *r, const struct fallback *to, int64_t part)
{
    CLEANUP(json_decrefp) json_t *body = json_copy((json_t *)(uintptr_t)r->body);

    json_object_set_new(body, "fallback_of", json_integer(r->id));
    add_row(b, r, to, part, json_print(a, body));
}

bool deliver_add_fallback(struct arena *a, struct batch *b, const struct dead_row *r, struct fallback *out)
{
    bool file = json_text_str(r->body, "blob").len > 0;
    int64_t part = 0;

    if (!r->body || json_at(r->body, "fallback_of") || json_at(r->body, "fell_back") || !find_fallback(r->platform, r->chat_id, out))
        return false;
    add_text(a, b, r, out, file ? S("") : json_text_str(r->body, "text"), &part);
    if (file)
        add_file(a, b, r, out, part);
    batch_add(b, "outbox.fell_back", "i", r->id);
    out->platform = arena_str(a, out->platform);        /* a new configuration may come meanwhile */
    out->chat_id = arena_str(a, out->chat_id);
    log_event(LOG_INFO, "deliver.fell_back", F("row", r->id), F("platform", out->platform));
    return true;
}
