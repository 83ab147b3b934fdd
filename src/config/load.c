// SPDX-License-Identifier: Apache-2.0
/* Every layer is applied on top of the ones before it, straight into the new struct config, so that a mistake is
 * found also where a later layer would hide it. */
#include <assert.h>
#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/load.h"
#include "config/value.h"
#include "config/yaml_json.h"

enum { SECRET_FILE_MAX = 64 << 10 };

struct loader {
    struct loaded        *out;
    struct arena         *a;            /* out->arena */
    const char *const    *env;
    struct config_report *report;
    const char           *file, *folder; /* of the layer at hand */
};

static _Atomic(struct loaded *) in_force;
static struct config_inputs remembered;     /* for config_reload() */
static struct arena *remembered_in;
static struct config_resolver resolver;     /* get NULL: none */

const struct loaded *loaded_now(void)
{
    return atomic_load(&in_force);
}

const struct config *config_now(void)
{
    const struct loaded *l = loaded_now();

    assert(l);
    return &l->c;
}

static const char *where(const struct loader *l, unsigned line, unsigned column)
{
    return arena_printf(l->a, "%s:%u:%u", l->file, line, column);
}

static void came_from(struct loader *l, const struct option *o, const char *from)
{
    l->out->from[o - options] = from;
}

static void set_default(struct loader *l, const struct option *o)
{
    l->out->secret[o - options] = NULL;
    enum err e = value_parse(l->a, o, str_from(o->otherwise), &l->out->c);

    assert(e == OK);    /* a test tries every row */
    if (o->type == OPTION_PATH && *o->otherwise) {
        const char **field = (const char **)((char *)&l->out->c + o->offset);

        *field = arena_printf(l->a, "%s/%s", l->out->c.home, o->otherwise);
    }
    came_from(l, o, "default");
}

/* A value in one piece of text, wherever it came from. */
static enum err set_text(struct loader *l, const struct option *o, str text)
{
    l->out->secret[o - options] = NULL;
    if (o->type == OPTION_PATH)
        text = str_from(path_find(l->a, l->env, l->folder, l->out->c.home, arena_c(l->a, text)));
    return value_parse(l->a, o, text, &l->out->c);
}

static enum err refuse_kind(const struct option *o, const struct node *n)
{
    static const char *const names[] = { "a text", "a map", "a list" };

    if (n->kind == NODE_MAP && n->n == 1 && str_eq(n->first->key, S("secret")))
        return failed(ERR_INPUT, o - options == OPTION_ROW_database_url
                                     ? "cannot be {secret: name}: the secrets are in that very database; use ${NAME}"
                                     : "cannot be {secret: name}; only tokens, keys and passwords can");
    return failed(ERR_INPUT, "wants %s, not %s", option_type_name(o->type), names[n->kind]);
}

static enum err expand_in(struct loader *l, const struct node *n, str *out)
{
    return expand(l->a, l->env, n->text, out);
}

static bool is_secret_name(str s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";

    for (size_t i = 0; i < s.len; i++)
        if (str_find_char(str_from(allowed), s.p[i]) == STR_NONE)
            return false;
    return s.len > 0 && s.len <= 64;
}

/* "" while there is nobody to ask. */
static enum err resolve(struct loader *l, str name, str *out)
{
    if (!is_secret_name(name))
        return failed(ERR_INPUT, "wants a secret's name: small letters, digits, '_', '.' and '-', at most 64");
    l->out->n_secrets++;
    *out = S("");
    if (resolver.get && resolver.get(resolver.arg, name, out))
        return failed_in(ERR_INPUT, "is {secret: %.*s}: ", STR(name));
    return OK;
}

/* The text behind {file: path} or {secret: name}. */
static enum err secret_text(struct loader *l, const struct node *n, str *out)
{
    const struct node *ref = n->first;
    str path, text;

    if (n->n != 1 || ref->kind != NODE_TEXT)
        return failed(ERR_INPUT, "is a text, {file: path} or {secret: name}");
    if (str_eq(ref->key, S("secret")))
        return resolve(l, ref->text, out);
    if (!str_eq(ref->key, S("file")))
        return failed(ERR_INPUT, "is a text, {file: path} or {secret: name}, not {%.*s: ...}", STR(str_take(ref->key, 60)));
    TRY(expand_in(l, ref, &path));
    const char *file = path_find(l->a, l->env, l->folder, l->out->c.home, arena_c(l->a, path));
    enum err e = file_read(l->a, file, SECRET_FILE_MAX, &text);

