// SPDX-License-Identifier: Apache-2.0
#include "tool/policy_act.h"

#include <string.h>

#include "tool/policy_command.h"

const char *const effect_names[N_EFFECTS] = {
#define EFFECT(id, name, doc) name,
#include "tool/policy_effects.def"
#undef EFFECT
};

/* ---- paths ---- */

static bool is_below(str path, str folder)
{
    return str_starts(path, folder) && (path.len == folder.len || path.p[folder.len] == '/');
}

static bool is_below_any(str path, const char *const *folders, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_below(path, str_from(folders[i])))
            return true;
    return false;
}

/* Without "." and empty parts, ".." resolved by the names alone. */
static str normal_path(struct arena *a, str path, bool *ret_dots)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    bool absolute = str_starts(path, S("/"));
    str part;

    *ret_dots = false;
    while (str_split(&path, '/', &part)) {
        if (part.len == 0 || str_eq(part, S(".")))
            continue;
        if (str_eq(part, S(".."))) {
            *ret_dots = true;
            while (b.len && b.p[b.len - 1] != '/')
                buf_cut(&b, b.len - 1);
            buf_cut(&b, b.len ? b.len - 1 : 0);
            continue;
        }
        if (absolute || b.len)
            buf_add_char(&b, '/');
        buf_add(&b, part);
    }
    if (b.len == 0)
        buf_add(&b, absolute ? S("/") : S("."));
    return arena_str(a, buf_str(&b));
}

static str absolute_path(const struct act_place *p, str path)
{
    if (str_starts(path, S("/")))
        return path;
    if (str_starts(p->cwd, S("/")))
        return str_from(arena_printf(p->arena, "%.*s/%.*s", STR(p->cwd), STR(path)));
    return str_from(arena_printf(p->arena, "%s/%.*s/%.*s", p->workspace, STR(p->cwd), STR(path)));
}

static struct act_path path_in(const struct act_place *p, str path, bool *ret_inside)
{
    bool dots = false, ignored;
    str home = normal_path(p->arena, str_from(p->workspace), &ignored), full;

    full = normal_path(p->arena, absolute_path(p, path), &dots);
    *ret_inside = is_below(full, home);
    if (*ret_inside)
        full = full.len == home.len ? S(".") : str_skip(full, home.len + 1);
    return (struct act_path){ full, dots };
}

/* What it means to write at an absolute path outside of the workspace. */
static unsigned effects_outside(str path)
{
    static const char *const nothing[] = { "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd" };
    static const char *const own[] = { "/tmp", "/dev/shm" };
    static const char *const system[] = {
        "/bin", "/boot", "/dev", "/efi", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/run", "/sbin", "/sys",
        "/usr", "/var",
    };

    if (is_below_any(path, nothing, N_ELEMENTS(nothing)))
        return 0;
    if (is_below_any(path, own, N_ELEMENTS(own)))
        return EFFECT_WRITE;
    return is_below_any(path, system, N_ELEMENTS(system)) || str_eq(path, S("/")) ? EFFECT_SYSTEM : EFFECT_ELSEWHERE;
}

/* The folder in which a pattern's first wildcard stands: for /e?c/x that is /. */
static str fixed_part(str path)
{
    size_t end = 0;

    for (size_t i = 0; i < path.len && !strchr("*?[", path.p[i]); i++)
        if (path.p[i] == '/')
            end = i;
    return end ? str_take(path, end) : S("/");
}

void act_add_path(const struct act_place *p, struct policy_act *act, const struct shell_word *w, unsigned effect)
{
    bool inside;

    if (p->remote) {        /* rows name files of this machine */
        act->effects |= effect;
        return;
    }
    struct act_path path = path_in(p, w->text, &inside);
    struct act_path *more = arena_alloc(p->arena, (act->n_paths + 1) * sizeof *more);

    path.unsure |= w->has_glob;
    path.whole = true;
    if (effect == EFFECT_READ || effect == 0 || inside)
        act->effects |= effect;
    else
        act->effects |= effects_outside(w->has_glob ? fixed_part(path.path) : path.path) | (effect == EFFECT_DELETE ? EFFECT_DELETE : 0U);
    if (act->n_paths)
        memcpy(more, act->paths, act->n_paths * sizeof *more);
    more[act->n_paths++] = path;
    act->paths = more;
}

/* ---- command lines ---- */

/* What a caller may set without changing what a command does. */
static bool is_harmless_variable(str name)
{
    static const char *const names[] = {
        "CI", "COLUMNS", "DEBIAN_FRONTEND", "FORCE_COLOR", "LANG", "LANGUAGE", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TERM", "TZ", "VERBOSE", "V",
    };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq(name, str_from(names[i])))
            return true;
    return str_starts(name, S("LC_"));
}

