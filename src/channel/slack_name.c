// SPDX-License-Identifier: Apache-2.0
/* People by name: by their address, or as they are called. */
#include "base/utf8.h"
#include "channel/slack.h"

enum { PAGES_MAX = 50 };

static enum err by_address(struct arena *a, str address, str *out) AWAITS
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    platform_add_pair(&fields, "email", address);
    enum err e = slack_call(a, &(struct slack_call){ .method = "users.lookupByEmail", .fields = &fields, .patient = true }, &j);

    if (e == ERR_NOT_FOUND || e == ERR_INPUT)
        return failed(ERR_NOT_FOUND, "Slack knows nobody with the address %.*s", STR(address));
    TRY(e);
    *out = arena_str(a, json_text_str(j, "user.id"));
    return OK;
}

static bool is_called(const json_t *user, str name)
{
    static const char *const places[] = { "name", "profile.display_name", "profile.real_name" };

    for (size_t i = 0; i < N_ELEMENTS(places); i++)
        if (str_eq_nocase(json_text_str(user, places[i]), name))
            return !json_flag(user, "deleted") && !json_flag(user, "is_bot");
    return false;
}

static enum err look_at_page(struct arena *a, str name, str *cursor, str *found) AWAITS
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *user;
    size_t i;

    platform_add_pair(&fields, "limit", S("200"));
    if (cursor->len)
        platform_add_pair(&fields, "cursor", *cursor);
    TRY(slack_call(a, &(struct slack_call){ .method = "users.list", .fields = &fields, .patient = true }, &j));
    json_array_foreach(json_object_get(j, "members"), i, user) {
        str id = json_text_str(user, "id");

        if (!is_called(user, name))
            continue;
        if (found->len && !str_eq(*found, id))
            return failed(ERR_CONFLICT, "several people on Slack are called %.*s: say the address, or the id", STR(name));
        *found = arena_str(a, id);
    }
    *cursor = arena_str(a, json_text_str(j, "response_metadata.next_cursor"));
    return OK;
}

static enum err by_name(struct arena *a, str name, str *out) AWAITS
{
    str cursor = S(""), found = S("");

    for (int page = 0; page < PAGES_MAX && (page == 0 || cursor.len); page++)
        TRY(look_at_page(a, name, &cursor, &found));
    if (!found.len)
        return failed(ERR_NOT_FOUND, "nobody on Slack is called @%.*s", STR(name));
    *out = found;
    return OK;
}

enum err slack_resolve(struct arena *a, str name, str *ret_chat_id)
{
    str who = utf8_take(name, 200);

    if (!str_eat(&who, S("@")))
        return slack_conversation(a, name, ret_chat_id);
    if (str_find_char(who, '@') != STR_NONE)
        TRY(by_address(a, who, &who));
    else if (!slack_is_person(who))
        TRY(by_name(a, who, &who));
    return slack_conversation(a, who, ret_chat_id);
}
