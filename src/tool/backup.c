// SPDX-License-Identifier: Apache-2.0
/* backup.c: backups of the workspace.  tar packs and unpacks in the sandbox, so that whatever is in an archive or becomes of the folders
 * meanwhile, nothing outside of the workspace is read or written. */
#include <inttypes.h>
#include <string.h>

#include "base/random.h"
#include "runtime/clock.h"
#include "runtime/zones.h"
#include "tool/backup_store.h"
#include "tool/command.h"

struct call {
    const struct tool_context *cx;
    const json_t       *arguments;
    struct tool_result *out;
    bool                differs;    /* tar has said so */
};

/* What fails on the way is a result, which is in c->out then: whoever goes on looks there first. */
static enum err step(struct call *c, const json_t *arguments, enum err (*work)(struct file_job *), str *ret_text) AWAITS
{
    TRY(file_job_run(c->cx, arguments, work, c->out));
    *ret_text = c->out->text;
    return OK;
}

/* `errors_from`: an exit code of that and above is one.  1 may be files that change while they are read. */
static enum err tar(struct call *c, const char *const *argv, str input, int errors_from) AWAITS
{
    CLEANUP(json_decrefp) json_t *nothing = json_object();
    struct sandbox_job job;
    struct sandbox_outcome o;

    TRY(command_job(c->cx, nothing, &job, c->out));
    if (c->out->is_error)
        return OK;
    job.argv = argv;
    job.input = input;
    job.network = NULL;
    job.limits.wall_ms = job.limits.cpu_ms = SANDBOX_WALL_MAX_MS;
    TRY(command_run(&job, &o, c->out));
    c->differs |= o.exit_code == 1;
    if (command_was_missing(&o, "tar"))
        *c->out = tool_refusal(c->cx, "tar is not installed on this machine");
    else if (o.timed_out || o.exit_code >= errors_from)
        *c->out = tool_refusal(c->cx, "tar did not do it (its limits are sandbox.file_size and %d s): %.*s\n%s", SANDBOX_WALL_MAX_MS / 1000,
                               STR(str_take(o.output, 400)), command_end(c->cx->arena, &job, &o));
    return OK;
}

/* Whatever was begun and is not to stay. */
static enum err discard(struct call *c, const char *key, str what) AWAITS
{
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:o}", key, json_from_str(what));
    struct tool_result ignored;

    return file_job_run(c->cx, arguments, backup_discard, &ignored);
}

/* ---- create ---- */

/* "docs-20260102-150405.tar.gz", by the clock on the wall here. */
static str new_name(struct call *c)
{
    str name = json_text_str(c->arguments, "name"), path = json_text_str(c->arguments, "path");
    str stem = backup_stem(c->cx->arena, name.len ? name : path);
    struct civil at;

    zone_civil(zones_local(), clock_wall_ms(), &at);
    return str_from(arena_printf(c->cx->arena, "%.*s-%04d%02d%02d-%02d%02d%02d" BACKUP_END, STR(stem), at.year, at.month, at.day,
                                 at.hour, at.minute, at.second));
}

/* What was packed is read again and compared with the files. */
static enum err pack(struct call *c, const char *part, str list) AWAITS
{
    const char *file = arena_printf(c->cx->arena, "--file=%s", part);
    const char *const create[] = {
        "tar", "--create", "--gzip", file, "--null", "--verbatim-files-from", "--no-recursion", "--files-from=-", NULL,
    };
    const char *const compare[] = { "tar", "--compare", "--gzip", file, NULL };

    TRY(tar(c, create, list, 2));
    return c->out->is_error ? OK : tar(c, compare, NO_STR, 2);
}

static size_t count(str list)
{
    size_t n = 0;

    for (size_t i = 0; i < list.len; i++)
        n += list.p[i] == '\0';
    return n;
}

static enum err pack_and_keep(struct call *c, str file, str list) AWAITS
{
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:o}", "file", json_from_str(file));
    str text;

    TRY(step(c, arguments, backup_prepare, &text));
    if (c->out->is_error)
        return OK;
    enum err e = pack(c, backup_part(c->cx->arena, file), list);

    if (e == OK && !c->out->is_error)
        e = step(c, arguments, backup_finish, &text);
    if (e == OK && !c->out->is_error) {
        *c->out = (struct tool_result){ .text = str_from(arena_printf(c->cx->arena, BACKUP_FOLDER "/%.*s: %zu files and folders, %.*s, "
                                        "read back and compared%s.", STR(file), count(list), STR(text),
                                        c->differs ? "; some files changed while they were packed" : "")) };
        return OK;
    }
    TRY(e);
    return discard(c, "file", file);
}