static const char *environment_is_complex(const json_t *arguments)
{
    const char *name;
    json_t *value;

    json_object_foreach(json_at(arguments, "env"), name, value)
        if (!is_harmless_variable(str_from(name)))
            return "it sets variables that may change what a command does";
    return NULL;
}

static const char *assignment_is_complex(const struct shell_command *c)
{
    for (size_t i = 0; i < c->n_assigned; i++)
        if (!is_harmless_variable(str_take(c->assigned[i].text, str_find_char(c->assigned[i].text, '='))))
            return "it sets variables that may change what a command does";
    return NULL;
}

struct acts { const struct policy_facts *facts; struct act_place place; struct policy_act *items; size_t n; str host; };

static struct policy_act *new_act(struct acts *all, unsigned effects)
{
    struct policy_act *act = &all->items[all->n++];

    *act = (struct policy_act){ .effects = effects, .host = all->host };
    return act;
}

static void add_complex(struct acts *all, const char *why)
{
    new_act(all, all->host.len ? EFFECT_NETWORK : EFFECT_EXECUTE)->complex = why;
}

static void add_command(struct acts *all, const struct shell_word *words, size_t n, const char *complex)
{
    struct policy_act *act = new_act(all, all->host.len ? EFFECT_NETWORK : 0);

    act->words = words;
    act->n_words = n;
    act->complex = complex;
    if (!complex)
        command_judge(&all->place, act);
    if (!act->effects)
        act->effects = EFFECT_EXECUTE;
}

static void add_redirects(struct acts *all, const struct shell_command *c)
{
    for (size_t i = 0; i < c->n_redirects; i++) {
        struct shell_word w = { c->redirects[i].path, false };
        struct policy_act *act = new_act(all, all->host.len ? EFFECT_NETWORK : 0);

        act_add_path(&all->place, act, &w, c->redirects[i].writes ? EFFECT_WRITE : EFFECT_READ);
        if (act->effects & EFFECT_ELSEWHERE)
            act->complex = "it writes outside of the workspace";
        if (act->effects == 0)      /* /dev/null */
            all->n--;
    }
}

/* `cd x && ...` at the beginning moves what follows; anywhere else nobody knows when it comes to it. */
static bool is_cd(const struct shell_command *c)
{
    return str_eq(c->words[0].text, S("cd"));
}

static bool take_cd(struct acts *all, const struct shell_line *line)
{
    const struct shell_command *c = line->commands;

    if (c->n != 2 || c->words[1].has_glob || str_starts(c->words[1].text, S("-")) || c->n_redirects || line->n < 2)
        return false;
    for (size_t i = 1; i < line->n; i++)        /* none of them runs where it was not gone to */
        if (line->commands[i].join != SHELL_AND && (i == 1 || line->commands[i].join != SHELL_PIPE))
            return false;
    all->place.cwd = absolute_path(&all->place, c->words[1].text);
    return true;
}

static void add_line(struct acts *all, str text)
{
    struct shell_line line;
    size_t from = 0, n = 0;

    shell_words_parse(all->place.arena, text, &line);
    for (size_t i = 0; i < line.n; i++)
        n += 1 + line.commands[i].n_redirects;
    all->items = arena_alloc(all->place.arena, (n + 2) * sizeof *all->items);
    if (line.complex && str_trim(text).len) {
        add_complex(all, line.complex);
        return;
    }
    if (line.n == 0) {          /* the tool says what is missing */
        new_act(all, EFFECT_EXECUTE);
        return;
    }
    if (is_cd(&line.commands[0])) {
        if (!take_cd(all, &line))
            add_complex(all, "where it goes with cd is not certain");
        from = 1;
    }
    for (size_t i = from; i < line.n; i++) {
        struct shell_command *c = &line.commands[i];
        const char *complex = assignment_is_complex(c);

        if (is_cd(c))
            complex = "it goes elsewhere with cd halfway";
        add_command(all, c->words, c->n, complex);
        add_redirects(all, c);
    }
}

static void add_argv(struct acts *all, const json_t *argv)
{
    size_t n = json_array_size(argv), i;
    struct shell_word *words = arena_alloc(all->place.arena, (n + 1) * sizeof *words);
    const char *complex = NULL;
    json_t *word;

    all->items = arena_alloc(all->place.arena, 2 * sizeof *all->items);
    json_array_foreach(argv, i, word) {
        words[i].text = json_strval(word);
        if (!complex)
            complex = shell_text_deceives(words[i].text);
    }
    if (n == 0 || words[0].text.len == 0)
        new_act(all, EFFECT_EXECUTE);       /* the tool says what is missing */
    else
        add_command(all, words, n, complex);
}