    if (e)
        return failed_in(e, "cannot be read: ");
    *out = str_trim(text);
    return OK;
}

static enum err read_secret(struct loader *l, const struct option *o, const struct node *n)
{
    str text;

    TRY(secret_text(l, n, &text));
    TRY(set_text(l, o, text));
    if (str_eq(n->first->key, S("secret")))
        l->out->secret[o - options] = arena_c(l->a, n->first->text);
    return OK;
}

static enum err read_list(struct loader *l, const struct option *o, const struct node *n)
{
    str *items = arena_alloc(l->a, (n->n + 1) * sizeof *items);
    size_t i = 0;

    for (const struct node *c = n->first; c; c = c->next) {
        if (c->kind != NODE_TEXT)
            return failed(ERR_INPUT, "wants texts as its items");
        TRY(expand_in(l, c, &items[i++]));
    }
    return value_set_list(l->a, o, items, i, &l->out->c);
}

static enum err node_json(struct loader *l, const struct node *n, json_t **out);

static enum err text_json(struct loader *l, const struct node *n, json_t **out)
{
    str text;

    TRY(expand_in(l, n, &text));
    *out = node_text_json(n, text);
    return OK;
}

/* Where a key of a map is named like a secret, its value may come from elsewhere as an option's may. */
static enum err child_json(struct loader *l, const struct node *c, json_t **out)
{
    str text;

    if (c->kind != NODE_MAP || !key_names_secret(c->key))
        return node_json(l, c, out);
    if (secret_text(l, c, &text))
        return failed_in(ERR_INPUT, "has a '%.*s' that ", STR(str_take(c->key, 60)));
    *out = json_from_str(text);
    return OK;
}

static enum err children_json(struct loader *l, const struct node *n, json_t *j)
{
    for (const struct node *c = n->first; c; c = c->next) {
        json_t *child;

        TRY(child_json(l, c, &child));
        if (n->kind == NODE_LIST)
            json_array_append_new(j, child);
        else
            json_object_setn_new(j, c->key.p, c->key.len, child);
    }
    return OK;
}

static enum err node_json(struct loader *l, const struct node *n, json_t **out)
{
    if (n->kind == NODE_TEXT)
        return text_json(l, n, out);
    CLEANUP(json_decrefp) json_t *j = n->kind == NODE_LIST ? json_array() : json_object();

    TRY(children_json(l, n, j));
    *out = json_incref(j);
    return OK;
}

static void drop_json(void *j)
{
    json_decref(j);
}

static enum err read_raw(struct loader *l, const struct option *o, const struct node *n)
{
    json_t *j;

    if (n->kind == NODE_TEXT)
        return refuse_kind(o, n);
    TRY(node_json(l, n, &j));
    arena_on_free(l->a, drop_json, j);
    *(const json_t **)((char *)&l->out->c + o->offset) = j;
    return OK;
}

static enum err set_node(struct loader *l, const struct option *o, const struct node *n)
{
    str text;

    if (o->type == OPTION_RAW)
        return read_raw(l, o, n);
    if (o->type == OPTION_LIST && n->kind == NODE_LIST)
        return read_list(l, o, n);
    if (o->type == OPTION_SECRET && n->kind == NODE_MAP)
        return read_secret(l, o, n);
    if (n->kind != NODE_TEXT)
        return refuse_kind(o, n);
    TRY(expand_in(l, n, &text));
    return set_text(l, o, text);
}

/* One option is given a value at `place`; the notes go to the report, and the layers below it go on. */
static void apply(struct loader *l, const struct option *o, const struct node *n, const char *place)
{
    enum err e = OK;

    if (o->when == OPTION_UNBUILT)
        report_warning(l->report, place, "'%s' is known, not built yet: it has no effect", o->path);
    if (node_is_null(n)) {
        set_default(l, o);
        return;
    }
    e = set_node(l, o, n);
    if (e)
        report_error(l->report, place, "'%s' %s", o->path, failed_text());
    else
        came_from(l, o, place);
}

