// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/utf8.h"
#include "runtime/clock.h"
#include "tool/archive_plan.h"
#include "tool/archive_rules.h"
#include "tool/file_job.h"
#include "tool/provenance.h"
#include "tool/walk.h"

enum { SHOWN_MAX = 50, NAMES_TRIED_MAX = 1000 };

/* ---- planning ---- */

struct planning {
    struct file_job     *job;
    struct archive_rules rules;
    const char          *target;
    struct map           taken;         /* new places */
    struct archive_plan  plan;
    size_t               cap, n_placed, n_odd;     /* files in their place already; with names that cannot be written down */
};

/* Is there something, or will there be? */
static bool is_taken(const struct planning *p, str path)
{
    struct stat st;
    const char *name;
    int folder;

    if (map_get(&p->taken, path))
        return true;
    if (workspace_open_parent(&p->job->workspace, path.p, PARENTS_EXIST, &folder, &name))
        return false;
    bool there = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

    close(folder);
    return there;
}

/* "photo.jpg", else "photo (2).jpg" and so on; NO_STR when all are taken. */
static str free_name(const struct planning *p, str folder, str name)
{
    struct arena *a = p->job->arena;
    size_t dot = name.len;

    while (dot > 1 && name.p[dot - 1] != '.')
        dot--;
    str stem = dot > 1 ? str_take(name, dot - 1) : name, end = dot > 1 ? str_skip(name, dot - 1) : NO_STR;
    str path = str_from(arena_printf(a, "%.*s/%.*s", STR(folder), STR(name)));

    for (int i = 2; is_taken(p, path); i++) {
        if (i > NAMES_TRIED_MAX)
            return NO_STR;
        path = str_from(arena_printf(a, "%.*s/%.*s (%d)%.*s", STR(folder), STR(stem), i, STR(end)));
    }
    return path;
}

/* How many folders on the way are still to be made. */
static int64_t new_folders(const struct planning *p, str path)
{
    char *folder = arena_c(p->job->arena, path), *slash;
    int64_t n = 0;

    for (; (slash = strrchr(folder, '/')); n++) {
        int fd;

        *slash = '\0';
        if (workspace_open_at(&p->job->workspace, folder, O_PATH | O_DIRECTORY, &fd) == OK) {
            close(fd);
            break;
        }
    }
    return n;
}

static enum err add_move(struct planning *p, str from, str to, const struct stat *st)
{
    struct archive_plan *plan = &p->plan;

    if (plan->n == ARCHIVE_MOVES_MAX)
        return failed(ERR_LIMIT, "more than %d files are to be moved: narrow it with path or rules", ARCHIVE_MOVES_MAX);
    if (plan->n == p->cap) {
        struct archive_move *more = arena_alloc(p->job->arena, (p->cap = p->cap * 2 + 64) * sizeof *more);

        if (plan->n)
            memcpy(more, plan->moves, plan->n * sizeof *more);
        plan->moves = more;
    }
    plan->moves[plan->n++] = (struct archive_move){
        arena_str(p->job->arena, from), to, (int64_t)st->st_ino, (int64_t)st->st_size,
        (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec, new_folders(p, to),
    };
    map_put(&p->taken, to, p);
    return OK;
}

static str in_target(const struct planning *p, str folder)
{
    if (strcmp(p->target, ".") == 0)
        return folder;
    return str_from(arena_printf(p->job->arena, "%s/%.*s", p->target, STR(folder)));
}

static enum err plan_file(struct planning *p, const struct walk_entry *e)
{
    struct stat st;
    str name = str_from(e->name), folder;

    if (!utf8_valid(e->path) || fstatat(e->folder, e->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        p->n_odd++;
        return OK;
    }
    struct archive_file f = { name, (int64_t)st.st_size, (int64_t)st.st_mtim.tv_sec * 1000 };

    folder = archive_rules_place(&p->rules, p->job->arena, &f);
    if (folder.len == 0)
        return OK;
    folder = in_target(p, folder);
    if (str_eq(e->path, str_from(arena_printf(p->job->arena, "%.*s/%.*s", STR(folder), STR(name))))) {
        p->n_placed++;
        return OK;
    }
    str to = free_name(p, folder, name);

    return to.len ? add_move(p, e->path, to, &st) : failed(ERR_LIMIT, "%.*s: there are too many of this name", STR(name));
}

/* What begins with a dot is not for sorting, nor is what links lead to. */
static enum err look_at_all(struct planning *p, struct walk *walk)
{
    bool deep = json_flag(p->job->arguments, "recursive");
    struct walk_entry e;