static enum err create(struct call *c) AWAITS
{
    str path = json_text_str(c->arguments, "path"), list;

    if (path.len == 0) {
        *c->out = tool_refusal(c->cx, "path: what is to be backed up, a file or folder of the workspace (. for all of it)");
        return OK;
    }
    TRY(step(c, c->arguments, backup_collect, &list));
    if (c->out->is_error) {
        *c->out = tool_refusal(c->cx, "%.*s. Only what is in the workspace can be backed up, no folders of the system.", STR(c->out->text));
        return OK;
    }
    return pack_and_keep(c, new_name(c), list);
}

/* ---- restore ---- */

static enum err unpack(struct call *c, str file, str staging) AWAITS
{
    struct arena *a = c->cx->arena;
    const char *const extract[] = {
        "tar", "--extract", "--gzip", arena_printf(a, "--file=" BACKUP_FOLDER "/%.*s", STR(file)),
        arena_printf(a, "--directory=" BACKUP_FOLDER "/%.*s", STR(staging)), "--no-same-owner", "--keep-old-files", NULL,
    };

    return tar(c, extract, NO_STR, 1);
}

static enum err place(struct call *c, str file, str staging) AWAITS
{
    str to = json_text_str(c->arguments, "to"), n;
    const char *target = to.len ? arena_c(c->cx->arena, to)
        : arena_printf(c->cx->arena, "restored/%.*s", STR(str_take(file, file.len - strlen(BACKUP_END))));
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:o, s:s}", "staging", json_from_str(staging), "target", target);

    TRY(step(c, arguments, backup_place, &n));
    if (!c->out->is_error)
        *c->out = (struct tool_result){ .text = str_from(arena_printf(c->cx->arena, "%.*s: %.*s files and folders are in %s.", STR(file),
                                                                     STR(n), target)) };
    return OK;
}

static str new_staging(struct arena *a)
{
    unsigned char bytes[5];
    CLEANUP(buf_done) struct buf b = { 0 };

    random_bytes(bytes, sizeof bytes);
    buf_add(&b, S(".restore-"));
    buf_add_hex(&b, str_of(bytes, sizeof bytes));
    return arena_str(a, buf_str(&b));
}

static enum err restore(struct call *c) AWAITS
{
    str name = json_text_str(c->arguments, "name"), staging = new_staging(c->cx->arena), file;
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:o, s:o}", "name", json_from_str(name), "staging", json_from_str(staging));

    if (name.len == 0) {
        *c->out = tool_refusal(c->cx, "name: which backup, or of what; action list shows them");
        return OK;
    }
    TRY(step(c, arguments, backup_choose, &file));
    if (c->out->is_error)
        return OK;
    enum err e = unpack(c, file, staging);

    if (e == OK && !c->out->is_error)
        e = place(c, file, staging);
    TRY(e);
    return discard(c, "staging", staging);
}

/* ---- the tool ---- */

static enum err backup_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct call c = { .cx = cx, .arguments = arguments, .out = out };
    const char *action = json_text(arguments, "action");

    *out = (struct tool_result){ 0 };
    if (strcmp(action, "list") == 0)
        return file_job_run(cx, arguments, backup_list, out);
    return strcmp(action, "restore") == 0 ? restore(&c) : create(&c);
}

const struct tool tool_backup = {
    .name = "backup",
    .description = "Backups of files and folders of the workspace, kept in its folder backups; restoring never writes over anything.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"create\",\"list\",\"restore\"]},"
              "\"path\":{\"type\":\"string\",\"description\":\"create: file or folder\"},"
              "\"match\":{\"type\":\"string\",\"description\":\"create: only files of this pattern, such as *.log\"},"
              "\"newer_than\":{\"type\":\"string\",\"description\":\"create: only files changed since, such as 1d or a time\"},"
              "\"name\":{\"type\":\"string\",\"description\":\"Of the backup; restore: or of what it is, then the newest\"},"
              "\"to\":{\"type\":\"string\",\"description\":\"restore: folder; restored/NAME if absent\"}}}",
    .risk = RISK_WRITE, .reads = READS_PATH, .repeatable = false, .run = backup_run,
};
