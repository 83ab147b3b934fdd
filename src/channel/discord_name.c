// SPDX-License-Identifier: Apache-2.0
/* Channels and people by name.  Names are a server's own, so each server that the bot is in is asked. */
#include "channel/discord.h"

#include "base/utf8.h"
#include "config/config.h"
#include "net/url.h"

enum { GUILDS_MAX = 200, CHANNEL_TEXT = 0, CHANNEL_NEWS = 5 };

static bool is_number(str s)
{
    uint64_t n;

    return s.len < DISCORD_ID_SIZE && str_u64(s, &n) == OK;
}

/* Those of the settings, else all that the bot is in. */
static enum err guilds(struct arena *a, str *ids, size_t *ret_n) AWAITS
{
    struct string_list set = config_now()->platforms_discord_guild_ids;
    CLEANUP(json_decrefp) json_t *list = NULL;
    const json_t *guild;
    size_t i;

    *ret_n = 0;
    for (i = 0; i < set.n && i < GUILDS_MAX; i++)
        ids[(*ret_n)++] = str_from(set.items[i]);
    if (set.n)
        return OK;
    TRY(discord_call(a, "GET", "/users/@me/guilds", NULL, &list));
    json_array_foreach(list, i, guild)
        if (*ret_n < GUILDS_MAX && is_number(json_text_str(guild, "id")))
            ids[(*ret_n)++] = arena_str(a, json_text_str(guild, "id"));
    return OK;
}

static bool is_named(const json_t *j, str name)
{
    int64_t type = json_int(j, "type", -1);

    return (type == CHANNEL_TEXT || type == CHANNEL_NEWS) && str_eq_nocase(json_text_str(j, "name"), name);
}

static bool is_called(const json_t *j, str name)
{
    return str_eq_nocase(json_text_str(j, "user.username"), name) || str_eq_nocase(json_text_str(j, "user.global_name"), name)
           || str_eq_nocase(json_text_str(j, "nick"), name);
}

/* path: of a guild, with its id in it.  Every hit has to be the same: what is found is an id under `id_path`. */
static enum err find(struct arena *a, const char *path, bool (*fits)(const json_t *, str), const char *id_path, str name, str *found) AWAITS
{
    CLEANUP(json_decrefp) json_t *list = NULL;
    enum err e = discord_call(a, "GET", path, NULL, &list);
    const json_t *one;
    size_t i;

    if (e == ERR_NOT_FOUND)     /* a server that the bot has left */
        return OK;
    TRY(e);
    json_array_foreach(list, i, one) {
        str id = json_text_str(one, id_path);

        if (!is_number(id) || !fits(one, name))
            continue;
        if (found->len && !str_eq(*found, id))
            return failed(ERR_CONFLICT, "several on Discord are called %.*s: %.*s and %.*s; say the id", STR(name), STR(*found), STR(id));
        *found = arena_str(a, id);
    }
    return OK;
}

static enum err find_channel(struct arena *a, str name, str *out) AWAITS
{
    str *ids = arena_alloc(a, GUILDS_MAX * sizeof *ids), found = S("");
    size_t n;

    TRY(guilds(a, ids, &n));
    for (size_t i = 0; i < n; i++)
        TRY(find(a, arena_printf(a, "/guilds/%.*s/channels", STR(ids[i])), is_named, "id", name, &found));
    if (!found.len)
        return failed(ERR_NOT_FOUND, "the bot sees no channel #%.*s on Discord", STR(name));
    *out = found;
    return OK;
}

static enum err find_person(struct arena *a, str name, str *out) AWAITS
{
    CLEANUP(buf_done) struct buf query = {0};
    str *ids = arena_alloc(a, GUILDS_MAX * sizeof *ids), found = S("");
    size_t n;

    url_add_encoded(&query, name);
    TRY(guilds(a, ids, &n));
    for (size_t i = 0; i < n; i++)
        TRY(find(a, arena_printf(a, "/guilds/%.*s/members/search?limit=100&query=%s", STR(ids[i]), buf_c(&query)), is_called, "user.id",
                 name, &found));
    if (!found.len)
        return failed(ERR_NOT_FOUND, "nobody on the bot's Discord servers is called %.*s", STR(name));
    *out = found;
    return OK;
}

static enum err open_direct(struct arena *a, str user, str *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o}", "recipient_id", json_from_str(user));
    CLEANUP(json_decrefp) json_t *j = NULL;

    TRY(discord_call(a, "POST", "/users/@me/channels", body, &j));
    *out = arena_str(a, json_text_str(j, "id"));
    return out->len ? OK : failed(ERR_REMOTE, "Discord opens no conversation with %.*s", STR(user));
}

enum err discord_resolve(struct arena *a, str name, str *ret_chat_id)
{
    str who = name;

    if (str_eat(&name, S("#")))
        return find_channel(a, utf8_take(name, 100), ret_chat_id);
    if (str_eat(&who, S("@"))) {
        if (!is_number(who))
            TRY(find_person(a, utf8_take(who, 100), &who));
        return open_direct(a, who, ret_chat_id);
    }
    *ret_chat_id = name;
    return is_number(name) ? OK : failed(ERR_NOT_FOUND, "\"%.*s\" is no id of Discord's", STR(utf8_take(name, 100)));
}
