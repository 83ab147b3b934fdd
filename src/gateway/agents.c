// SPDX-License-Identifier: Apache-2.0
#include "gateway/agents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "channel/chats.h"
#include "config/options.h"
#include "domain/message.h"
#include "gateway/access.h"
#include "gateway/sessions.h"
#include "runtime/clock.h"
#include "tool/provenance.h"

/* Every list since the start is kept: turns may still use an earlier one. */
struct loaded { struct arena *arena; struct agent_list list; struct agent main; struct loaded *before; };

struct agents {
    struct loaded *loaded;          /* the latest */
    struct map     chats;           /* by chat_key(): the name that was chosen, malloc'ed */
};

struct agent_list agents_all(const struct gateway *g)
{
    return g->agents ? g->agents->loaded->list : (struct agent_list){ 0 };
}

/* ---- loading ---- */

/* Each folder above it too, up to one that is there. */
static enum err make_folder(struct arena *a, const char *path)
{
    char *copy = arena_printf(a, "%s", path);

    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) && errno != EEXIST)
            return failed(ERR_IO, "%s: %s", copy, strerror(errno));
        *slash = '/';
    }
    if ((mkdir(path, 0700) && errno != EEXIST) || access(path, W_OK | X_OK))
        return failed(ERR_IO, "the workspace %s is not a folder we can write (agents)", path);
    return OK;
}

/* Marks of words of others go by a file's path in its workspace, whichever that is. */
static void tell_workspaces(const struct gateway *g, const struct loaded *l)
{
    const char **paths = arena_alloc(l->arena, (l->list.n + 1) * sizeof *paths);

    paths[0] = g->workspace;
    for (size_t i = 0; i < l->list.n; i++)
        paths[i + 1] = l->list.agents[i].workspace;
    provenance_use_workspaces(paths, l->list.n + 1);
}

static enum err load_settings(const struct gateway *g, struct loaded *l)
{
    TRY(agents_read(l->arena, config_now()->agents, g->home, &l->list));
    for (size_t i = 0; i < l->list.n; i++)
        TRY(make_folder(l->arena, l->list.agents[i].workspace));
    l->main = (struct agent){ .name = S(""), .persona = S(""), .workspace = g->workspace };
    return OK;
}

static str chat_key(struct arena *a, str platform, str chat_id, str thread_id)
{
    return str_from(arena_printf(a, "%.*s\n%.*s\n%.*s", STR(platform), STR(chat_id), STR(thread_id)));
}

static void remember(struct agents *all, str key, str name)
{
    free(map_put(&all->chats, key, str_dup_c(name)));
}

static enum err load_chats(struct gateway *g, struct agents *all) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(g->store, a, &r, "agent.chats", ""));
    for (size_t i = 0; i < r.n; i++)
        remember(all, chat_key(a, row_str(&r, i, 0), row_str(&r, i, 1), row_str(&r, i, 2)), row_str(&r, i, 3));
    return OK;
}

enum err agents_load(struct gateway *g)
{
    struct arena *a = arena_new();
    struct loaded *l = ARENA_NEW(a, struct loaded);

    l->arena = a;
    enum err e = load_settings(g, l);

    if (e) {
        arena_free(a);
        return e;
    }
    tell_workspaces(g, l);
    if (g->agents) {
        l->before = g->agents->loaded;
        g->agents->loaded = l;
        return OK;
    }
    g->agents = NEW(struct agents);
    g->agents->loaded = l;
    return load_chats(g, g->agents);
}

void agents_free(struct agents *all)
{
    const struct map_entry *e;

    if (all == NULL)
        return;
    provenance_use_workspaces(NULL, 0);
    for (struct loaded *l = all->loaded, *before; l; l = before) {
        before = l->before;
        arena_free(l->arena);       /* l is in it */
    }
    for (size_t i = 0; map_next(&all->chats, &i, &e);)
        free(e->value);
    map_done(&all->chats);
    free(all);
}

/* ---- who answers ---- */

const struct agent *agents_find(const struct gateway *g, str name)
{
    struct agent_list all = agents_all(g);

    if (name.len == 0)
        return g->agents ? &g->agents->loaded->main : NULL;
    for (size_t i = 0; i < all.n; i++)
        if (str_eq(all.agents[i].name, name))
            return &all.agents[i];
    return NULL;
}

const char *agents_nearest(const struct gateway *g, str name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct agent_list all = agents_all(g);
    const char **names = arena_alloc(a, all.n * sizeof *names);

    for (size_t i = 0; i < all.n; i++)
        names[i] = all.agents[i].name.p;
    return name_nearest(name, names, all.n);
}

enum err agents_of_session(struct gateway *g, struct arena *a, str session_id, const struct agent **out)
{
    struct session_place place;

    TRY(sessions_find(g, a, session_id, &place));
    *out = agents_find(g, place.agent);
    return *out ? OK : failed(ERR_NOT_FOUND, "the agent %.*s of this conversation is not in the configuration any more (agents)",
                              STR(place.agent));
}

static bool fits(const struct agent_route *r, const struct message *m)
{
    return (r->platform.len == 0 || str_eq(r->platform, m->platform)) && (r->chat.len == 0 || str_eq(r->chat, m->chat_id))
           && (r->user.len == 0 || str_eq(r->user, m->user_id));
}

str agents_for(const struct gateway *g, const struct message *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct agent_list all = agents_all(g);

    if (g->agents == NULL)
        return S("");
    const char *chosen = map_get(&g->agents->chats, chat_key(a, m->platform, m->chat_id, m->thread_id));

    if (chosen) {       /* one that is gone leaves the chat to the routes */
        const struct agent *agent = agents_find(g, str_from(chosen));

        if (agent)
            return agent->name;
    }
    str named = chats_agent(m->platform, m->chat_id);
    const struct agent *set = named.len ? agents_find(g, named) : NULL;

    if (set)
        return set->name;
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < all.agents[i].n_routes; k++)
            if (fits(&all.agents[i].routes[k], m))
                return all.agents[i].name;
    return S("");
}

/* On a platform the chat gets another conversation.  One of our own surfaces is its conversation, which goes over. */
enum err agents_choose(struct gateway *g, struct arena *a, const struct message *m, const struct agent *agent)
{
    struct batch *b = batch_new(a);

    if (access_is_own(m->platform))
        batch_add(b, "agent.set_session", "ss", m->session_id, agent->name);
    else
        batch_add(b, "agent.set_chat", "ssssi", m->platform, m->chat_id, m->thread_id, agent->name, clock_wall_ms());
    TRY(store_commit(g->store, b));
    sessions_forget(g->sessions, m->session_id);
    if (!access_is_own(m->platform))
        remember(g->agents, chat_key(a, m->platform, m->chat_id, m->thread_id), agent->name);
    return OK;
}