    TRY(walk_start(walk, &p->job->workspace, p->job->path));
    while (walk_next(walk, &e)) {
        if (e.name[0] == '.')
            continue;
        if (e.kind == WALK_FOLDER && deep)
            walk_into(walk);
        else if (e.kind == WALK_FILE)
            TRY(plan_file(p, &e));
    }
    return OK;
}

static void show_plan(const struct planning *p, const struct walk *walk)
{
    struct buf *out = &p->job->text;
    const struct archive_plan *plan = &p->plan;

    for (size_t i = 0; i < plan->n && i < SHOWN_MAX; i++) {
        walk_add_path(out, plan->moves[i].from);
        buf_add(out, S(" -> "));
        walk_add_path(out, plan->moves[i].to);
        buf_add_char(out, '\n');
    }
    if (plan->n > SHOWN_MAX)
        buf_addf(out, "[and %zu more: " ARCHIVE_FOLDER "/%s.plan has all]\n", plan->n - SHOWN_MAX, plan->id);
    if (p->n_placed)
        buf_addf(out, "[%zu files are in their place already]\n", p->n_placed);
    if (p->n_odd)
        buf_addf(out, "[%zu files are left out: their names are not UTF-8, or they are gone]\n", p->n_odd);
    if (walk->stopped)
        buf_addf(out, "[not all was looked at: %s; narrow it with path]\n", walk->stopped);
    if (plan->n)
        buf_addf(out, "Plan %s: %zu files would be moved; nothing is yet. Apply it with action=apply, id=%s.", plan->id, plan->n, plan->id);
    else
        buf_add(out, S("Nothing is to be moved."));
}

static void map_donep(struct planning *p)
{
    map_done(&p->taken);
}

static enum err make_plan(struct file_job *job)
{
    CLEANUP(map_donep) struct planning p = { .job = job };
    CLEANUP(walk_done) struct walk walk = { 0 };
    str target = json_text_str(job->arguments, "target");

    p.plan.path = str_from(job->path);
    p.plan.made_ms = clock_wall_ms();
    TRY(archive_rules_parse(job->arena, job->arguments, p.plan.made_ms, &p.rules));
    TRY(workspace_relative(&job->workspace, job->arena, target.len ? target : str_from(job->path), &p.target));
    TRY(look_at_all(&p, &walk));
    if (p.plan.n)
        TRY(archive_plan_save(&job->workspace, job->arena, &p.plan));
    show_plan(&p, &walk);
    return OK;
}

/* ---- applying, undoing ---- */

static void show_outcome(struct file_job *job, const struct archive_outcome *o, const char *done)
{
    buf_addf(&job->text, "%zu files were %s", o->n_moved, done);
    if (o->n_needless)
        buf_addf(&job->text, ", %zu had not been moved", o->n_needless);
    if (o->n_failed)
        buf_addf(&job->text, "; %zu could not be:\n%s", o->n_failed, buf_c(&o->why));
}

static enum err apply(struct file_job *job)
{
    struct archive_outcome o = { 0 };
    struct archive_plan p;

    TRY(archive_plan_load(&job->workspace, job->arena, json_text_str(job->arguments, "id"), "plan", &p));
    enum err e = archive_plan_apply(&job->workspace, job->arena, &p, &o);

    if (e == OK) {
        show_outcome(job, &o, "moved");
        buf_addf(&job->text, "\nTake it back with action=undo, id=%s.", p.id);
    }
    buf_done(&o.why);
    return e;
}

static enum err undo(struct file_job *job)
{
    struct archive_outcome o = { 0 };
    struct archive_plan p;

    TRY(archive_plan_load(&job->workspace, job->arena, json_text_str(job->arguments, "id"), "run", &p));
    enum err e = archive_plan_undo(&job->workspace, job->arena, &p, &o);

    if (e == OK)
        show_outcome(job, &o, "moved back");
    buf_done(&o.why);
    return e;
}

static enum err list(struct file_job *job)
{
    TRY(archive_plan_list(&job->workspace, job->arena, &job->text));
    if (job->text.len == 0)
        buf_add(&job->text, S("[no plans]"));
    return OK;
}

/* ---- whose words the files hold ---- */

static enum err read_plan(struct file_job *job)
{
    bool back = strcmp(json_text(job->arguments, "action"), "undo") == 0;
    struct archive_plan p;

