// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <inttypes.h>
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
};

/* "2d": in the last two days; otherwise a point in time. */
static enum err parse_newer(str text, int64_t *ret_ms)
{
    uint64_t ago;

    if (text.len == 0) {
        *ret_ms = 0;
        return OK;
    }
    if (duration_parse(text, &ago) == OK && ago < INT64_MAX) {
        *ret_ms = clock_wall_ms() - (int64_t)ago;
        return OK;
    }
    if (time_parse(text, ret_ms) != OK)
        return failed(ERR_INPUT, "newer_than: \"%.*s\" is neither a time such as 2026-01-31T12:00:00Z nor an age such as 2d or 3h30m",
                      STR(str_take(text, 40)));
    return OK;
}

static enum err parse(const json_t *arguments, struct wanted *out)
{
    struct wanted w = {
        .pattern = json_text_str(arguments, "pattern"), .type = json_text(arguments, "type"),
        .dots = json_flag(arguments, "hidden") ? GLOB_DOTS_SHOWN : GLOB_DOTS_HIDDEN,
        .min_size = json_int(arguments, "min_size", 0), .max_size = json_int(arguments, "max_size", INT64_MAX),
        .first = json_int(arguments, "offset", 1),
    };

    while (str_eat(&w.pattern, S("./")))
        continue;
    w.last = w.first > INT64_MAX - PAGE ? INT64_MAX : w.first + PAGE - 1;
    TRY(glob_check(w.pattern));
    TRY(parse_newer(json_text_str(arguments, "newer_than"), &w.newer_ms));
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

static bool matches(const struct wanted *w, const struct walk_entry *e, struct stat *ret_st)
{
    bool by_size = w->min_size > 0 || w->max_size < INT64_MAX;

    if (!has_type(w->type, e->kind) || !glob_match(w->pattern, e->below, w->dots))
        return false;
    if (fstatat(e->folder, e->name, ret_st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (by_size && (e->kind != WALK_FILE || ret_st->st_size < w->min_size || ret_st->st_size > w->max_size))
        return false;
    return modified_ms(ret_st) >= w->newer_ms || w->newer_ms == 0;
}

static void add_entry(struct buf *out, const struct walk_entry *e, const struct stat *st)
{
    char when[TIME_TEXT_SIZE];

    walk_add_path(out, e->path);
    if (e->kind == WALK_FOLDER)
        buf_add(out, S("/"));
    else if (e->kind == WALK_FILE)
        buf_addf(out, "  (%" PRId64 " bytes, %.16sZ)", (int64_t)st->st_size, time_text(when, modified_ms(st)));
    else
        buf_add(out, e->kind == WALK_LINK ? S("  (a link)") : S("  (not a regular file)"));
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

static enum err find(struct file_job *job)
{
    CLEANUP(walk_done) struct walk walk = { 0 };
    struct walk_entry e;
    struct wanted w;
    struct stat st;
    int64_t n = 0;

    TRY(parse(job->arguments, &w));
    TRY(walk_start(&walk, &job->workspace, job->path));
    while (n <= w.last && walk_next(&walk, &e)) {
        bool wanted = matches(&w, &e, &st);

        n += wanted;
        if (wanted && n >= w.first && n <= w.last)
            add_entry(&job->text, &e, &st);
        if (e.kind == WALK_FOLDER && glob_may_match_below(w.pattern, e.below, w.dots))
            walk_into(&walk);
    }
    if (n > 0 && n < w.first)
        return failed(ERR_INPUT, "offset: only %" PRId64 " are found", n);
    add_notes(&w, &walk, n, &job->text);
    return buf_check(&job->text, "the list");
}

static enum err find_files_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, find, out);
}

const struct tool tool_find_files = {
    .name = "find_files",
    .description = "Finds files and folders of the workspace by name, sorted by path, with sizes and times; it follows no links.",
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
              "\"offset\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"First one to list, from 1\"}}}",
    .risk = RISK_READ, .reads = READS_PATH, .repeatable = true, .run = find_files_run,
};
