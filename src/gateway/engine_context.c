// SPDX-License-Identifier: Apache-2.0
#include "gateway/engine_context.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "gateway/agents.h"
#include "gateway/sessions.h"
#include "runtime/clock.h"
#include "runtime/zones.h"

const char *engine_zone_name(str session_zone)
{
    const char *configured = config_now()->timezone;

    if (session_zone.len)
        return session_zone.p;
    return configured[0] ? configured : zones_local_name();
}

static void add_hosts(struct arena *a, struct nlu_context *c)
{
    const json_t *all = config_now()->ssh_hosts;
    str *hosts = arena_alloc(a, json_object_size(all) * sizeof *hosts);
    const char *name;
    json_t *of;

    c->hosts = hosts;
    json_object_foreach((json_t *)all, name, of)
        hosts[c->n_hosts++] = str_from(name);
}

enum err engine_context(struct gateway *g, const struct answer *a, struct engine_context *out)
{
    struct session_place place;
    struct engine_context c = { 0 };

    TRY(sessions_find(g, a->arena, a->message->session_id, &place));
    TRY(project_find(a->arena, place.project, a->agent->workspace, PROJECT_FOLDER, &c.project));
    c.zone = engine_zone_name(place.zone);
    const struct zone *zone = zones_find(str_from(c.zone));

    c.nlu = (struct nlu_context){ .now = clock_wall_ms(), .zone = zone ? zone : zones_local(), .last_file = place.last_file,
                                  .project = place.project.len ? c.project.folder : NO_STR, .chinese = a->chinese };
    add_hosts(a->arena, &c.nlu);
    *out = c;
    return OK;
}

static void set(json_t *values, const char *name, str text)
{
    json_object_set_new(values, name, json_from_str(text));
}

static void add_times(const struct engine_context *c, json_t *values)
{
    struct civil now;
    char text[64];

    zone_civil(c->nlu.zone, c->nlu.now, &now);
    snprintf(text, sizeof text, "%04d-%02d-%02d", now.year, now.month, now.day);
    set(values, "today", str_from(text));
    snprintf(text, sizeof text, "%04d%02d%02d-%02d%02d%02d", now.year, now.month, now.day, now.hour, now.minute, now.second);
    set(values, "stamp", str_from(text));
    set(values, "zone", str_from(c->zone));
}

static bool is_below(str path, str folder)
{
    return str_starts(path, folder) && (path.len == folder.len || path.p[folder.len] == '/');
}

static bool ends_with_one_of(str name, const char *const *endings)
{
    for (; *endings; endings++)
        if (str_ends(name, str_from(*endings)))
            return true;
    return false;
}

/* Conditions of plans: what a name tells of a file. */
static void add_kind(json_t *values, const char *condition, str name, const char *const *endings)
{
    if (ends_with_one_of(name, endings))
        json_object_set_new(values, condition, json_true());
}

static void add_kinds(json_t *values, str path, str destination)
{
    static const char *const zip[] = { ".zip", ".jar", NULL }, *const python[] = { ".py", NULL }, *const node[] = { ".js", ".mjs", NULL };
    static const char *const source[] = { ".py", ".js", ".ts", ".go", ".rs", ".c", ".h", ".md", ".txt", ".json", ".toml", NULL };

    add_kind(values, "path_is_zip", path, zip);
    add_kind(values, "path_is_python", path, python);
    add_kind(values, "path_is_node", path, node);
    add_kind(values, "path_is_file", path, source);
    add_kind(values, "destination_is_zip", destination, zip);
}

static void add_process(json_t *values)
{
    int64_t pid;

    if (str_i64(json_text_str(values, "process"), &pid) == OK && pid > 0)
        json_object_set_new(values, "process_is_number", json_integer(pid));
}

static void add_path(const char *workspace, json_t *values)
{
    str path = json_text_str(values, "path"), name = path;
    bool absolute = path.len && (path.p[0] == '/' || path.p[0] == '~');
    const char *slash;

    while (name.len > 1 && name.p[name.len - 1] == '/')
        name.len--;
    slash = name.len ? memrchr(name.p, '/', name.len) : NULL;
    if (path.len == 0)
        return;
    set(values, "path_folder", slash && slash != name.p ? str_of(name.p, (size_t)(slash - name.p)) : S("."));
    set(values, "path_name", slash ? str_skip(name, (size_t)(slash - name.p) + 1) : name);
    if (absolute && !is_below(path, str_from(workspace)))
        set(values, "outside", path);
}

/* They are looked for on the disk: not for nothing. */
static bool names_a_command(const struct intent *in)
{
    return str_eq(in->group, S("run"));
}

enum err engine_values(const struct answer *a, struct engine_context *c, const struct intent *in, json_t *values)
{
    if (names_a_command(in) && c->project.test.len == 0)
        TRY(project_find(a->arena, c->project.name, a->agent->workspace, PROJECT_COMMANDS, &c->project));
    set(values, "workspace", str_from(a->agent->workspace));
    set(values, "cwd", c->project.folder);
    set(values, "project", c->project.name);
    set(values, "test", c->project.test);
    set(values, "build", c->project.build);
    set(values, "lint", c->project.lint);
    set(values, "text_said", str_trim(a->message->text));
    add_times(c, values);
    add_path(a->agent->workspace, values);
    add_kinds(values, json_text_str(values, "path"), json_text_str(values, "destination"));
    add_process(values);
    return OK;
}
