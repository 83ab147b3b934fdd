// SPDX-License-Identifier: Apache-2.0
/* ssh.c: commands and files on the hosts that the configuration names, several side by side. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "runtime/module.h"
#include "runtime/offload.h"
#include "tool/file_job.h"
#include "tool/ssh_visit.h"

enum { PATH_LENGTH_MAX = 400, COMMAND_LENGTH_MAX = 100 << 10 };

/* --- files of the workspace --- */

struct local { const char *root; str path; struct arena *arena; size_t max; const char *relative; str content; unsigned mode; };

static enum err local_open(struct local *l, struct workspace *w)
{
    TRY(workspace_open(l->root, w));
    return workspace_relative(w, l->arena, l->path, &l->relative);
}

static enum err read_whole(const struct local *l, int fd, char *to, size_t size)
{
    for (size_t n = 0; n < size; ) {
        ssize_t got = read(fd, to + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return failed(ERR_IO, "%s: %s", l->relative, got ? strerror(errno) : "it became shorter while it was read");
        n += (size_t)got;
    }
    return OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err local_read(void *arg)
{
    struct local *l = arg;
    CLEANUP(workspace_close) struct workspace w = { .fd = -1 };
    CLEANUP(close_fd) int fd = -1;
    struct stat st;

    TRY(local_open(l, &w));
    TRY(workspace_open_file(&w, l->relative, &fd, &st));
    if ((uint64_t)st.st_size > l->max)
        return failed(ERR_LIMIT, "%s: %lld bytes are more than may be sent (ssh.max_file)", l->relative, (long long)st.st_size);
    char *to = arena_alloc(l->arena, (size_t)st.st_size + 1);

    TRY(read_whole(l, fd, to, (size_t)st.st_size));
    l->content = str_of(to, (size_t)st.st_size);
    l->mode = st.st_mode & 0777;
    return OK;
}

static enum err local_write(void *arg)
{
    struct local *l = arg;
    CLEANUP(workspace_close) struct workspace w = { .fd = -1 };

    TRY(local_open(l, &w));
    return workspace_replace(&w, l->relative, l->content);
}

/* --- arguments --- */

static enum err take_paths(struct ssh_errand *e, const json_t *arguments)
{
    str remote = json_text_str(arguments, "remote_path"), path = json_text_str(arguments, "path");

    if (path.len == 0 || remote.len == 0)
        return failed(ERR_INPUT, "give path, a file of the workspace, and remote_path, its place on the host");
    if (remote.len > PATH_LENGTH_MAX || path.len > PATH_LENGTH_MAX || str_find_char(remote, '\0') != STR_NONE)
        return failed(ERR_INPUT, "a path has at most %d bytes and no NUL", PATH_LENGTH_MAX);
    e->path = arena_c(e->cx->arena, path);
    e->remote_path = arena_c(e->cx->arena, remote);
    return OK;
}

static enum err take_command(struct ssh_errand *e, const json_t *arguments)
{
    str command = json_text_str(arguments, "command");

    if (str_trim(command).len == 0)
        return failed(ERR_INPUT, "give command, a line for the shell there");
    if (command.len > COMMAND_LENGTH_MAX || str_find_char(command, '\0') != STR_NONE)
        return failed(ERR_INPUT, "a command has at most %d bytes and no NUL; a longer one is put there as a file first",
                      COMMAND_LENGTH_MAX);
    e->command = arena_c(e->cx->arena, command);
    return OK;
}

/* --- the call --- */

static enum err put_content(struct ssh_errand *e, struct arena *a) AWAITS
{
    struct local l = { .root = e->cx->workspace, .path = str_from(e->path), .arena = a, .max = config_now()->ssh_max_file };

    TRY(fiber_offload(local_read, &l));
    e->content = l.content;
    e->mode = l.mode;
    return OK;
}

static enum err got_content(struct ssh_visit *v, struct arena *a) AWAITS
{
    const struct ssh_errand *e = v->errand;
    struct local l = { .root = e->cx->workspace, .path = str_from(e->path), .arena = a, .content = buf_str(&v->content) };

    TRY(fiber_offload(local_write, &l));
    ssh_visit_say(v, false, "%s: %s fetched into %s, %zu bytes", v->target.name, e->remote_path, e->path, v->content.len);
    return OK;
}

struct visits { struct ssh_visit all[REMOTE_HOSTS_MAX]; struct remote_report reports[REMOTE_HOSTS_MAX]; size_t n; };

static void visits_done(struct visits **v)
{
    for (size_t i = 0; i < (*v)->n; i++)
        ssh_visit_done(&(*v)->all[i]);
}

/* All the output together is about what one command's may be. */
static enum err visits_plan(const struct ssh_errand *e, const struct remote_host *hosts, size_t n, struct visits *v)
{
    size_t output = config_now()->ssh_output / n;

    for (; v->n < n; v->n++) {
        v->reports[v->n] = (struct remote_report){ .name = hosts[v->n].name };
        v->all[v->n] = (struct ssh_visit){ .errand = e, .output = { .max = output < 1024 ? 1024 : output },
                                           .content = { .max = config_now()->ssh_max_file + 1 }, .report = &v->reports[v->n] };
        TRY(ssh_target_from(e->cx->arena, &hosts[v->n], &v->all[v->n].target));
    }
    return OK;
}

static enum err visit_all(struct visits *v) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    for (size_t i = 0; i < v->n; i++)
        fibers_spawn(&g, "ssh", ssh_visit, &v->all[i]);
    return fibers_wait(&g);
}

static enum err act(struct ssh_errand *e, const struct remote_host *hosts, size_t n, struct tool_result *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(visits_done) struct visits *v = ARENA_NEW(e->cx->arena, struct visits);

    if (e->action == SSH_GET && n > 1)
        return failed(ERR_INPUT, "get is from one host at a time: each file needs a place of its own");
    TRY(visits_plan(e, hosts, n, v));
    if (e->action == SSH_PUT)
        TRY(put_content(e, a));
    TRY(visit_all(v));
    if (v->all[0].call.end == SSH_DONE && e->action == SSH_GET)
        TRY(got_content(&v->all[0], a));
    *out = remote_result(e->cx, e->action == SSH_RUN ? "output of %s over ssh" : "answer of %s over ssh", v->reports, n);
    return OK;
}

static enum err list_hosts(const struct tool_context *cx, const json_t *map, struct tool_result *out)
{
    CLEANUP(buf_done) struct buf text = { .max = 64 << 10 };
    const char *name;
    json_t *settings;

