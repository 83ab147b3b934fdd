// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "runtime/clock.h"
#include "tool/file_job.h"
#include "tool/glob.h"
#include "tool/walk.h"

enum { PAGE = 200 };

struct wanted {
    str            pattern;
    enum glob_dots dots;
    const char    *type;        /* "": any */
    int64_t        newer_ms;    /* 0: any */
    int64_t        min_size, max_size;
    int64_t        first, last; /* of the page, from 1 */
    int          (*order)(const void *, const void *);  /* of struct found; NULL: by path, as they come */
};

struct found { str path; enum walk_kind kind; int64_t size, modified_ms; };

/* ---- what is looked for ---- */

/* Like names, so that those of one size or time have an order too. */
static int by_path(const struct found *x, const struct found *y)
{
    return str_cmp(x->path, y->path);
}

static int largest_first(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    return x->size > y->size ? -1 : x->size < y->size ? 1 : by_path(x, y);
}

static int newest_first(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    return x->modified_ms > y->modified_ms ? -1 : x->modified_ms < y->modified_ms ? 1 : by_path(x, y);
}

static enum err parse(const json_t *arguments, struct wanted *out)
{
    struct wanted w = {
        .pattern = json_text_str(arguments, "pattern"), .type = json_text(arguments, "type"),
        .dots = json_flag(arguments, "hidden") ? GLOB_DOTS_SHOWN : GLOB_DOTS_HIDDEN,
        .min_size = json_int(arguments, "min_size", 0), .max_size = json_int(arguments, "max_size", INT64_MAX),
        .first = json_int(arguments, "offset", 1),
    };
    str sort = json_text_str(arguments, "sort"), newer = json_text_str(arguments, "newer_than");
    int64_t page = json_int(arguments, "limit", PAGE);

    while (str_eat(&w.pattern, S("./")))
        continue;
    w.last = w.first > INT64_MAX - page ? INT64_MAX : w.first + page - 1;
    w.order = str_eq(sort, S("size")) ? largest_first : str_eq(sort, S("time")) ? newest_first : NULL;
    TRY(glob_check(w.pattern));
    if (newer.len && time_or_age_parse(newer, clock_wall_ms(), &w.newer_ms))
        return failed_in(ERR_INPUT, "newer_than: ");
    *out = w;
    return OK;
}

static bool has_type(const char *type, enum walk_kind k)
{
    return !*type || (strcmp(type, "file") == 0 && k == WALK_FILE) || (strcmp(type, "folder") == 0 && k == WALK_FOLDER)
        || (strcmp(type, "link") == 0 && k == WALK_LINK);
}

