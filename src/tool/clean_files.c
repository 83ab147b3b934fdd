// SPDX-License-Identifier: Apache-2.0
/* clean_files.c: finds what is clearly temporary, and removes just that when it is still what was found.  A line of the plan is all that is
 * known of a file: nothing is kept between plan and apply. */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "base/utf8.h"
#include "tool/file_job.h"
#include "tool/glob.h"
#include "tool/tree.h"
#include "tool/walk.h"

enum { FILES_MAX = 1000, TOLD_MAX = 20 };

/* ---- what is temporary ---- */

static bool is_one_of(str name, const char *const *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (glob_match(str_from(patterns[i]), name, GLOB_DOTS_SHOWN))
            return true;
    return false;
}

static bool is_temporary_folder(str name)
{
    static const char *const names[] = { "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache" };

    return is_one_of(name, names, N_ELEMENTS(names));
}

/* What the kernel writes when a program crashes; many a file of another kind is called core. */
static bool is_core_dump(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    Elf64_Ehdr head = { 0 };
    bool is_elf = fd >= 0 && read(fd, &head, sizeof head) == sizeof head && memcmp(head.e_ident, ELFMAG, SELFMAG) == 0;

    if (fd >= 0)
        close(fd);
    return is_elf && head.e_type == ET_CORE;
}

static bool is_temporary_file(int folder, const char *name)
{
    static const char *const patterns[] = { "*.tmp", "*.temp", "*.bak", "*~", "*.sw[op]", ".DS_Store", "Thumbs.db", "*.pyc" };
    static const char *const cores[] = { "core", "core.[0-9]*" };
    str text = str_from(name);

    return is_one_of(text, patterns, N_ELEMENTS(patterns)) || (is_one_of(text, cores, N_ELEMENTS(cores)) && is_core_dump(folder, name));
}

/* What others keep account of. */
static bool is_left_alone(str name)
{
    static const char *const names[] = { ".git", ".hg", ".svn", ".clawdbot" };

    return is_one_of(name, names, N_ELEMENTS(names));
}

/* ---- planning ---- */

struct planning { struct file_job *job; size_t n, n_odd, n_more; };

static void add_line(struct planning *p, str path, const char *end, int64_t size, int64_t changed_ms)
{
    char when[TIME_TEXT_SIZE];

    for (size_t i = 0; i < path.len; i++)
        if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f) {
            p->n_odd++;
            return;
        }
    if (!utf8_valid(path))
        p->n_odd++;
    else if (p->n == FILES_MAX)
        p->n_more++;
    else
        buf_addf(&p->job->text, "%s%.*s%s\t%" PRId64 "\t%s", p->n++ ? "\n" : "", STR(path), end, size, time_text(when, changed_ms));
}

/* False: not this, but maybe what is in it. */
static bool plan_folder(struct planning *p, const struct walk_entry *e)
{
    struct tree_size size;

    if (!is_temporary_folder(str_from(e->name)))
        return false;
    if (tree_measure(e->folder, e->name, &size) == OK)
        add_line(p, e->path, "/", size.bytes, size.newest_ms);
    else
        p->n_odd++;
    return true;
}

