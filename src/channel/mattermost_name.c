// SPDX-License-Identifier: Apache-2.0
/* Channels and people by name.  A channel's name is its team's own, so each team that the bot is in is asked. */
#include "channel/mattermost.h"

#include "base/utf8.h"
#include "channel/platform_api.h"
#include "net/url.h"

static const char *path_with(struct arena *a, const char *begin, str middle, const char *end, str last)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_addf(&b, "%s", begin);
    url_add_encoded(&b, middle);
    buf_addf(&b, "%s", end);
    url_add_encoded(&b, last);
    return arena_c(a, buf_str(&b));
}

/* In one team; *found stays as it is where there is none. */
static enum err look_in(struct arena *a, const json_t *team, str name, str *found) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    enum err e = mattermost_get(a, path_with(a, "/teams/", json_text_str(team, "id"), "/channels/name/", name), &j);
    str id = json_text_str(j, "id");

    if (e == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    if (found->len && !str_eq(*found, id))
        return failed(ERR_CONFLICT, "several teams of Mattermost have a channel %.*s: say #TEAM/%.*s, or its id", STR(name), STR(name));
    *found = arena_str(a, id);
    return OK;
}

/* "alerts", or "team/alerts". */
static enum err find_channel(struct arena *a, str name, str *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *teams = NULL;
    size_t slash = str_find_char(name, '/'), i;
    str in = slash == STR_NONE ? S("") : str_take(name, slash), found = S("");
    const json_t *team;

    if (slash != STR_NONE)
        name = str_skip(name, slash + 1);
    TRY(mattermost_get(a, "/users/me/teams", &teams));
    json_array_foreach(teams, i, team)
        if (!in.len || str_eq_nocase(in, json_text_str(team, "name")) || str_eq_nocase(in, json_text_str(team, "display_name")))
            TRY(look_in(a, team, name, &found));
    if (!found.len)
        return failed(ERR_NOT_FOUND, "the bot sees no channel %.*s on Mattermost (its name is what stands in its address)", STR(name));
    *out = found;
    return OK;
}

static enum err find_person(struct arena *a, str name, str *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *us = NULL, *them = NULL, *pair = NULL, *j = NULL;
    enum err e = mattermost_get(a, path_with(a, "/users/username/", name, "", S("")), &them);

    if (e == ERR_NOT_FOUND || e == ERR_INPUT)
        return failed(ERR_NOT_FOUND, "Mattermost knows nobody called @%.*s", STR(name));
    TRY(e);
    TRY(mattermost_get(a, "/users/me", &us));
    pair = json_pack("[o,o]", json_from_str(json_text_str(us, "id")), json_from_str(json_text_str(them, "id")));
    TRY(platform_get(a, &(struct platform_call){ .platform = "Mattermost", .url = mattermost_url(a, "/channels/direct"), .body = pair,
                                                 .authorization = mattermost_authorization(a) }, &j));
    *out = arena_str(a, json_text_str(j, "id"));
    return OK;
}

enum err mattermost_resolve(struct arena *a, str name, str *ret_chat_id)
{
    if (str_eat(&name, S("#")) || str_eat(&name, S("~")))
        return find_channel(a, utf8_take(name, 200), ret_chat_id);
    if (str_eat(&name, S("@")))
        return find_person(a, utf8_take(name, 100), ret_chat_id);
    *ret_chat_id = name;
    return mattermost_is_id(name) ? OK : failed(ERR_NOT_FOUND, "\"%.*s\" is no id of Mattermost's", STR(utf8_take(name, 100)));
}
