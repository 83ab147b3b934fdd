// SPDX-License-Identifier: Apache-2.0
/* The channels we talk in.  Discord cannot be asked for them, nor for what was written while nobody listened: both need that we
 * know where to look. */
#include "channel/discord.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "channel/chats.h"

enum { CHATS_MAX = 200, PARENTS_MAX = 1000, HISTORY_PAGE = 100, HISTORY_PAGES_MAX = 20 };

static struct { struct discord_chat list[CHATS_MAX]; size_t n; } c;

const struct discord_chat *discord_chat(str id)
{
    for (size_t i = 0; i < c.n; i++)
        if (str_eq(id, str_from(c.list[i].id)))
            return &c.list[i];
    return NULL;
}

static void set_id(char out[DISCORD_ID_SIZE], str id)
{
    snprintf(out, DISCORD_ID_SIZE, "%.*s", STR(id));
}

static void add(str id, str guild_id, str parent_id)
{
    if (c.n == CHATS_MAX) {         /* the one heard of longest ago */
        memmove(c.list, c.list + 1, (CHATS_MAX - 1) * sizeof c.list[0]);
        c.n--;
    }
    set_id(c.list[c.n].id, id);
    set_id(c.list[c.n].guild_id, guild_id);
    set_id(c.list[c.n].parent_id, parent_id);
    c.n++;
}

enum err discord_chats_load(const struct channel_host *host)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *list = NULL;
    const json_t *one;
    str kept;
    size_t i;

    c.n = 0;
    TRY(host->recall(host, a, S("chats"), &kept));
    if (!kept.len || json_parse(kept, &list))
        return OK;
    json_array_foreach(list, i, one)
        if (!discord_chat(json_text_str(one, "0")))
            add(json_text_str(one, "0"), json_text_str(one, "1"), json_text_str(one, "2"));
    return OK;
}

static enum err save(const struct channel_host *host) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *list = json_array();

    for (size_t i = 0; i < c.n; i++)
        json_array_append_new(list, json_pack("[sss]", c.list[i].id, c.list[i].guild_id, c.list[i].parent_id));
    return host->remember(host, S("chats"), json_print(a, list));
}

static struct map parents;          /* of threads that were asked for: a char * each; "": not to be seen */

static void forget_parents(void)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&parents, &i, &e);)
        free(e->value);
    map_done(&parents);
    parents = (struct map){0};
}

/* A thread's parent is with the thread, and in interactions; a message does not say it. */
static enum err find_parent(struct arena *a, struct discord_message *m) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const char *known = map_get(&parents, m->message.chat_id);

    if (!known) {
        enum err e = discord_call(a, "GET", arena_printf(a, "/channels/%.*s", STR(m->message.chat_id)), NULL, &j);

        if (e && e != ERR_NOT_FOUND)    /* that we may not see: it is a channel like others then */
            return e;
        if (parents.n >= PARENTS_MAX)
            forget_parents();
        free(map_put(&parents, m->message.chat_id, str_dup_c(e ? S("") : json_text_str(j, "parent_id"))));
        known = map_get(&parents, m->message.chat_id);
    }
    m->parent_id = arena_str(a, str_from(known));
    return OK;
}

enum err discord_chat_wants(struct arena *a, struct discord_message *m, bool *ret)
{
    const struct discord_chat *known = discord_chat(m->message.chat_id);
    struct message there = m->message;

    if (known)
        m->parent_id = arena_str(a, str_from(known->parent_id));
    else if (there.overheard && m->in_thread && !m->parent_id.len && chats_any_all(there.platform))
        TRY(find_parent(a, m));
    if (m->parent_id.len)
        there.chat_id = m->parent_id;
    *ret = chats_wants(&there);
    return OK;
}

enum err discord_chat_note(const struct channel_host *host, struct arena *a, struct discord_message *m)
{
    const struct discord_chat *known = discord_chat(m->message.chat_id);
    str id = m->message.chat_id;

    if (!known) {
        if (m->in_thread && !m->parent_id.len)
            TRY(find_parent(a, m));
        add(id, m->guild_id, m->parent_id);
        TRY(save(host));
        known = discord_chat(id);
    }
    if (known->parent_id[0]) {
        m->message.thread_id = id;
        m->message.chat_id = arena_str(a, str_from(known->parent_id));
    }
    return OK;
}

/* ---- what was missed ---- */

static enum err take_page(const struct channel_host *host, const struct discord_chat *chat, char after[DISCORD_ID_SIZE],
                          size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *page = NULL;
    const char *path = arena_printf(a, "/channels/%s/messages?limit=%d&after=%s", chat->id, HISTORY_PAGE, after);
    str guild_id = arena_str(a, str_from(chat->guild_id));
    enum err e = discord_call(a, "GET", path, NULL, &page);

    *ret_n = 0;
    if (e == ERR_NOT_FOUND)     /* left, deleted, or no right to read its history */
        return OK;
    TRY(e);
    *ret_n = json_array_size(page);
    for (size_t i = *ret_n; i-- > 0;)       /* the newest stands first */
        TRY(discord_take_message(host, a, json_array_get(page, i), guild_id));
    if (*ret_n)
        set_id(after, json_text_str(json_array_get(page, 0), "id"));
    return OK;
}

enum err discord_catch_up(const struct channel_host *host, str after_id)
{
    struct discord_chat chats[CHATS_MAX];       /* the list may change meanwhile */
    size_t n = c.n, found, all = 0;

    memcpy(chats, c.list, n * sizeof chats[0]);
    for (size_t i = 0; i < n; i++) {
        char after[DISCORD_ID_SIZE];

        set_id(after, after_id);
        for (int pages = 0; pages < HISTORY_PAGES_MAX; pages++) {
            TRY(take_page(host, &chats[i], after, &found));
            all += found;
            if (found < HISTORY_PAGE)
                break;
        }
    }
    log_event(LOG_INFO, "discord.caught_up", F("channels", n), F("messages", all));
    return OK;
}
