// SPDX-License-Identifier: Apache-2.0
#include "tool/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/file_job.h"
#include "tool/settings.h"

enum { WORDS_MAX = 128, WORDS_SIZE_MAX = 512 << 10, ENV_MAX = 32, ENV_NAME_MAX = 64, ENV_SIZE_MAX = 64 << 10 };

/* The folder is looked up as the file tools look theirs up, for the sake of a clear answer; what keeps the command
 * inside is the sandbox. */
static enum err find_folder(struct file_job *job)
{
    str cwd = json_text_str(job->arguments, "cwd");
    const char *relative;
    int fd;

    TRY(workspace_relative(&job->workspace, job->arena, cwd, &relative));
    TRY(workspace_open_at(&job->workspace, relative, O_PATH | O_DIRECTORY, &fd));
    close(fd);
    buf_add(&job->text, str_from(relative));
    return OK;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static enum err check_name(str name)
{
    bool fits = name.len > 0 && name.len <= ENV_NAME_MAX && is_letter(name.p[0]);

    for (size_t i = 1; fits && i < name.len; i++)
        fits = is_letter(name.p[i]) || (name.p[i] >= '0' && name.p[i] <= '9');
    if (!fits)
        return failed(ERR_INPUT, "env: \"%.*s\" is no name of a variable: letters, digits and _, at most %d",
                      STR(str_take(name, ENV_NAME_MAX)), ENV_NAME_MAX);
    return OK;
}

static enum err take_env(struct arena *a, const json_t *arguments, const char *const **ret_env)
{
    json_t *object = json_at(arguments, "env"), *value;
    size_t n = 0, size = 0;
    const char **env, *name;

    *ret_env = NULL;
    if (json_object_size(object) > ENV_MAX)
        return failed(ERR_INPUT, "env: at most %d variables", ENV_MAX);
    env = arena_alloc(a, (ENV_MAX + 1) * sizeof *env);
    json_object_foreach(object, name, value) {
        TRY(check_name(str_from(name)));
        if (!json_is_string(value))
            return failed(ERR_INPUT, "env.%s must be of type string", name);
        size += strlen(name) + json_string_length(value) + 2;
        if (size > ENV_SIZE_MAX)
            return failed(ERR_INPUT, "env: at most %d bytes in all; more is written to a file first", ENV_SIZE_MAX);
        env[n++] = arena_printf(a, "%s=%s", name, json_string_value(value));
    }
    *ret_env = env;
    return OK;
}

enum err command_job(const struct tool_context *cx, const json_t *arguments, struct sandbox_job *ret_job, struct tool_result *out)
{
    struct sandbox_job job = {
        .arena = cx->arena, .workspace = cx->workspace, .input = json_text_str(arguments, "stdin"),
        .limits = sandbox_limits_now(), .require = sandbox_required_now(),
    };
    int64_t seconds = json_int(arguments, "timeout", 0);

    if (seconds > 0)
        job.limits.wall_ms = (uint64_t)seconds * 1000;
    if (take_env(cx->arena, arguments, &job.env) != OK || sandbox_network_now(cx, &job.network) != OK) {
        *out = tool_refusal(cx, "%s", failed_text());
        return OK;
    }
    TRY(file_job_run(cx, arguments, find_folder, out));
    if (out->is_error)
        return OK;
    job.cwd = arena_c(cx->arena, out->text);
    *ret_job = job;
    return OK;
}

void command_set_env(struct sandbox_job *job, const char *const *more)
{
    const char **env;
    size_t n = 0, n_more = 0;

    while (job->env && job->env[n])
        n++;
    while (more[n_more])
        n_more++;
    env = arena_alloc(job->arena, (n_more + n + 1) * sizeof *env);
    memcpy(env, more, n_more * sizeof *env);
    if (n)
        memcpy(env + n_more, job->env, n * sizeof *env);
    job->env = env;
}

static enum err find_path(struct file_job *job)
{
    size_t name = str_find(str_from(job->path), S("::"));
    int fd;