    json_object_foreach((json_t *)map, name, settings) {
        struct ssh_target t;
        enum err e = ssh_target_from(cx->arena, &(struct remote_host){ "ssh.hosts", name, settings }, &t);

        buf_addf(&text, "%s: %s\n", name, e ? failed_text() : ssh_target_text(cx->arena, &t));
    }
    if (text.len == 0)
        buf_add(&text, S("no hosts are configured: the owner names them in ssh.hosts"));
    *out = (struct tool_result){ .text = arena_str(cx->arena, buf_str(&text)) };
    return OK;
}

static enum err take(const struct tool_context *cx, const json_t *arguments, struct ssh_errand *e)
{
    str action = json_text_str(arguments, "action");

    *e = (struct ssh_errand){ .cx = cx, .action = SSH_RUN, .timeout_ms = (uint64_t)json_int(arguments, "timeout", 0) * 1000 };
    if (e->timeout_ms == 0)
        e->timeout_ms = config_now()->ssh_timeout;
    if (action.len == 0 || str_eq(action, S("run")))
        return take_command(e, arguments);
    e->action = str_eq(action, S("put")) ? SSH_PUT : SSH_GET;
    return take_paths(e, arguments);
}

static enum err call(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    const json_t *map = config_now()->ssh_hosts;
    struct remote_host hosts[REMOTE_HOSTS_MAX];
    struct ssh_errand e;
    size_t n;

    if (str_eq(json_text_str(arguments, "action"), S("hosts")))
        return list_hosts(cx, map, out);
    TRY(take(cx, arguments, &e));
    TRY(remote_hosts_named(cx->arena, "ssh.hosts", map, arguments, hosts, &n));
    if (module_open("ssh", (const void **)&e.module))
        return failed_in(ERR_IO, "SSH is no part of this installation: ");
    return act(&e, hosts, n, out);
}

static enum err ssh_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    enum err e = call(cx, arguments, out);

    if (e == OK || e == ERR_BUG)
        return e;
    TRY(fiber_check());
    *out = tool_refusal(cx, "%s", failed_text());
    return OK;
}

const struct tool tool_ssh = {
    .name = "ssh",
    .description = "Runs a command on other machines over SSH, or moves a file there (put) or here (get); only on hosts that the "
                   "configuration names (action hosts lists them).",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"action\":{\"enum\":[\"run\",\"put\",\"get\",\"hosts\"],\"description\":\"run if absent\"},"
              REMOTE_SCHEMA ","
              "\"command\":{\"type\":\"string\",\"description\":\"run: a line for the shell there; its input is empty\"},"
              "\"timeout\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":3600,\"description\":\"Seconds after which it is given up\"},"
              "\"path\":{\"type\":\"string\",\"description\":\"put, get: the file here, relative to the workspace\"},"
              "\"remote_path\":{\"type\":\"string\",\"description\":\"put, get: the file there; for put also a folder\"}}}",
    .risk = RISK_OUTSIDE, .repeatable = false, .run = ssh_run,
};