static void unknown_key(struct loader *l, const char *section, const struct node *n)
{
    const char *place = where(l, n->key_line, n->key_column);
    const char *in = *section ? arena_printf(l->a, " in '%s'", section) : "";
    str near = option_nearest(l->a, str_from(section), n->key);
    str key = str_take(n->key, 60);

    if (near.len)
        report_error(l->report, place, "unknown key '%.*s'%s; did you mean '%.*s'?", STR(key), in, STR(near));
    else
        report_error(l->report, place, "unknown key '%.*s'%s", STR(key), in);
}

static void apply_map(struct loader *l, const char *section, const struct node *map)
{
    for (const struct node *c = map->first; c; c = c->next) {
        const char *path = arena_printf(l->a, "%s%s%s", section, *section ? "." : "", c->key.p);
        bool dotted = str_find_char(c->key, '.') != STR_NONE || c->key.len == 0;
        const struct option *o = dotted ? NULL : option_find(str_from(path));

        if (o)
            apply(l, o, c, where(l, c->line, c->column));
        else if (dotted || !option_is_section(str_from(path)))
            unknown_key(l, section, c);
        else if (c->kind == NODE_MAP)
            apply_map(l, path, c);      /* no deeper than the rows' paths */
        else if (!node_is_null(c))
            report_error(l->report, where(l, c->line, c->column), "'%s' wants a map of settings", path);
    }
}

static void apply_yaml(struct loader *l, str text)
{
    struct node *root;

    if (yaml_parse(l->a, text, &root)) {
        str why = str_from(failed_text()), line, column;

        if (str_split(&why, ':', &line) && str_split(&why, ':', &column))
            report_error(l->report, arena_printf(l->a, "%s:%.*s:%.*s", l->file, STR(line), STR(column)), "%.*s",
                         STR(str_trim(why)));
        return;
    }
    if (root->kind == NODE_MAP)
        apply_map(l, "", root);
    else if (!node_is_null(root))
        report_error(l->report, where(l, root->line, root->column), "a configuration is a map of settings");
}

static void apply_file(struct loader *l, const char *path)
{
    str text;

    l->file = path;
    l->folder = path_folder(l->a, path);
    if (file_read(l->a, path, YAML_SIZE_MAX, &text))
        report_error(l->report, "", "%s", failed_text());
    else
        apply_yaml(l, text);
}

/* default.yaml or $CLAWDBOT_ENV.yaml of a folder; the file named by --config has its turn later. */
static bool apply_named(struct loader *l, const char *folder, const char *name, const char *last)
{
    const char *path = arena_printf(l->a, "%s/%s.yaml", folder, name);

    if (!file_exists(path))
        return false;
    if (last == NULL || !file_same(path, last))
        apply_file(l, path);
    return true;
}

static int is_yaml(const struct dirent *e)
{
    return e->d_name[0] != '.' && str_ends(str_from(e->d_name), S(".yaml"));
}

/* What `clawdbot channels add` has written, a file a channel. */
static void apply_channels(struct loader *l, const char *config)
{
    const char *folder = arena_printf(l->a, "%s/channels", config);
    struct dirent **found;
    int n = scandir(folder, &found, is_yaml, alphasort);

    for (int i = 0; i < n; i++) {
        apply_file(l, arena_printf(l->a, "%s/%s", folder, found[i]->d_name));
        free(found[i]);
    }
    if (n >= 0)
        free(found);
}

static void apply_files(struct loader *l, const char *named)
{
    const char *folders[2] = { arena_printf(l->a, "%s/config", l->out->c.home) };
    const char *env_name = env_get(l->env, "CLAWDBOT_ENV"), *last = NULL;
    bool found = false;

    if (named) {
        last = file_exists(named) ? named : path_find(l->a, l->env, ".", l->out->c.home, named);
        last = file_exists(last) ? last : named;
        folders[1] = path_folder(l->a, last);
        if (file_same(folders[0], folders[1]))
            folders[1] = NULL;
    }
    if (env_name && strchr(env_name, '/')) {
        report_error(l->report, "environment variable CLAWDBOT_ENV", "is a name, not a path");
        env_name = NULL;
    }
    apply_named(l, folders[0], "setup", last);
    apply_channels(l, folders[0]);
    for (size_t i = 0; i < N_ELEMENTS(folders) && folders[i]; i++) {
        apply_named(l, folders[i], "default", last);
        found |= env_name && strcmp(env_name, "default") && apply_named(l, folders[i], env_name, last);
    }
    if (env_name && !found)
        report_warning(l->report, "environment variable CLAWDBOT_ENV", "there is no %s.yaml in %s", env_name, folders[0]);
    if (last)
        apply_file(l, last);
}

