// SPDX-License-Identifier: Apache-2.0
/* agents_read.c: the configuration's `agents`, checked. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "config/load.h"
#include "config/options.h"
#include "gateway/agents.h"
#include "gateway/tool_host.h"
#include "tool/registry.h"

enum { AGENTS_MAX = 100, NAME_MAX_BYTES = 32, PERSONA_MAX = 16 << 10 };

/* "did you mean" for an error's text; "" when nothing is near. */
static const char *maybe(struct arena *a, const char *given, const char *const *names, size_t n)
{
    const char *near = name_nearest(str_from(given), names, n);

    return near ? arena_printf(a, " (did you mean %s?)", near) : "";
}

static enum err check_keys(struct arena *a, const char *place, const json_t *map, const char *const *known, size_t n)
{
    const char *key;
    json_t *value;

    if (!json_is_object(map))
        return failed(ERR_INPUT, "%s: a map is wanted", place);
    json_object_foreach((json_t *)map, key, value) {
        size_t i = 0;

        while (i < n && strcmp(known[i], key) != 0)
            i++;
        if (i == n)
            return failed(ERR_INPUT, "%s: there is no '%.40s' here%s", place, key, maybe(a, key, known, n));
    }
    return OK;
}

static enum err read_text(struct arena *a, const char *place, const json_t *map, const char *key, str *out)
{
    const json_t *j = json_at(map, key);

    if (j && !json_is_string(j))
        return failed(ERR_INPUT, "%s.%s: a text is wanted; put numbers in quotes", place, key);
    *out = arena_str(a, json_strval(j));
    return OK;
}

/* Letters, digits, '-' and '_': it is a folder's name, and is typed. */
static bool is_name(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", s.p[i]))
            return false;
    return s.len > 0 && s.len <= NAME_MAX_BYTES;
}

/* A text stands for a list of one. */
static enum err read_list(struct arena *a, const char *place, const json_t *j, struct string_list *out)
{
    size_t n = json_is_array(j) ? json_array_size(j) : j ? 1 : 0;
    const char **items = arena_alloc(a, n * sizeof *items);

    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(j) ? json_array_get(j, i) : j;

        if (json_strval(one).len == 0)
            return failed(ERR_INPUT, "%s: a list of names is wanted", place);
        items[i] = arena_c(a, json_strval(one));
    }
    if (j && n == 0)
        return failed(ERR_INPUT, "%s: the list is empty; leave it out for all", place);
    *out = (struct string_list){ n, items };
    return OK;
}

static enum err check_tools(const char *place, const struct string_list *tools)
{
    for (size_t i = 0; i < tools->n; i++) {
        const struct tool *near = tool_closest(str_from(tools->items[i]));

        if (tool_find(str_from(tools->items[i])) == NULL)
            return failed(ERR_INPUT, "%s.tools[%zu]: there is no tool '%.40s'%s%s%s", place, i, tools->items[i],
                          near ? " (did you mean " : "", near ? near->name : "", near ? "?)" : "");
    }
    return OK;
}

static enum err read_routes(struct arena *a, const char *place, const json_t *list, struct agent *out)
{
    static const char *const known[] = { "platform", "chat", "user" };
    size_t n = json_array_size(list);
    struct agent_route *routes = arena_alloc(a, n * sizeof *routes);

    if (list && !json_is_array(list))
        return failed(ERR_INPUT, "%s.routes: a list of maps is wanted, such as [{platform: telegram, chat: \"-100123\"}]", place);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(list, i);
        const char *where = arena_printf(a, "%s.routes[%zu]", place, i);

        TRY(check_keys(a, where, one, known, N_ELEMENTS(known)));
        TRY(read_text(a, where, one, "platform", &routes[i].platform));
        TRY(read_text(a, where, one, "chat", &routes[i].chat));
        TRY(read_text(a, where, one, "user", &routes[i].user));
        if (json_object_size(one) == 0)
            return failed(ERR_INPUT, "%s: platform, chat or user is wanted", where);
        if ((routes[i].chat.len || routes[i].user.len) && routes[i].platform.len == 0)
            return failed(ERR_INPUT, "%s: a chat and a user are some platform's: platform is wanted too", where);
    }
    out->routes = routes;
    out->n_routes = n;
    return OK;
}