    TRY(archive_plan_load(&job->workspace, job->arena, json_text_str(job->arguments, "id"), back ? "run" : "plan", &p));
    job->text.max = SIZE_MAX / 2;
    for (size_t i = 0; i < p.n; i++) {
        buf_add(&job->text, back ? p.moves[i].to : p.moves[i].from);
        buf_add_char(&job->text, '\0');
        buf_add(&job->text, back ? p.moves[i].from : p.moves[i].to);
        buf_add_char(&job->text, '\0');
    }
    return OK;
}

/* A mark goes along with its file: it is there before the file is. */
static enum err take_marks_along(const struct tool_context *cx, const json_t *arguments) AWAITS
{
    struct tool_result paths;
    str from, to;

    if (provenance_of(cx->arena, ".").len == 0)
        return OK;
    TRY(file_job_run(cx, arguments, read_plan, &paths));
    if (paths.is_error)         /* what is wrong with it is said by whoever uses it */
        return OK;
    for (str rest = paths.text; rest.len && str_split(&rest, '\0', &from) && str_split(&rest, '\0', &to); ) {
        str whose = provenance_of(cx->arena, from.p);

        if (whose.len)
            TRY(provenance_mark(to, whose));
    }
    return OK;
}

/* Names of others' files are their words too. */
static str words_in_names(const struct tool_context *cx, const json_t *arguments) AWAITS
{
    str path = json_text_str(arguments, "path");
    str whose = provenance_of(cx->arena, path.len ? provenance_resolve(cx->arena, cx->workspace, path) : ".");

    return whose.len ? S("names of others' files") : NO_STR;
}

static enum err archive_files_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    static const struct { const char *action; enum err (*work)(struct file_job *); } actions[] = {
        { "plan", make_plan }, { "apply", apply }, { "undo", undo }, { "list", list },
    };
    const char *action = json_text(arguments, "action");
    size_t i = 0;

    while (action[0] && strcmp(action, actions[i].action) != 0)     /* the schema lets no other in */
        i++;
    if (actions[i].work == apply || actions[i].work == undo)
        TRY(take_marks_along(cx, arguments));
    TRY(file_job_run(cx, arguments, actions[i].work, out));
    if (actions[i].work == make_plan)
        out->taint = words_in_names(cx, arguments);
    return OK;
}

const struct tool tool_archive_files = {
    .name = "archive_files",
    .description = "Sorts the files of a folder into folders by type, date, size or name: plan shows what would be moved, apply does "
                   "it, undo takes it back. Nothing is ever written over.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"plan\",\"apply\",\"undo\",\"list\"],\"description\":\"plan if absent\"},"
              "\"id\":{\"type\":\"string\",\"description\":\"Of the plan to apply or undo\"},"
              "\"path\":{\"type\":\"string\",\"description\":\"Folder to sort, relative to the workspace; "
              "the workspace itself if absent\"},"
              "\"target\":{\"type\":\"string\",\"description\":\"Folder that the new folders are made in; path if absent\"},"
              "\"by\":{\"type\":\"string\",\"enum\":[\"type\",\"date\",\"size\"],"
              "\"description\":\"Without rules: pictures, documents and so on; year/month; or small, medium, large\"},"
              "\"rules\":{\"type\":\"array\",\"description\":\"The first that fits decides; a file that none fits stays\",\"items\":{"
              "\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"to\"],\"properties\":{"
              "\"to\":{\"type\":\"string\",\"description\":\"Folder; {type} {ext} {year} {month} {day} {size} are filled in\"},"
              "\"match\":{\"type\":\"string\",\"description\":\"Pattern of the name, such as *.jpg\"},"
              "\"older_than\":{\"type\":\"string\",\"description\":\"Not changed since: an age such as 30d, or a time\"},"
              "\"newer_than\":{\"type\":\"string\"},\"min_size\":{\"type\":\"integer\",\"minimum\":0},"
              "\"max_size\":{\"type\":\"integer\",\"minimum\":0}}}},"
              "\"recursive\":{\"type\":\"boolean\",\"description\":\"Also the files of folders below\"}}}",
    .risk = RISK_WRITE, .repeatable = false, .run = archive_files_run,
};