/* A value from the environment or a flag.  What is written as a YAML list or map is one. */
static void apply_word(struct loader *l, const struct option *o, str text, const char *place)
{
    struct node plain = { .kind = NODE_TEXT, .text = text }, *n = &plain;
    bool structured = o->type == OPTION_RAW || o->type == OPTION_LIST || o->type == OPTION_SECRET;

    if (structured && text.len && strchr("[{", text.p[0]) && yaml_parse(l->a, text, &n)) {
        report_error(l->report, place, "'%s' is not YAML: %s", o->path, failed_text());
        return;
    }
    if (n->kind != NODE_TEXT) {
        apply(l, o, n, place);
        return;
    }
    if (o->when == OPTION_UNBUILT)
        report_warning(l->report, place, "'%s' is known, not built yet: it has no effect", o->path);
    if (set_text(l, o, text))   /* taken literally: the shell has had its turn at $ */
        report_error(l->report, place, "'%s' %s", o->path, failed_text());
    else
        came_from(l, o, place);
}

static const struct option *find_by_env_name(str name, str *ret_near)
{
    unsigned best = 3;

    for (size_t i = 0; i < N_OPTIONS; i++) {
        CLEANUP(buf_done) struct buf b = {0};

        option_env_name(&b, &options[i]);
        if (str_eq(buf_str(&b), name))
            return &options[i];
        unsigned d = edit_distance(buf_str(&b), name, best);

        if (d < best) {
            best = d;
            *ret_near = str_from(options[i].path);
        }
    }
    return NULL;
}

static bool is_ours(str name)
{
    static const char *const others[] = { "CLAWDBOT_HOME", "CLAWDBOT_ENV", "CLAWDBOT_FAULT", "CLAWDBOT_MASTER_KEY" };

    for (size_t i = 0; i < N_ELEMENTS(others); i++)
        if (str_eq(name, str_from(others[i])))
            return true;
    return str_starts(name, S("CLAWDBOT_TEST_"));
}

/* An unknown CLAWDBOT_… variable is a warning, not an error: Kubernetes makes CLAWDBOT_SERVICE_HOST for a service. */
static void apply_env(struct loader *l)
{
    l->folder = ".";
    for (const char *const *e = l->env; *e; e++) {
        str value = str_from(*e), name, near = NO_STR;

        if (!str_starts(value, S("CLAWDBOT_")) || !str_split(&value, '=', &name) || value.len == 0 || is_ours(name))
            continue;
        const struct option *o = find_by_env_name(name, &near);
        const char *place = arena_printf(l->a, "environment variable %.*s", STR(name));

        if (o)
            apply_word(l, o, value, place);
        else if (near.p)
            report_warning(l->report, place, "belongs to no setting; the one for '%.*s' is spelt otherwise", STR(near));
        else
            report_warning(l->report, place, "belongs to no setting");
    }
}

static void apply_set(struct loader *l, const char *text)
{
    str value = str_from(text), path;
    size_t equals = str_find_char(value, '=');

    path = str_take(value, equals);
    const char *place = arena_printf(l->a, "--set %.*s", STR(str_take(path, 60)));

    if (equals == STR_NONE) {
        report_error(l->report, place, "is written --set PATH=VALUE");
        return;
    }
    const struct option *o = option_find(path);

    if (o) {
        apply_word(l, o, str_skip(value, equals + 1), place);
        return;
    }
    const char *dot = memrchr(path.p, '.', path.len);
    str section = dot ? str_take(path, (size_t)(dot - path.p)) : S(""), key = str_skip(path, dot ? section.len + 1 : 0);
    str near = option_nearest(l->a, section, key);
    str whole = str_from(arena_printf(l->a, "%.*s.%.*s", STR(section), STR(near)));

    if (section.len && (option_find(whole) || option_is_section(whole)))
        near = whole;
    if (near.len)
        report_error(l->report, place, "unknown key; did you mean '%.*s'?", STR(near));
    else
        report_error(l->report, place, "unknown key");
}