/* A text, or {file: path}: the owner's own small file, read when the settings are. */
static enum err read_persona(struct arena *a, const char *place, const json_t *row, struct agent *out)
{
    static const char *const known[] = { "file" };
    const char *where = arena_printf(a, "%s.persona", place);
    const json_t *j = json_at(row, "persona");

    if (!json_is_object(j)) {
        TRY(read_text(a, place, row, "persona", &out->persona));
    } else {
        str path;

        TRY(check_keys(a, where, j, known, N_ELEMENTS(known)));
        TRY(read_text(a, where, j, "file", &path));
        if (path.len == 0 || path.p[0] != '/')
            return failed(ERR_INPUT, "%s.file: an absolute path is wanted", where);
        if (file_read(a, path.p, PERSONA_MAX, &out->persona))
            return failed_in(ERR_INPUT, "%s.file: ", where);
        if (!utf8_valid(out->persona))
            return failed(ERR_INPUT, "%s.file: %s is not UTF-8", where, path.p);
    }
    if (out->persona.len > PERSONA_MAX)
        return failed(ERR_INPUT, "%s: at most %d bytes; longer words belong into AGENTS.md of its workspace", where, PERSONA_MAX);
    return OK;
}

static enum err read_workspace(struct arena *a, const char *place, const json_t *row, const char *home, struct agent *out)
{
    str path;

    TRY(read_text(a, place, row, "workspace", &path));
    if (path.len && path.p[0] != '/')
        return failed(ERR_INPUT, "%s.workspace: an absolute path is wanted", place);
    out->workspace = path.len ? path.p : arena_printf(a, "%s/agents/%.*s/workspace", home, STR(out->name));
    return OK;
}

static enum err read_agent(struct arena *a, const char *place, const json_t *row, const char *home, struct agent *out)
{
    static const char *const known[] = { "name", "persona", "model", "tools", "workspace", "routes" };

    TRY(check_keys(a, place, row, known, N_ELEMENTS(known)));
    TRY(read_text(a, place, row, "name", &out->name));
    if (!is_name(out->name) || str_eq(out->name, S("default")))
        return failed(ERR_INPUT, "%s.name: 1 to %d letters, digits, '-' and '_' are wanted, and not the word default", place,
                      NAME_MAX_BYTES);
    TRY(read_persona(a, place, row, out));
    TRY(read_list(a, arena_printf(a, "%s.model", place), json_at(row, "model"), &out->models));
    TRY(read_list(a, arena_printf(a, "%s.tools", place), json_at(row, "tools"), &out->tools));
    TRY(check_tools(place, &out->tools));
    TRY(read_workspace(a, place, row, home, out));
    return read_routes(a, place, json_at(row, "routes"), out);
}

enum err agents_read(struct arena *a, const json_t *rows, const char *home, struct agent_list *out)
{
    size_t n = json_array_size(rows);
    struct agent *agents = arena_alloc(a, n * sizeof *agents);

    if (rows && !json_is_array(rows))
        return failed(ERR_INPUT, "agents: a list of maps is wanted, such as [{name: coder, tools: [read_file]}]");
    if (n > AGENTS_MAX)
        return failed(ERR_INPUT, "agents: %zu of them are more than %d", n, AGENTS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *place = arena_printf(a, "agents[%zu]", i);

        agents[i] = (struct agent){ 0 };
        TRY(read_agent(a, place, json_array_get(rows, i), home, &agents[i]));
        for (size_t k = 0; k < i; k++)
            if (str_eq(agents[k].name, agents[i].name))
                return failed(ERR_INPUT, "%s.name: agents[%zu] has this name too", place, k);
    }
    *out = (struct agent_list){ agents, n };
    return OK;
}

/* Chats whose agent is not there are answered by whoever else would. */
static enum err check_chats(const struct agent_list *list)
{
    const json_t *row;
    size_t i;

    json_array_foreach(config_now()->chats, i, row) {
        str name = json_text_str(row, "agent");
        size_t k = 0;

        while (k < list->n && !str_eq(list->agents[k].name, name))
            k++;
        if (name.len && k == list->n)
            return failed(ERR_INPUT, "chats[%zu].agent: there is no agent '%.*s' in agents", i, STR(str_take(name, 40)));
    }
    return OK;
}

enum err agents_check(void)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct agent_list list;

    gateway_register_tools();
    TRY(agents_read(a, config_now()->agents, config_now()->home, &list));
    return check_chats(&list);
}