    TRY(workspace_open_at(&job->workspace, arena_c(job->arena, str_take(str_from(job->path), name)), O_PATH, &fd));
    close(fd);
    buf_add(&job->text, str_from(job->root));
    if (strcmp(job->path, ".") != 0)
        buf_addf(&job->text, "/%s", job->path);
    return OK;
}

enum err command_path(const struct tool_context *cx, const json_t *arguments, const char **ret_path, struct tool_result *out)
{
    TRY(file_job_run(cx, arguments, find_path, out));
    *ret_path = arena_c(cx->arena, out->text);
    return OK;
}

enum err command_words(struct arena *a, const json_t *arguments, const char *name, const char *const *first,
                       const char *const **ret_argv)
{
    const json_t *list = json_at(arguments, name), *word;
    size_t n_first = 0, size = 0, i;
    const char **argv;

    while (first[n_first])
        n_first++;
    if (json_array_size(list) > WORDS_MAX)
        return failed(ERR_INPUT, "%s: at most %d words", name, WORDS_MAX);
    argv = arena_alloc(a, (n_first + json_array_size(list) + 1) * sizeof *argv);
    memcpy(argv, first, n_first * sizeof *argv);
    json_array_foreach(list, i, word) {
        size += json_string_length(word) + 1;
        if (json_string_length(word) > COMMAND_WORD_MAX || size > WORDS_SIZE_MAX)
            return failed(ERR_INPUT, "%s: a word has at most %d bytes, all of them %d; more is written to a file first",
                          name, COMMAND_WORD_MAX, WORDS_SIZE_MAX);
        argv[n_first + i] = arena_c(a, json_strval(word));
    }
    *ret_argv = argv;
    return OK;
}

const char *command_end(struct arena *a, const struct sandbox_job *job, const struct sandbox_outcome *o)
{
    double seconds = (double)o->ms / 1000;

    if (o->timed_out)
        return arena_printf(a, "[timed out after %.1f s and was killed]", (double)job->limits.wall_ms / 1000);
    if (o->out_of_memory)
        return arena_printf(a, "[exit status %d after %.1f s; killed for using more than %" PRIu64 " MiB of memory]",
                            o->exit_code, seconds, job->limits.memory >> 20);
    if (o->exit_code > 128 && o->exit_code < 128 + 65)
        return arena_printf(a, "[exit status %d (%s) after %.1f s]", o->exit_code, strsignal(o->exit_code - 128), seconds);
    return arena_printf(a, "[exit status %d after %.1f s]", o->exit_code, seconds);
}

enum err command_run(const struct sandbox_job *job, struct sandbox_outcome *outcome, struct tool_result *out)
{
    enum err e = sandbox_run(job, outcome);

    if (e && job->network)
        out->taint = S("what a command that was cut off may have fetched");
    return e;
}

str command_taint(struct arena *a, const struct sandbox_outcome *o)
{
    return o->reached.len ? str_from(arena_printf(a, "what came from %.*s", STR(o->reached))) : S("");
}

struct tool_result command_result(struct arena *a, const struct sandbox_job *job, const struct sandbox_outcome *o)
{
    const char *end = o->output.len && o->output.p[o->output.len - 1] != '\n' ? "\n" : "";
    CLEANUP(buf_done) struct buf text = { .max = o->output.len + 256 };

    buf_add(&text, o->output);
    buf_addf(&text, "%s%s", end, command_end(a, job, o));
    return (struct tool_result){ .text = arena_str(a, buf_str(&text)), .is_error = o->timed_out || o->out_of_memory,
                                  .taint = command_taint(a, o) };
}

bool command_was_missing(const struct sandbox_outcome *o, const char *program)
{
    char said[100];

    snprintf(said, sizeof said, "%s: %s", program, strerror(ENOENT));
    return o->exit_code == 127 && str_find(o->output, str_from(said)) != STR_NONE;
}