static void mask_within(json_t *j)
{
    const char *key;
    json_t *child;
    size_t i;

    json_object_foreach(j, key, child) {
        if (json_is_string(child) && key_names_secret(str_from(key)))
            log_mask(json_strval(child));
        mask_within(child);
    }
    json_array_foreach(j, i, child)
        mask_within(child);
}

static void mask_secrets(const struct loaded *l)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *const *text = (const char *const *)((const char *)&l->c + options[i].offset);

        if (options[i].type == OPTION_SECRET)
            log_mask(str_from(*text));
        else if (options[i].type == OPTION_URL)
            log_mask(url_password(str_from(*text)));
        else if (options[i].type == OPTION_RAW)
            mask_within(*(json_t *const *)text);
    }
}

static enum err build(const struct config_inputs *in, struct config_report *report, struct loaded **out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct loader l = { .out = ARENA_NEW(a, struct loaded), .a = a, .env = env_or_ours(in->env), .report = report };

    l.out->arena = a;
    TRY(config_home(a, in, &l.out->c.home));
    for (size_t i = 0; i < N_OPTIONS; i++)
        set_default(&l, &options[i]);
    apply_files(&l, in->file);
    apply_env(&l);
    for (size_t i = 0; i < in->n_sets; i++)
        apply_set(&l, in->sets[i]);
    TRY(report_result(report));
    mask_secrets(l.out);
    *out = l.out;
    a = NULL;
    return OK;
}

static void put_in_force(struct loaded *l)
{
    l->older = atomic_load(&in_force);
    atomic_store(&in_force, l);
}

/* `env` is not copied: it is the process's own or a test's constant. */
static void remember(const struct config_inputs *in)
{
    struct arena *a = arena_new();
    const char **sets = arena_alloc(a, (in->n_sets + 1) * sizeof *sets);

    for (size_t i = 0; i < in->n_sets; i++)
        sets[i] = arena_c(a, str_from(in->sets[i]));
    remembered = (struct config_inputs){
        .home = in->home ? arena_c(a, str_from(in->home)) : NULL,
        .file = in->file ? arena_c(a, str_from(in->file)) : NULL,
        .sets = sets, .n_sets = in->n_sets, .env = in->env,
    };
    arena_free(remembered_in);
    remembered_in = a;
}

enum err config_load(const struct config_inputs *in, struct config_report *report)
{
    struct loaded *l;

    TRY(build(in, report, &l));
    remember(in);
    put_in_force(l);
    return OK;
}

enum err config_load_again(struct config_report *report)
{
    struct loaded *l;

    TRY(build(&remembered, report, &l));
    put_in_force(l);
    return OK;
}

void config_use_resolver(const struct config_resolver *r)
{
    resolver = r ? *r : (struct config_resolver){ 0 };
}

size_t config_secret_count(void)
{
    return loaded_now()->n_secrets;
}

enum err config_reload(struct config_report *report)
{
    const struct loaded *old = loaded_now();
    struct loaded *l;

    assert(old);
    TRY(build(&remembered, report, &l));
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (value_same(&options[i], &old->c, &l->c))
            continue;
        report->n_changed++;
        if (options[i].when != OPTION_RESTART)
            continue;
        report_warning(report, l->from[i], "'%s' changed and takes effect when the gateway is started anew", options[i].path);
        value_copy(&options[i], &old->c, &l->c);
        l->secret[i] = old->secret[i];
        l->from[i] = old->from[i];
    }
    put_in_force(l);
    return OK;
}

enum err config_load_for_test(const char *home, const char *const *sets)
{
    static const char *const no_env[] = { NULL };
    CLEANUP(config_report_done) struct config_report report = {0};
    struct config_inputs in = { .home = home, .sets = sets, .env = no_env };

    while (sets && sets[in.n_sets])
        in.n_sets++;
    return config_load(&in, &report);
}
