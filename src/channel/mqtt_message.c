// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"
#include "channel/mqtt.h"
#include "net/signature.h"

enum { ID_BYTES_MAX = 200 };

/* Numbers are names too: sensors have them. */
static str said(struct arena *a, const json_t *payload, str pointer)
{
    const json_t *v = pointer.len ? json_pointer(payload, pointer) : NULL;

    if (json_is_integer(v))
        return str_from(arena_printf(a, "%lld", (long long)json_integer_value(v)));
    return json_is_string(v) ? arena_str(a, json_strval(v)) : S("");
}

static str first_of(str one, str two, str three)
{
    return one.len ? one : two.len ? two : three;
}

static bool matches(const struct mqtt_rules *r, str topic, str *ret_user, str *ret_chat)
{
    for (size_t i = 0; i < r->n_subscribe; i++)
        if (mqtt_match(str_from(r->subscribe[i]), topic, ret_user, ret_chat))
            return true;
    return false;
}

str mqtt_delivery(struct arena *a, const struct mqtt_publish *p, uint64_t session)
{
    CLEANUP(buf_done) struct buf b = {0};
    char one[UUID_SIZE];

    random_uuid(one);
    if (p->qos == 0)
        return arena_str(a, str_from(one));
    buf_add_hex(&b, str_take(sha256_of(a, (const str[]){ p->topic, S("\n"), p->payload }, 3), 12));
    return str_from(arena_printf(a, "%llu:%u:%s", (unsigned long long)session, p->id, buf_c(&b)));
}

void mqtt_decode(struct arena *a, const struct mqtt_publish *p, const struct mqtt_rules *r, str delivery, int64_t now_ms,
                 struct message *out, bool *ret_wanted)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    bool is_json = r->text.len || r->user.len || r->chat.len || r->id.len;
    str user, chat, id, text;

    *ret_wanted = false;
    if (p->retain || !matches(r, p->topic, &user, &chat) || (is_json && json_parse(p->payload, &j)))
        return;
    text = r->text.len ? said(a, j, r->text) : p->payload;
    user = first_of(said(a, j, r->user), user, first_of(said(a, j, r->chat), chat, p->topic));
    chat = first_of(said(a, j, r->chat), chat, user);
    id = said(a, j, r->id);
    if (!str_trim(text).len || !utf8_valid(text) || str_find_char(text, '\0') != STR_NONE || text.len > MESSAGE_TEXT_MAX)
        return;
    *out = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("mqtt"), .agent = S(""), .thread_id = S(""), .reply_to = S(""),
        .external_id = id.len ? str_from(arena_printf(a, "%.*s#%.*s", STR(utf8_take(p->topic, ID_BYTES_MAX)),
                                                      STR(utf8_take(id, ID_BYTES_MAX)))) : delivery,
        .chat_id = arena_str(a, utf8_take(chat, ID_BYTES_MAX)), .user_id = arena_str(a, utf8_take(user, ID_BYTES_MAX)),
        .user_name = arena_str(a, utf8_take(user, ID_BYTES_MAX)), .chat_type = S(""), .text = arena_str(a, text), .created_at = now_ms,
    };
    *ret_wanted = true;
}
