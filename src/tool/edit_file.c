// SPDX-License-Identifier: Apache-2.0
#include "tool/file_job.h"
#include "tool/patch.h"

enum { FILE_MAX = 8 << 20 };

struct edit { str old_text, new_text; bool all; };

static size_t count(str text, str what)
{
    size_t n = 0, at;

    for (; (at = str_find(text, what)) != STR_NONE; text = str_skip(text, at + what.len))
        n++;
    return n;
}

static void replace(str text, const struct edit *e, struct buf *out)
{
    size_t at;

    while ((at = str_find(text, e->old_text)) != STR_NONE) {
        buf_add(out, str_take(text, at));
        buf_add(out, e->new_text);
        text = str_skip(text, at + e->old_text.len);
        if (!e->all)
            break;
    }
    buf_add(out, text);
}

/* Anything but exactly one match would be a guess about what was meant. */
static enum err check_matches(const struct file_job *job, const struct edit *e, size_t n)
{
    if (n == 0)
        return failed(ERR_NOT_FOUND, "%s: old_text is not in it; it must match exactly, spaces and line ends included", job->path);
    if (n > 1 && !e->all)
        return failed(ERR_CONFLICT, "%s: old_text is in it %zu times; give more of what stands around it, or set replace_all",
                      job->path, n);
    return OK;
}

static enum err replace_text(struct file_job *job)
{
    CLEANUP(buf_done) struct buf after = { .max = 2 * (size_t)FILE_MAX };
    struct edit e = {
        .old_text = json_text_str(job->arguments, "old_text"), .new_text = json_text_str(job->arguments, "new_text"),
        .all = json_flag(job->arguments, "replace_all"),
    };
    str before;
    size_t n;

    if (e.old_text.len == 0)
        return failed(ERR_INPUT, "old_text is empty; write_file makes a new file");
    if (str_eq(e.old_text, e.new_text))
        return failed(ERR_INPUT, "old_text and new_text are the same");
    TRY(file_job_read(job, FILE_MAX, &before));
    n = count(before, e.old_text);
    TRY(check_matches(job, &e, n));
    replace(before, &e, &after);
    TRY(buf_check(&after, "the edited file"));
    TRY(workspace_replace(&job->workspace, job->path, buf_str(&after)));
    buf_addf(&job->text, "replaced %zu %s in %s", n, n == 1 ? "place" : "places", job->path);
    return OK;
}

static void add_places(const struct patch *p, struct buf *out)
{
    enum { TOLD = 20 };

    for (size_t i = 0; i < p->n && i < TOLD; i++)
        buf_addf(out, "%s%zu", i ? ", " : p->n > 1 ? ", at lines " : ", at line ", p->hunks[i].found);
    if (p->n > TOLD)
        buf_add(out, S(", ..."));
}

static enum err apply_diff(struct file_job *job)
{
    CLEANUP(buf_done) struct buf after = { .max = 2 * (size_t)FILE_MAX };
    struct patch p;
    str before;

    TRY(patch_parse(job->arena, json_text_str(job->arguments, "diff"), &p));
    TRY(file_job_read(job, FILE_MAX, &before));
    TRY(patch_apply(job->arena, &p, before, &after));
    TRY(workspace_replace(&job->workspace, job->path, buf_str(&after)));
    buf_addf(&job->text, "applied %zu %s to %s", p.n, p.n == 1 ? "hunk" : "hunks", job->path);
    add_places(&p, &job->text);
    return OK;
}

static enum err edit(struct file_job *job)
{
    const json_t *a = job->arguments;
    bool by_text = json_at(a, "old_text") && json_at(a, "new_text");

    if (!json_at(a, "diff") && by_text)
        return replace_text(job);
    if (json_at(a, "diff") && !json_at(a, "old_text") && !json_at(a, "new_text") && !json_at(a, "replace_all"))
        return apply_diff(job);
    return failed(ERR_INPUT, "give old_text and new_text, or diff alone");
}

static enum err edit_file_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, edit, out);
}

/* Not repeatable: the new text may hold the old one. */
const struct tool tool_edit_file = {
    .name = "edit_file",
    .description = "Changes a text file of the workspace: replaces old_text, which must match exactly and be there once, by "
                   "new_text, or applies a unified diff, all of it or nothing.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\"],"
              "\"properties\":{"
              "\"path\":{\"type\":\"string\",\"description\":\"Path of the file, relative to the workspace\"},"
              "\"old_text\":{\"type\":\"string\",\"description\":\"What stands there now\"},"
              "\"new_text\":{\"type\":\"string\",\"description\":\"What shall stand there\"},"
              "\"replace_all\":{\"type\":\"boolean\",\"description\":\"Replace every place, not just one\"},"
              "\"diff\":{\"type\":\"string\",\"description\":\"Instead: a unified diff of this file; its context must match "
              "exactly, its line numbers need not\"}}}",
    .risk = RISK_WRITE, .reads = READS_PATH, .repeatable = false, .run = edit_file_run,
};
