// SPDX-License-Identifier: Apache-2.0
/* Groups by their name, people by their address or number. */
#include "base/utf8.h"
#include "channel/feishu.h"

enum { PAGES_MAX = 50 };

static enum err look_at_page(struct arena *a, str name, str *token, str *found) AWAITS
{
    CLEANUP(buf_done) struct buf path = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;
    const json_t *chat;
    size_t i;

    buf_addf(&path, "im/v1/chats?page_size=100");
    if (token->len)
        platform_add_pair(&path, "page_token", *token);
    TRY(feishu_call(a, &(struct platform_call){ .url = feishu_url(a, buf_c(&path)) }, &answer, &j));
    json_array_foreach(json_at(j, "data.items"), i, chat) {
        str id = json_text_str(chat, "chat_id");

        if (!str_eq_nocase(json_text_str(chat, "name"), name))
            continue;
        if (found->len && !str_eq(*found, id))
            return failed(ERR_CONFLICT, "several groups of Feishu are called %.*s: say the id (oc_...)", STR(name));
        *found = arena_str(a, id);
    }
    *token = json_flag(j, "data.has_more") ? arena_str(a, json_text_str(j, "data.page_token")) : S("");
    return OK;
}

static enum err find_group(struct arena *a, str name, str *out) AWAITS
{
    str token = S(""), found = S("");

    for (int page = 0; page < PAGES_MAX && (page == 0 || token.len); page++)
        TRY(look_at_page(a, name, &token, &found));
    if (!found.len)
        return failed(ERR_NOT_FOUND, "the bot is in no group of Feishu called %.*s", STR(name));
    *out = found;
    return OK;
}

static enum err find_person(struct arena *a, str who, str *out) AWAITS
{
    const char *kind = str_find_char(who, '@') == STR_NONE ? "mobiles" : "emails";
    CLEANUP(json_decrefp) json_t *ask = json_pack("{s:[o]}", kind, json_from_str(who));
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct http_response answer;

    TRY(feishu_call(a, &(struct platform_call){ .body = ask, .url = feishu_url(a, "contact/v3/users/batch_get_id?user_id_type=open_id") },
                    &answer, &j));
    *out = arena_str(a, json_text_str(j, "data.user_list.0.user_id"));
    return out->len ? OK : failed(ERR_NOT_FOUND, "Feishu knows nobody with %.*s", STR(who));
}

enum err feishu_resolve(struct arena *a, str name, str *ret_chat_id)
{
    if (str_eat(&name, S("#")))
        return find_group(a, utf8_take(name, 200), ret_chat_id);
    if (str_eat(&name, S("@")))
        return find_person(a, utf8_take(name, 200), ret_chat_id);
    *ret_chat_id = name;
    return str_starts(name, S("oc_")) || str_starts(name, S("ou_")) ? OK
           : failed(ERR_NOT_FOUND, "\"%.*s\" is no id of Feishu's", STR(utf8_take(name, 100)));
}
