// SPDX-License-Identifier: Apache-2.0
/* grep.c: searches text line by line.  A pattern comes from a model or a person: how far it may go back, how deep, and
 * how long in all is bounded, and a long line is searched in steps with a look at the clock between them. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pcre2.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "tool/file_job.h"
#include "tool/glob.h"
#include "tool/walk.h"

enum { PATTERN_MAX = 2000, PAGE = 100, PAGE_TEXT = 48 << 10, CONTEXT_MAX = 10, LINE_SHOWN = 400, FILE_MAX = 16 << 20 };
enum { MATCH_LIMIT = 1000000, DEPTH_LIMIT = 100000, HEAP_LIMIT_KIB = 32 << 10, STEP = 256, LINE_SEARCHED = 1 << 20 };

struct grep {
    struct file_job *job;
    struct walk      walk;
    pcre2_code      *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    struct buf       file, repaired;
    str              glob;
    enum glob_dots   dots;
    bool             names_only, full, shown;   /* shown: something was added */
    int64_t          context, first, n;     /* n: matches so far; names_only: files */
    size_t           binary, large, unread, cut_lines;
};

/* The file that is searched. */
struct text {
    str     path, rest;
    int64_t line;                       /* number of the latest line, from 1 */
    int64_t shown_to, after;            /* last line that was added; lines still to add behind a match */
    str     before[CONTEXT_MAX];        /* ring: the lines before, by number */
};

static void grep_done(struct grep *g)
{
    walk_done(&g->walk);
    pcre2_match_data_free(g->data);
    pcre2_match_context_free(g->limits);
    pcre2_code_free(g->code);
    buf_done(&g->file);
    buf_done(&g->repaired);
}

static enum err compile(struct grep *g, str pattern)
{
    bool literal = json_flag(g->job->arguments, "literal");
    uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_USE_OFFSET_LIMIT
        | (literal ? PCRE2_LITERAL : PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C);
    PCRE2_UCHAR why[120];
    PCRE2_SIZE at;
    int code;