static void add_exec(struct acts *all)
{
    const json_t *arguments = all->facts->arguments, *argv = json_at(arguments, "argv");
    const char *environment = environment_is_complex(arguments);

    all->place.cwd = json_text_str(arguments, "cwd");
    if (argv)
        add_argv(all, argv);
    else
        add_line(all, json_text_str(arguments, "command"));
    if (environment && !all->items[0].complex)
        all->items[0].complex = environment;
}

/* ---- other tools ---- */

/* "https://user@example.org:8/x": example.org */
static str host_of(str text)
{
    size_t scheme = str_find(text, S("://"));

    if (scheme != STR_NONE)
        text = str_skip(text, scheme + 3);
    for (size_t i = 0; i < text.len; i++)
        if (strchr("/?#\\", text.p[i]))
            text.len = i;
    for (size_t at; (at = str_find_char(text, '@')) != STR_NONE; )
        text = str_skip(text, at + 1);
    if (str_eat(&text, S("[")))
        return str_take(text, str_find_char(text, ']'));
    return str_take(text, str_find_char(text, ':'));
}

/* Sends no more than an address. */
static bool is_lookup(const json_t *arguments)
{
    static const char *const more[] = { "body", "json", "headers", "secret" };
    str method = json_text_str(arguments, "method");

    for (size_t i = 0; i < N_ELEMENTS(more); i++)
        if (json_object_get(arguments, more[i]))
            return false;
    return method.len == 0 || str_eq_nocase(method, S("GET")) || str_eq_nocase(method, S("HEAD"));
}

static bool is_named(const struct tool *t, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(t->name, names[i]) == 0)
            return true;
    return false;
}

enum { FORGOTTEN_UNASKED = 5, LINES_MAX = 1000 };     /* memories at a time; files */

/* Tools that look, but for some of their actions. */
static const struct acting { const char *tool, *actions; unsigned effect; } acting[] = {
    { "service",     "start stop restart", EFFECT_MACHINE },
    { "processes",   "kill",               EFFECT_MACHINE },
    { "clean_files", "apply",              EFFECT_DELETE },
    { "backup",      "create restore",     EFFECT_WRITE },
};

static const struct acting *find_acting(const struct tool *t)
{
    for (size_t i = 0; i < N_ELEMENTS(acting); i++)
        if (strcmp(t->name, acting[i].tool) == 0)
            return &acting[i];
    return NULL;
}

/* What is not among them, were it unknown, is refused by the tool's schema. */
static unsigned effect_of_action(const struct acting *row, str action)
{
    str rest = str_from(row->actions), one;

    while (str_split(&rest, ' ', &one))
        if (str_eq(one, action))
            return row->effect;
    return EFFECT_READ;
}

static unsigned effects_of_tool(const struct policy_facts *f)
{
    static const unsigned by_risk[] = {
        [RISK_READ] = EFFECT_READ, [RISK_WRITE] = EFFECT_WRITE, [RISK_EXECUTE] = EFFECT_EXECUTE, [RISK_OUTSIDE] = EFFECT_NETWORK,
    };

    const struct acting *row = find_acting(f->tool);

    if (row)
        return effect_of_action(row, json_text_str(f->arguments, "action"));
    if (strcmp(f->tool->name, "web_search") == 0 || (strcmp(f->tool->name, "http_fetch") == 0 && is_lookup(f->arguments)))
        return EFFECT_FETCH;
    if (strcmp(f->tool->name, "ssh") == 0 && str_eq(json_text_str(f->arguments, "action"), S("hosts")))
        return EFFECT_READ;
    if (strcmp(f->tool->name, "memory_forget") == 0 && json_array_size(json_at(f->arguments, "ids")) > FORGOTTEN_UNASKED)
        return EFFECT_DELETE;
    return by_risk[f->tool->risk];
}

/* These walk through the workspace where no folder is named; those are about one file. */
static bool walks(const struct tool *t)
{
    static const char *const names[] = { "list_dir", "find_files", "grep", "archive_files", "clean_files" };

    return is_named(t, names, N_ELEMENTS(names));
}

static bool is_about_one_file(const struct tool *t)
{
    static const char *const names[] = { "read_file", "write_file", "edit_file", "summarize", "python", "http_fetch", "ssh" };

    return is_named(t, names, N_ELEMENTS(names));
}

