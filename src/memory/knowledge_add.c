// SPDX-License-Identifier: Apache-2.0
/* knowledge_add.c: what is to be a collection is looked at first: its name, and whether there is anything to read. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory/knowledge_internal.h"
#include "runtime/offload.h"

enum { NAME_LEN_MAX = 64, URL_LEN_MAX = 2000 };

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'
           || (unsigned char)c >= 0x80;
}

/* "workspace" and "workspace-..." are made by themselves. */
static enum err check_name(str name)
{
    bool fits = name.len > 0 && name.len <= NAME_LEN_MAX && name.p[0] != '.' && name.p[0] != '-';

    for (size_t i = 0; fits && i < name.len; i++)
        fits = is_name_char(name.p[i]);
    if (!fits)
        return failed(ERR_INPUT, "\"%.*s\" is no name of a collection: letters, digits, \"-\", \"_\" and \".\", at most %d bytes",
                      STR(str_take(name, NAME_LEN_MAX)), NAME_LEN_MAX);
    if (str_eq(name, S("workspace")) || str_starts(name, S("workspace-")))
        return failed(ERR_CONFLICT, "the collections workspace and workspace-... are made from the workspaces: give it another name");
    return OK;
}

static bool is_url(str s)
{
    return str_starts(s, S("http://")) || str_starts(s, S("https://"));
}

struct look { const char *path; char real[PATH_MAX]; struct stat st; };

static enum err look_at(void *arg)
{
    struct look *l = arg;

    if (realpath(l->path, l->real) == NULL || stat(l->real, &l->st))
        return failed(errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO, "%s: %s", l->path, strerror(errno));
    if (!S_ISDIR(l->st.st_mode) && !S_ISREG(l->st.st_mode))
        return failed(ERR_INPUT, "%s is neither a folder nor a file", l->path);
    return OK;
}

static bool is_within(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 && path[n] == '/';
}

static enum err check_path(struct knowledge *k, struct arena *a, struct checked_source *c) AWAITS
{
    struct look l = { .path = arena_c(a, c->wanted->source) };
    const struct knowledge_host *h = &k->options.host;

    if (l.path[0] != '/')
        return failed(ERR_INPUT, "%s: give the whole path, or an address that begins with http:// or https://", l.path);
    TRY(fiber_offload(look_at, &l));
    if (h->may_read && !h->may_read(h->arg, l.real))
        return failed(ERR_AUTH, "%s belongs to the assistant itself, and is not read in", l.real);
    if (c->wanted->within && !is_within(l.real, c->wanted->within))
        return failed(ERR_AUTH, "%s leads out of %s", l.path, c->wanted->within);
    if (c->wanted->rows && S_ISDIR(l.st.st_mode))
        return failed(ERR_INPUT, "%s is a folder: rows come from one file or address", l.real);
    c->kind = S_ISDIR(l.st.st_mode) ? COLLECTION_FOLDER : c->wanted->rows ? COLLECTION_ROWS : COLLECTION_FILE;
    c->source = arena_str(a, str_from(l.real));
    return OK;
}

static enum err check_url(struct checked_source *c)
{
    if (c->wanted->source.len > URL_LEN_MAX)
        return failed(ERR_INPUT, "the address is longer than %d bytes", URL_LEN_MAX);
    c->kind = c->wanted->rows ? COLLECTION_ROWS : COLLECTION_WEB;
    c->source = c->wanted->source;
    return OK;
}

static bool is_there(const struct knowledge *k, struct scope scope, str name)
{
    for (size_t i = 0; i < k->n; i++)
        if (str_eq(k->sources[i]->name, name) && scope_eq(k->sources[i]->scope, scope))
            return true;
    return false;
}

enum err knowledge_add(struct knowledge *k, const struct knowledge_source *wanted, int64_t *ret_id)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct checked_source c = { .wanted = wanted };

    TRY(check_name(wanted->name));
    if (is_url(wanted->source))
        TRY(check_url(&c));
    else
        TRY(check_path(k, a, &c));
    if (is_there(k, wanted->scope, wanted->name))
        return failed(ERR_CONFLICT, "there is a collection \"%.*s\" already", STR(wanted->name));
    return source_add(k, &c, ret_id);
}

/* ---- workspaces ---- */

static struct source *workspace_of(const struct knowledge *k, struct scope owner, str collection)
{
    for (size_t i = 0; i < k->n; i++) {
        struct source *s = k->sources[i];

        if (s->kind == COLLECTION_WORKSPACE && str_eq(s->name, collection) && scope_eq(s->scope, owner))
            return s;
    }
    return NULL;
}

static enum err use_workspace(struct knowledge *k, struct scope owner, const struct knowledge_workspace *w) AWAITS
{
    struct source *s = workspace_of(k, owner, w->collection);
    struct knowledge_source wanted = { .scope = owner, .name = w->collection, .source = str_from(w->path), .watched = true,
                                       .added_by = S("") };
    struct checked_source c = { &wanted, COLLECTION_WORKSPACE, wanted.source };
    int64_t ignored;

    if (s == NULL)
        return source_add(k, &c, &ignored);
    return str_eq(s->origin, wanted.source) ? OK : source_move(s, wanted.source);
}

static bool is_used(const struct source *s, struct scope owner, const struct knowledge_workspace *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (scope_eq(s->scope, owner) && str_eq(s->name, list[i].collection))
            return true;
    return s->kind != COLLECTION_WORKSPACE;
}

enum err knowledge_use_workspaces(struct knowledge *k, struct scope owner, const struct knowledge_workspace *list, size_t n)
{
    for (size_t i = k->n; i-- > 0;)
        if (i < k->n && !is_used(k->sources[i], owner, list, n) && !k->sources[i]->removing)
            TRY(source_remove(k->sources[i]));
    for (size_t i = 0; i < n; i++)
        TRY(use_workspace(k, owner, &list[i]));
    return OK;
}

void knowledge_taints_changed(struct knowledge *k)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->sources[i]->kind == COLLECTION_WORKSPACE && !k->sources[i]->removing) {
            k->sources[i]->wants_all = true;
            wake_all(&k->sources[i]->news);
        }
}