    if (pattern.len == 0 || pattern.len > PATTERN_MAX)
        return failed(ERR_INPUT, "pattern: 1 to %d bytes", PATTERN_MAX);
    if (json_flag(g->job->arguments, "ignore_case"))
        options |= PCRE2_CASELESS;
    g->code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.len, options, &code, &at, NULL);
    if (!g->code) {
        pcre2_get_error_message(code, why, sizeof why);
        return failed(ERR_INPUT, "pattern: %s, at byte %zu; set literal for a text that is taken as it is", (char *)why, (size_t)at);
    }
    g->data = pcre2_match_data_create(1, NULL);
    g->limits = pcre2_match_context_create(NULL);
    if (!g->data || !g->limits)
        mem_die("pcre2");
    pcre2_set_match_limit(g->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(g->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(g->limits, HEAP_LIMIT_KIB);
    return OK;
}

/* Only from where a match may begin is bounded by the step, not where it ends. */
static enum err find_in_line(struct grep *g, const struct text *t, str line, size_t *ret_at)
{
    str subject = utf8_take(line, LINE_SEARCHED);

    g->cut_lines += subject.len < line.len;
    *ret_at = STR_NONE;
    for (size_t from = 0, to; from <= subject.len; from = to) {
        int found;

        to = from + utf8_take(str_skip(subject, from), STEP).len;
        to = to < subject.len ? to : subject.len + 1;
        pcre2_set_offset_limit(g->limits, to - 1);
        found = pcre2_match(g->code, (PCRE2_SPTR)subject.p, subject.len, from, PCRE2_NO_UTF_CHECK, g->data, g->limits);
        if (found >= 0) {
            *ret_at = pcre2_get_ovector_pointer(g->data)[0];
            return OK;
        }
        if (found != PCRE2_ERROR_NOMATCH)
            return failed(ERR_LIMIT, "%.*s:%" PRId64 ": the pattern has to try too much on this line; "
                          "make it simpler: no repeats inside repeats", STR(t->path), t->line);
        if (to <= subject.len && walk_is_late(&g->walk))
            return OK;
    }
    return OK;
}

/* The part of the line around `at`. */
static void add_line(struct grep *g, const struct text *t, int64_t number, char mark, str line, size_t at)
{
    struct buf *out = &g->job->text;
    size_t from = at > LINE_SHOWN / 2 && line.len > LINE_SHOWN ? at - LINE_SHOWN / 2 : 0;
    str shown;

    while (from > 0 && from < line.len && ((unsigned char)line.p[from] & 0xc0) == 0x80)
        from--;
    shown = utf8_take(str_skip(line, from), LINE_SHOWN);
    walk_add_path(out, t->path);
    buf_addf(out, "%c%" PRId64 "%c%s", mark, number, mark, from ? "..." : "");
    buf_add(out, shown);
    buf_add(out, from + shown.len < line.len ? S("...\n") : S("\n"));
    g->shown = true;
}

static void add_match(struct grep *g, struct text *t, str line, size_t at)
{
    int64_t from = t->line - g->context > t->shown_to ? t->line - g->context : t->shown_to + 1;

    if (g->names_only) {
        walk_add_path(&g->job->text, t->path);
        buf_add_char(&g->job->text, '\n');
        return;
    }
    from = from < 1 ? 1 : from;
    if (g->context && g->shown && from > t->shown_to + (t->shown_to > 0))
        buf_add(&g->job->text, S("--\n"));
    for (int64_t i = from; i < t->line; i++)
        add_line(g, t, i, '-', t->before[i % CONTEXT_MAX], 0);
    add_line(g, t, t->line, ':', line, at);
    t->shown_to = t->line;
    t->after = g->context;
}

/* The first match behind a page is only counted: it tells that there is more. */
static void take_match(struct grep *g, struct text *t, str line, size_t at)
{
    bool ends = g->n - g->first >= PAGE - 1 || g->job->text.len > PAGE_TEXT;

    if (g->n + 1 < g->first) {
        g->n++;
        return;
    }
    if (ends) {
        g->full = true;
        return;
    }
    g->n++;
    add_match(g, t, line, at);
}

static enum err search_text(struct grep *g, str path, str content)
{
    struct text t = { .path = path, .rest = content };
    str line;
    size_t at;

    while (!g->full && t.rest.len && str_split(&t.rest, '\n', &line)) {
        t.line++;
        if (str_ends(line, S("\r")))
            line = str_take(line, line.len - 1);
        TRY(find_in_line(g, &t, line, &at));
        if (at != STR_NONE)
            take_match(g, &t, line, at);
        else if (t.after-- > 0) {
            add_line(g, &t, t.line, '-', line, 0);
            t.shown_to = t.line;
        }
        if ((at != STR_NONE && g->names_only) || (t.line % 256 == 0 && walk_is_late(&g->walk)))
            break;
        t.before[t.line % CONTEXT_MAX] = line;
    }
    return OK;
}

/* All of it, or false: too large, or not readable to the end. */
static bool read_all(struct grep *g, int fd, const struct stat *st)
{
    ssize_t got = 1;

    buf_clear(&g->file);
    if (st->st_size > FILE_MAX) {
        g->large++;
        return false;
    }
    while (got > 0) {
        size_t room;
        char *p = buf_room(&g->file, 64 << 10, &room);

        got = room ? read(fd, p, room) : 0;
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            buf_grown(&g->file, (size_t)got);
    }
    g->unread += got < 0;
    return got == 0;
}

/* Bad UTF-8 is repaired first: then pcre2 need not check, and what is found can be shown. */
static enum err search_file(struct grep *g, str path, int fd, const struct stat *st)
{
    str content;

    if (!read_all(g, fd, st))
        return OK;
    content = buf_str(&g->file);
    if (memchr(content.p, '\0', content.len)) {
        g->binary++;
        return OK;
    }
    if (!utf8_valid(content)) {
        buf_clear(&g->repaired);
        utf8_add_repaired(&g->repaired, content);
        content = buf_str(&g->repaired);
    }
    return search_text(g, path, content);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err search_entry(struct grep *g, const struct walk_entry *e)
{
    CLEANUP(close_fd) int fd = -1;
    struct stat st;

    if (e->kind == WALK_FOLDER && glob_may_match_below(g->glob, e->below, g->dots)) {
        walk_into(&g->walk);
        return OK;
    }
    if (e->kind != WALK_FILE || !glob_match(g->glob, e->below, g->dots))
        return OK;
    if (walk_open_file(e, &fd, &st) != OK) {
        g->unread++;
        return OK;
    }
    return search_file(g, e->path, fd, &st);
}

static enum err search_folder(struct grep *g)
{
    struct walk_entry e;

    TRY(walk_start(&g->walk, &g->job->workspace, g->job->path));
    while (!g->full && walk_next(&g->walk, &e))
        TRY(search_entry(g, &e));
    return OK;
}

/* Asked for by its name, a file that cannot be searched is an error. */
static enum err search_one(struct grep *g)
{
    CLEANUP(close_fd) int fd = -1;
    struct stat st;

    TRY(workspace_open_file(&g->job->workspace, g->job->path, &fd, &st));
    walk_start_clock(&g->walk);
    TRY(search_file(g, str_from(g->job->path), fd, &st));
    if (g->binary)
        return file_job_binary(g->job, st.st_size);
    if (g->large || g->unread)
        return failed(ERR_LIMIT, "%s: %" PRId64 " bytes are too many or cannot be read; exec with grep searches it",
                      g->job->path, (int64_t)st.st_size);
    return OK;
}

static void add_notes(const struct grep *g, struct buf *out)
{
    const char *what = g->names_only ? "files" : "matches";

    if (g->full)
        buf_addf(out, "[%s %" PRId64 " to %" PRId64 "; it goes on: offset=%" PRId64 "]\n", what, g->first, g->n, g->n + 1);
    else if (g->n == 0)
        buf_add(out, S("[nothing found]\n"));
    if (g->walk.stopped)
        buf_addf(out, "[not all was searched: %s; narrow it with path or glob]\n", g->walk.stopped);
    if (g->binary || g->large)
        buf_addf(out, "[passed over: %zu binary files, %zu over %d MiB]\n", g->binary, g->large, FILE_MAX >> 20);
    if (g->unread || g->walk.not_open)
        buf_addf(out, "[%zu files and %zu folders could not be opened]\n", g->unread, g->walk.not_open);
    if (g->cut_lines)
        buf_addf(out, "[of lines over 1 MiB only the beginning was searched]\n");
}

static enum err search(struct grep *g)
{
    int fd;
    struct stat st = { 0 };

    TRY(workspace_open_at(&g->job->workspace, g->job->path, O_PATH, &fd));
    fstat(fd, &st);
    close(fd);
    return S_ISDIR(st.st_mode) ? search_folder(g) : search_one(g);
}

static enum err grep(struct file_job *job)
{
    CLEANUP(grep_done) struct grep g = {
        .job = job, .file = { .max = FILE_MAX + 1 }, .repaired = { .max = 3 * ((size_t)FILE_MAX + 1) },
        .glob = json_text_str(job->arguments, "glob"), .context = json_int(job->arguments, "context", 0),
        .first = json_int(job->arguments, "offset", 1), .names_only = json_flag(job->arguments, "names_only"),
        .dots = json_flag(job->arguments, "hidden") ? GLOB_DOTS_SHOWN : GLOB_DOTS_HIDDEN,
    };

    while (str_eat(&g.glob, S("./")))
        continue;
    if (!json_at(job->arguments, "glob"))
        g.glob = S("*");
    TRY(glob_check(g.glob));
    TRY(compile(&g, json_text_str(job->arguments, "pattern")));
    TRY(search(&g));
    if (g.n > 0 && g.n < g.first && !g.full)
        return failed(ERR_INPUT, "offset: only %" PRId64 " are found", g.n);
    add_notes(&g, &job->text);
    return buf_check(&job->text, "what was found");
}

static enum err grep_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, grep, out);
}

const struct tool tool_grep = {
    .name = "grep",
    .description = "Searches text files of the workspace line by line for a regular expression or a literal text; "
                   "a line found reads path:number:line.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"pattern\"],\"properties\":{"
              "\"pattern\":{\"type\":\"string\",\"description\":\"A Perl regular expression, or, with literal, a text\"},"
              "\"path\":{\"type\":\"string\",\"description\":\"File or folder, relative to the workspace; all of it if absent\"},"
              "\"glob\":{\"type\":\"string\",\"description\":\"Only in files of such names: *.c, or src/**/*.h below `path`\"},"
              "\"literal\":{\"type\":\"boolean\",\"description\":\"Take the pattern as it is\"},"
              "\"ignore_case\":{\"type\":\"boolean\"},"
              "\"context\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10,\"description\":\"Lines to show around each\"},"
              "\"names_only\":{\"type\":\"boolean\",\"description\":\"Only the names of the files that have it\"},"
              "\"hidden\":{\"type\":\"boolean\",\"description\":\"Also files and folders that begin with a dot\"},"
              "\"offset\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"First match to show, from 1\"}}}",
    .risk = RISK_READ, .reads = READS_PATH, .repeatable = true, .run = grep_run,
};
