// SPDX-License-Identifier: Apache-2.0
#include "gateway/knowledge_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "gateway/agents.h"
#include "memory/knowledge.h"
#include "runtime/offload.h"
#include "tool/download.h"
#include "tool/provenance.h"
#include "tool/registry.h"

enum { STATUS_OK = 200, STATUS_NOT_MODIFIED = 304 };

/* What the host functions are given. */
struct knowledge_lender {
    struct gateway *gateway;
    struct arena   *arena;          /* of the paths, made anew with them */
    const char     *home;           /* real paths: without links */
    const char    **workspaces;
    size_t          n;
};

static const struct scope owner = { SCOPE_USER, { "owner", 5 } };

/* ---- what may be read ---- */

static bool is_below(const char *path, const char *folder)
{
    size_t n = folder ? strlen(folder) : 0;

    return n && strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The gateway's own folder holds the databases and the key; of what is in it only workspaces are read. */
static bool may_read(void *arg, const char *path)
{
    const struct knowledge_lender *l = arg;

    for (size_t i = 0; i < l->n; i++)
        if (is_below(path, l->workspaces[i]))
            return true;
    return !is_below(path, l->home);
}

/* Until it is known whose words a call writes, they are somebody's. */
static str taint_of(void *arg, struct arena *a, const char *path)
{
    str whose = provenance_of(a, path);

    (void)arg;
    if (whose.len)
        return str_from(arena_printf(a, "file %.*s", STR(whose)));
    return provenance_in_doubt() ? str_from(arena_printf(a, "file %s (a command that has not ended)", path)) : S("");
}

/* ---- the web ---- */

static const struct http_field *fields_for(const struct knowledge_fetch *f, size_t *ret_n)
{
    struct http_field *fields = arena_alloc(f->arena, 3 * sizeof *fields);
    size_t n = 0;

    fields[n++] = (struct http_field){ S("Accept"), S("text/html, text/markdown, text/plain, application/pdf, text/csv, application/json, "
                                                      "*/*;q=0.5") };
    if (f->etag.len)
        fields[n++] = (struct http_field){ S("If-None-Match"), f->etag };
    if (f->modified.len)
        fields[n++] = (struct http_field){ S("If-Modified-Since"), f->modified };
    *ret_n = n;
    return fields;
}

/* As the tool http_fetch does for the owner: no private address but those they named, each redirect judged by the policy. */
static enum err fetch(void *arg, struct knowledge_fetch *f) AWAITS
{
    const struct knowledge_lender *l = arg;
    struct tool_context cx = { .arena = f->arena, .workspace = l->gateway->workspace, .session_id = S(""), .platform = S("cli"),
                               .chat_id = S(""), .user = S(""), .person = { S("owner"), S("owner") }, .call_id = S(""), .taint = S("") };
    struct download d = { .tool = tool_find(S("http_fetch")), .cx = &cx, .method = "GET", .url = f->url,
                          .max_size = (size_t)config_now()->knowledge_max_file_size,
                          .private_hosts = &config_now()->http_fetch_private_hosts };
    CLEANUP(deadline_clear) struct deadline deadline;

    d.fields = fields_for(f, &d.n_fields);
    deadline_set(&deadline, config_now()->http_fetch_timeout);
    TRY(download(&d));
    f->status = d.response.status;
    f->body = d.response.body;
    f->content_type = http_response_field(&d.response, S("Content-Type"));
    f->new_etag = http_response_field(&d.response, S("ETag"));
    f->new_modified = http_response_field(&d.response, S("Last-Modified"));
    if (f->status == STATUS_NOT_MODIFIED && f->etag.len == 0 && f->modified.len == 0)
        return failed(ERR_REMOTE, "%s answered %d, which was not asked for", f->url, f->status);
    return OK;
}

static enum err convert(void *arg, struct document_conversion *c) AWAITS
{
    return knowledge_convert(((struct knowledge_lender *)arg)->gateway, c);
}

/* ---- workspaces ---- */

struct resolving { const char *in; char *out; };

static enum err resolve(void *arg)
{
    struct resolving *r = arg;

    r->out = realpath(r->in, NULL);
    return OK;
}

static enum err real(struct arena *a, const char *path, const char **out) AWAITS
{
    struct resolving r = { .in = path };
    enum err e = fiber_offload(resolve, &r);

    *out = arena_c(a, str_from(r.out ? r.out : path));
    free(r.out);
    return e;
}

static enum err find_paths(struct knowledge_lender *l) AWAITS
{
    struct agent_list all = agents_all(l->gateway);
    struct arena *a = arena_new(), *before = l->arena;
    const char **workspaces = arena_alloc(a, (all.n + 1) * sizeof *workspaces), *home;
    enum err e = real(a, l->gateway->home, &home);

    if (e == OK)
        e = real(a, l->gateway->workspace, &workspaces[0]);
    for (size_t i = 0; i < all.n && e == OK; i++)
        e = real(a, all.agents[i].workspace, &workspaces[i + 1]);
    if (e) {
        arena_free(a);
        return e;
    }
    l->arena = a;
    l->home = home;
    l->workspaces = workspaces;
    l->n = all.n + 1;
    arena_free(before);
    return OK;
}

const char *knowledge_real_workspace(const struct gateway *g, const char *workspace)
{
    struct agent_list all = agents_all(g);
    const struct knowledge_lender *l = g->lender;

    if (strcmp(workspace, g->workspace) == 0)
        return l->workspaces[0];
    for (size_t i = 0; i < all.n && i + 1 < l->n; i++)
        if (strcmp(workspace, all.agents[i].workspace) == 0)
            return l->workspaces[i + 1];
    return NULL;
}

enum err knowledge_configure(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct knowledge_lender *l = g->lender;
    struct agent_list all = agents_all(g);

    TRY(find_paths(l));
    struct knowledge_workspace *list = arena_alloc(a, l->n * sizeof *list);

    for (size_t i = 0; i < l->n; i++)
        list[i] = (struct knowledge_workspace){
            i ? str_from(arena_printf(a, "workspace-%.*s", STR(all.agents[i - 1].name))) : S("workspace"), l->workspaces[i] };
    return knowledge_use_workspaces(g->knowledge, owner, list, l->n);
}

/* ---- starting and stopping ---- */

static void on_provenance(void *knowledge)
{
    knowledge_taints_changed(knowledge);
}

enum err knowledge_start(struct gateway *g)
{
    struct knowledge_lender *l = NEW(struct knowledge_lender);

    l->gateway = g;
    g->lender = l;
    TRY(knowledge_convert_clean(g));
    TRY(find_paths(l));
    TRY(knowledge_open(&(struct knowledge_options){
        .memory = g->memory, .bus = g->bus, .private_folder = g->home,
        .host = { .documents = { convert, l }, .fetch = fetch, .taint_of = taint_of, .may_read = may_read, .arg = l },
    }, &g->knowledge));
    TRY(knowledge_configure(g));
    provenance_on_change(on_provenance, g->knowledge);
    return OK;
}

void knowledge_stop(struct gateway *g)
{
    provenance_on_change(NULL, NULL);
    knowledge_close(g->knowledge);
    g->knowledge = NULL;
    if (g->lender)
        arena_free(g->lender->arena);
    free(g->lender);
    g->lender = NULL;
}