/* `name`: of the argument that holds the path. */
static void add_path(struct acts *all, struct policy_act *act, const char *name, unsigned effect)
{
    struct shell_word w = { json_text_str(all->facts->arguments, name), false };

    if (w.text.len == 0 && !(strcmp(name, "path") == 0 && walks(all->facts->tool) && act->n_paths == 0))
        return;
    act_add_path(&all->place, act, &w, effect);
    act->paths[act->n_paths - 1].whole = !is_about_one_file(all->facts->tool);
}

/* Of clean_files: each line begins with a path and a tab.  More than it takes are about everything. */
static void add_lines(struct acts *all, struct policy_act *act)
{
    const json_t *files = json_at(all->facts->arguments, "files"), *line;
    size_t i;

    if (act->effects != EFFECT_DELETE || strcmp(all->facts->tool->name, "clean_files") != 0)
        return;
    json_array_foreach(files, i, line) {
        str text = json_strval(line), path = str_take(text, str_find_char(text, '\t'));
        struct shell_word w = { i < LINES_MAX ? path : S("."), false };

        act_add_path(&all->place, act, &w, EFFECT_DELETE);
        act->paths[act->n_paths - 1].whole = str_ends(w.text, S("/")) || i == LINES_MAX;
        if (i == LINES_MAX)
            return;
    }
}

static void add_paths(struct acts *all, struct policy_act *act)
{
    bool gets = str_eq(json_text_str(all->facts->arguments, "action"), S("get")), looks = find_acting(all->facts->tool) != NULL;

    add_lines(all, act);
    add_path(all, act, "path", (all->facts->tool->risk == RISK_WRITE && !looks) || gets ? EFFECT_WRITE : EFFECT_READ);
    add_path(all, act, "target", EFFECT_WRITE);
    add_path(all, act, "save_to", EFFECT_WRITE);
    if (strcmp(all->facts->tool->name, "backup") == 0)
        add_path(all, act, "to", EFFECT_WRITE);
}

static void add_plain(struct acts *all)
{
    str url = json_text_str(all->facts->arguments, "url");

    all->items = arena_alloc(all->place.arena, sizeof *all->items);
    struct policy_act *act = new_act(all, effects_of_tool(all->facts));

    act->looks = find_acting(all->facts->tool) && act->effects == EFFECT_READ;
    if (url.len)
        act->host = host_of(url);
    add_paths(all, act);
}

/* On one host: a command's words, which are about files there, or what else there is to do. */
static void add_remote(struct acts *all)
{
    str command = json_text_str(all->facts->arguments, "command"), action = json_text_str(all->facts->arguments, "action");
    bool runs = action.len == 0 || str_eq(action, S("run"));    /* or the command is not what counts */

    if (command.len == 0 || !runs || strcmp(all->facts->tool->name, "ssh") != 0) {
        add_plain(all);
        return;
    }
    all->place.remote = true;
    add_line(all, command);
}

/* Looking at a process is reading.  What it makes of what is written to it nobody can tell: it may be a shell. */
static void add_process(struct acts *all)
{
    str action = json_text_str(all->facts->arguments, "action");

    all->items = arena_alloc(all->place.arena, sizeof *all->items);
    if (str_eq(action, S("write")))
        add_complex(all, "what the process makes of it is not to be read off the text");
    else
        new_act(all, str_eq(action, S("kill")) ? EFFECT_EXECUTE : EFFECT_READ);
}

/* The same on each of `hosts`, decided for each. */
static void add_hosts(struct acts *all, const json_t *hosts)
{
    struct policy_act *items = NULL;
    const json_t *host;
    size_t n = 0, i;

    json_array_foreach(hosts, i, host) {
        struct acts one = { .facts = all->facts, .place = all->place, .host = json_strval(host) };

        add_remote(&one);
        struct policy_act *more = arena_alloc(all->place.arena, (n + one.n) * sizeof *more);

        if (n)
            memcpy(more, items, n * sizeof *more);
        memcpy(more + n, one.items, one.n * sizeof *more);
        items = more;
        n += one.n;
    }
    all->items = items;
    all->n = n;
}

static void add_tool(struct acts *all)
{
    const json_t *hosts = json_at(all->facts->arguments, "hosts");

    if (json_array_size(hosts)) {
        add_hosts(all, hosts);
        return;
    }
    all->host = json_text_str(all->facts->arguments, "host");
    add_remote(all);
}

struct policy_acts policy_acts_of(struct arena *a, const struct policy_facts *f)
{
    struct acts all = { .facts = f, .place = { .arena = a, .workspace = f->workspace ? f->workspace : "/" } };

    if (strcmp(f->tool->name, "exec") == 0)
        add_exec(&all);
    else if (strcmp(f->tool->name, "process") == 0)
        add_process(&all);
    else
        add_tool(&all);
    return (struct policy_acts){ all.items, all.n };
}
