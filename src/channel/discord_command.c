// SPDX-License-Identifier: Apache-2.0
/* Slash commands: what is registered, and which reply answers which of them. */
#include "channel/discord.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "channel/registry.h"
#include "channel/start.h"
#include "config/config.h"
#include "net/signature.h"

enum { DESCRIPTION_BYTES_MAX = 100, OPTION_TEXT = 3, CLAIMS_MAX = 50 };

/* ---- the list ---- */

static json_t *text_option(const char *what)
{
    return json_pack("[{s:i, s:s, s:s, s:b}]", "type", OPTION_TEXT, "name", "text", "description", what, "required", what[0] != '[');
}

static void add_command(json_t *list, const char *name, const char *arguments, const char *english, const char *chinese)
{
    str en = utf8_take(str_from(english), DESCRIPTION_BYTES_MAX), zh = utf8_take(str_from(chinese), DESCRIPTION_BYTES_MAX);
    json_t *j = json_pack("{s:s, s:i, s:s%, s:{s:s%}}", "name", name, "type", 1, "description", en.p, en.len,
                          "description_localizations", "zh-CN", zh.p, zh.len);

    if (arguments[0])
        json_object_set_new(j, "options", text_option(arguments));
    json_array_append_new(list, j);
}

json_t *discord_commands(void)
{
    json_t *list = json_array();

    add_command(list, "ask", "TEXT", "ask me something, without mentioning me", "向我提问，无需提及我");
#define CHAT_COMMAND(name, arguments, english, chinese) add_command(list, #name, arguments, english, chinese);
#include "domain/chat_commands.def"
#undef CHAT_COMMAND
    return list;
}

/* ---- registering ---- */

static enum err put_commands(struct arena *a, const json_t *list) AWAITS
{
    struct string_list guilds = config_now()->platforms_discord_guild_ids;

    if (!guilds.n)
        return discord_call(a, "PUT", arena_printf(a, "/applications/%s/commands", discord_self()->app_id), list, NULL);
    for (size_t i = 0; i < guilds.n; i++)
        TRY(discord_call(a, "PUT", arena_printf(a, "/applications/%s/guilds/%s/commands", discord_self()->app_id, guilds.items[i]), list,
                NULL));
    return OK;
}

/* What was registered, and where, as one short text. */
static str digest_of(struct arena *a, const json_t *list)
{
    struct string_list guilds = config_now()->platforms_discord_guild_ids;
    CLEANUP(buf_done) struct buf where = {0}, hex = {0};

    buf_addf(&where, "%s", discord_self()->app_id);
    for (size_t i = 0; i < guilds.n; i++)
        buf_addf(&where, " %s", guilds.items[i]);
    str parts[] = { buf_str(&where), json_print(a, list) };

    buf_addf(&hex, "%s ", guilds.n ? "guilds" : "global");
    buf_add_hex(&hex, sha256_of(a, parts, N_ELEMENTS(parts)));
    return arena_str(a, buf_str(&hex));
}

/* Discord keeps them; nothing is sent while they are the same.  A bot that may not have them works without. */
enum err discord_register_commands(const struct channel_host *host)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *list = config_now()->platforms_discord_commands ? discord_commands() : json_array();
    CLEANUP(json_decrefp) json_t *none = json_array();
    str digest = digest_of(a, list), before;

    TRY(host->recall(host, a, S("commands"), &before));
    if (str_eq(digest, before) || (!before.len && !json_array_size(list)))
        return OK;
    enum err e = put_commands(a, list);

    if (e == OK && str_starts(before, S("global")) && !str_starts(digest, S("global")))     /* or everybody sees them twice */
        e = discord_call(a, "PUT", arena_printf(a, "/applications/%s/commands", discord_self()->app_id), none, NULL);
    if (e == OK)
        return host->remember(host, S("commands"), digest);
    if (e != ERR_CANCELLED)
        log_event(LOG_WARN, "discord.commands", F("error", failed_text()));
    return e == ERR_CANCELLED ? e : OK;
}

/* ---- which reply answers which command ---- */

/* Kept, for a reply that is sent again after a crash must go the same way, and another must not write over it. */
static struct { struct claim { char id[DISCORD_ID_SIZE]; int64_t row; } list[CLAIMS_MAX]; size_t n; bool loaded; } claims;

static struct claim *claim_of(str id)
{
    for (size_t i = 0; i < claims.n; i++)
        if (str_eq(id, str_from(claims.list[i].id)))
            return &claims.list[i];
    return NULL;
}

static void add_claim(str id, int64_t row)
{
    if (claims.n == CLAIMS_MAX) {
        memmove(claims.list, claims.list + 1, (CLAIMS_MAX - 1) * sizeof claims.list[0]);
        claims.n--;
    }
    snprintf(claims.list[claims.n].id, DISCORD_ID_SIZE, "%.*s", STR(id));
    claims.list[claims.n++].row = row;
}

static enum err load_claims(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *list = NULL;
    const json_t *one;
    str kept;
    size_t i;

    if (claims.loaded)
        return OK;
    TRY(host->recall(host, a, S("claims"), &kept));
    if (claims.loaded || (kept.len && json_parse(kept, &list)))
        return OK;
    json_array_foreach(list, i, one)
        add_claim(json_text_str(one, "0"), json_int(one, "1", 0));
    claims.loaded = true;
    return OK;
}

static enum err save_claims(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *list = json_array();

    for (size_t i = 0; i < claims.n; i++)
        json_array_append_new(list, json_pack("[sI]", claims.list[i].id, (json_int_t)claims.list[i].row));
    return host->remember(host, S("claims"), json_print(a, list));
}

enum err discord_claim(str interaction_id, int64_t row, bool *ret_ours)
{
    const struct channel_host *host = channels_host(channel_find(S("discord")));
    const struct claim *before;

    *ret_ours = false;
    if (!host)
        return OK;
    TRY(load_claims(host));
    if ((before = claim_of(interaction_id))) {
        *ret_ours = before->row == row;
        return OK;
    }
    add_claim(interaction_id, row);
    *ret_ours = true;
    return save_claims(host);
}