static void plan_file(struct planning *p, const struct walk_entry *e)
{
    struct stat st;

    if (is_temporary_file(e->folder, e->name) && fstatat(e->folder, e->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        add_line(p, e->path, "", (int64_t)st.st_size, tree_changed_ms(&st));
}

/* Lines of their own, and without tabs: apply passes over them. */
static void add_notes(const struct planning *p, const struct walk *walk)
{
    struct buf *out = &p->job->text;

    if (p->n == 0)
        buf_add(out, S("Nothing temporary is there."));
    if (p->n_more)
        buf_addf(out, "\n[and %zu more: plan again when these are removed]", p->n_more);
    if (p->n_odd)
        buf_addf(out, "\n[%zu are left out: their names cannot be written in a line, or they cannot be read]", p->n_odd);
    if (walk->stopped)
        buf_addf(out, "\n[not all was looked at: %s; narrow it with path]", walk->stopped);
}

static enum err plan(struct file_job *job)
{
    CLEANUP(walk_done) struct walk walk = { 0 };
    struct planning p = { .job = job };
    struct walk_entry e;

    TRY(walk_start(&walk, &job->workspace, job->path));
    while (walk_next(&walk, &e)) {
        if (e.kind == WALK_FILE)
            plan_file(&p, &e);
        else if (e.kind == WALK_FOLDER && !is_left_alone(str_from(e.name)) && !plan_folder(&p, &e))
            walk_into(&walk);
    }
    add_notes(&p, &walk);
    return buf_check(&job->text, "the list");
}

/* ---- applying ---- */

struct target { const char *path, *name; int64_t size; str changed; bool is_folder; };

struct outcome { size_t n_removed, n_left; int64_t bytes; struct buf why; };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* The folder that it is in, step by step: not through a link, nor into what is left alone.  Cuts the path at its last slash. */
static enum err open_parent(const struct workspace *w, char *path, int *ret_fd, const char **ret_name)
{
    CLEANUP(close_fd) int at = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);

    for (char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        *slash = '\0';
        if (is_left_alone(str_from(path)) || strcmp(path, "..") == 0)
            return failed(ERR_INPUT, "it is in %s", path);
        int next = openat(at, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (next < 0)
            return failed(ERR_NOT_FOUND, "it is no longer there");
        close(at);
        at = next;
    }
    *ret_name = path;
    *ret_fd = at;
    at = -1;
    return OK;
}

static bool is_as_planned(const struct target *t, int64_t size, int64_t changed_ms)
{
    char when[TIME_TEXT_SIZE];

    return size == t->size && str_eq(t->changed, str_from(time_text(when, changed_ms)));
}

static enum err remove_folder(int parent, const struct target *t)
{
    struct tree_size size;

    if (!is_temporary_folder(str_from(t->name)))
        return failed(ERR_INPUT, "it is not temporary");
    TRY(tree_measure(parent, t->name, &size));
    if (!is_as_planned(t, size.bytes, size.newest_ms))
        return failed(ERR_CONFLICT, "it has changed");
    return tree_remove(parent, t->name);
}

static enum err remove_file(int parent, const struct target *t)
{
    struct stat st;

    if (fstatat(parent, t->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return failed(ERR_NOT_FOUND, "it is no longer there");
    if (!S_ISREG(st.st_mode) || !is_temporary_file(parent, t->name))
        return failed(ERR_INPUT, "it is not temporary");
    if (!is_as_planned(t, (int64_t)st.st_size, tree_changed_ms(&st)))
        return failed(ERR_CONFLICT, "it has changed");
    return unlinkat(parent, t->name, 0) == 0 ? OK : failed(ERR_IO, "it cannot be removed");
}

static enum err remove_target(struct file_job *job, struct target *t)
{
    CLEANUP(close_fd) int parent = -1;
    char *path = arena_c(job->arena, str_from(t->path));

    TRY(open_parent(&job->workspace, path, &parent, &t->name));
    return t->is_folder ? remove_folder(parent, t) : remove_file(parent, t);
}

/* False: it is no line of a plan. */
static bool parse_target(struct file_job *job, str line, struct target *out)
{
    str path, size, rest = str_trim(line);
    struct target t = { 0 };

    if (!str_split(&rest, '\t', &path) || !str_split(&rest, '\t', &size) || str_i64(size, &t.size) || rest.len == 0)
        return false;
    t.is_folder = str_ends(path, S("/"));
    t.changed = rest;
    if (workspace_relative(&job->workspace, job->arena, path, &t.path) || strcmp(t.path, ".") == 0)
        return false;
    *out = t;
    return true;
}

static void apply_line(struct file_job *job, str line, struct outcome *o)
{
    struct target t;

    if (!parse_target(job, line, &t))
        return;
    if (remove_target(job, &t) == OK) {
        o->n_removed++;
        o->bytes += t.size;
    } else if (o->n_left++ < TOLD_MAX) {
        buf_addf(&o->why, "\nleft: %s: %s", t.path, failed_text());
    }
}

static void show_outcome(struct file_job *job, const struct outcome *o)
{
    if (o->n_removed + o->n_left == 0)
        buf_add(&job->text, S("Nothing to remove."));
    else
        buf_addf(&job->text, "%zu removed, %" PRId64 " bytes freed.%s", o->n_removed, o->bytes, buf_c(&o->why));
    if (o->n_left > TOLD_MAX)
        buf_addf(&job->text, "\n[and %zu more are left]", o->n_left - TOLD_MAX);
}

static enum err apply(struct file_job *job)
{
    const json_t *files = json_at(job->arguments, "files"), *line;
    struct outcome o = { 0 };
    size_t i;

    if (json_array_size(files) > FILES_MAX + TOLD_MAX)
        return failed(ERR_LIMIT, "files: at most %d at a time", FILES_MAX);
    json_array_foreach(files, i, line)
        apply_line(job, json_strval(line), &o);
    show_outcome(job, &o);
    buf_done(&o.why);
    return OK;
}

static enum err clean_files_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, strcmp(json_text(arguments, "action"), "apply") == 0 ? apply : plan, out);
}

const struct tool tool_clean_files = {
    .name = "clean_files",
    .description = "Temporary files (*.tmp, *.bak, *~, caches of Python, core dumps, ...): plan lists them, apply removes those of "
                   "the lines it is given that have not changed.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"plan\",\"apply\"],\"description\":\"plan if absent\"},"
              "\"path\":{\"type\":\"string\",\"description\":\"plan: folder to look in; the workspace if absent\"},"
              "\"files\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"apply: whole lines of the plan\"}}}",
    .risk = RISK_WRITE, .reads = READS_PATH, .repeatable = true, .run = clean_files_run,
};