static int64_t modified_ms(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static bool matches(const struct wanted *w, const struct walk_entry *e, struct found *out)
{
    bool by_size = w->min_size > 0 || w->max_size < INT64_MAX;
    struct stat st;

    if (!has_type(w->type, e->kind) || !glob_match(w->pattern, e->below, w->dots))
        return false;
    if (fstatat(e->folder, e->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *out = (struct found){ e->path, e->kind, e->kind == WALK_FILE ? (int64_t)st.st_size : 0, modified_ms(&st) };
    if (by_size && (e->kind != WALK_FILE || out->size < w->min_size || out->size > w->max_size))
        return false;
    return out->modified_ms >= w->newer_ms || w->newer_ms == 0;
}

static void add_found(struct buf *out, const struct found *f)
{
    char when[TIME_TEXT_SIZE];

    walk_add_path(out, f->path);
    if (f->kind == WALK_FOLDER)
        buf_add(out, S("/"));
    else if (f->kind == WALK_FILE)
        buf_addf(out, "  (%" PRId64 " bytes, %.16sZ)", f->size, time_text(when, f->modified_ms));
    else
        buf_add(out, f->kind == WALK_LINK ? S("  (a link)") : S("  (not a regular file)"));
    buf_add_char(out, '\n');
}

static void add_notes(const struct wanted *w, const struct walk *walk, int64_t n, struct buf *out)
{
    if (n > w->last)
        buf_addf(out, "[%" PRId64 " to %" PRId64 "; it goes on: offset=%" PRId64 "]", w->first, w->last, w->last + 1);
    else if (n == 0)
        buf_add(out, S("[nothing found]"));
    if (walk->stopped)
        buf_addf(out, "\n[not all was looked at: %s; narrow it with path]", walk->stopped);
    if (walk->not_open)
        buf_addf(out, "\n[%zu folders could not be opened]", walk->not_open);
}

/* ---- what is found ---- */

struct finds { struct file_job *job; struct wanted w; struct found *kept; size_t n, cap; };

static void keep(struct finds *all, const struct found *f)
{
    if (all->n == all->cap) {
        struct found *more = arena_alloc(all->job->arena, (all->cap = all->cap * 2 + 256) * sizeof *more);

        if (all->n)
            memcpy(more, all->kept, all->n * sizeof *more);
        all->kept = more;
    }
    all->kept[all->n] = *f;
    all->kept[all->n++].path = arena_str(all->job->arena, f->path);
}

static void take(struct finds *all, const struct found *f)
{
    const struct wanted *w = &all->w;

    if (w->order) {
        keep(all, f);
        return;
    }
    all->n++;
    if ((int64_t)all->n >= w->first && (int64_t)all->n <= w->last)
        add_found(&all->job->text, f);
}

static void add_kept(struct finds *all)
{
    if (all->n)
        qsort(all->kept, all->n, sizeof *all->kept, all->w.order);
    for (size_t i = (size_t)all->w.first - 1; i < all->n && (int64_t)i < all->w.last; i++)
        add_found(&all->job->text, &all->kept[i]);
}

/* By name, whatever is behind the page need not be looked at. */
static bool is_enough(const struct finds *all)
{
    return !all->w.order && (int64_t)all->n > all->w.last;
}

static enum err find(struct file_job *job)
{
    CLEANUP(walk_done) struct walk walk = { 0 };
    struct finds all = { .job = job };
    const struct wanted *w = &all.w;
    struct walk_entry e;
    struct found f;

    TRY(parse(job->arguments, &all.w));
    TRY(walk_start(&walk, &job->workspace, job->path));
    while (!is_enough(&all) && walk_next(&walk, &e)) {
        if (matches(w, &e, &f))
            take(&all, &f);
        if (e.kind == WALK_FOLDER && glob_may_match_below(w->pattern, e.below, w->dots))
            walk_into(&walk);
    }
    if (all.n > 0 && (int64_t)all.n < w->first)
        return failed(ERR_INPUT, "offset: only %zu are found", all.n);
    if (w->order)
        add_kept(&all);
    add_notes(w, &walk, (int64_t)all.n, &job->text);
    return buf_check(&job->text, "the list");
}

static enum err find_files_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, find, out);
}

const struct tool tool_find_files = {
    .name = "find_files",
    .description = "Finds files and folders of the workspace by name, with sizes and times; it follows no links.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"pattern\"],\"properties\":{"
              "\"pattern\":{\"type\":\"string\",\"description\":\"*.c: that name in any folder; src/**/*.h: that path below "
              "`path`; * and ? do not match a slash, [a-z] is one character, no braces\"},"
              "\"path\":{\"type\":\"string\",\"description\":\"Folder to look in, relative to the workspace; all of it if absent\"},"
              "\"type\":{\"type\":\"string\",\"enum\":[\"file\",\"folder\",\"link\"],\"description\":\"Any if absent\"},"
              "\"newer_than\":{\"type\":\"string\","
              "\"description\":\"Changed since then: an age such as 2d or 3h, or a time such as 2026-01-31T12:00:00Z\"},"
              "\"min_size\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"Files of at least so many bytes\"},"
              "\"max_size\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"Files of at most so many bytes\"},"
              "\"hidden\":{\"type\":\"boolean\",\"description\":\"Also what begins with a dot, such as .git\"},"
              "\"sort\":{\"type\":\"string\",\"enum\":[\"name\",\"size\",\"time\"],"
              "\"description\":\"By path if absent; the largest or the newest first\"},"
              "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"description\":\"How many, 200 if absent\"},"
              "\"offset\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"First one to list, from 1\"}}}",
    .risk = RISK_READ, .reads = READS_PATH, .repeatable = true, .run = find_files_run,
};
