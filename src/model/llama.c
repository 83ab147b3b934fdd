// SPDX-License-Identifier: Apache-2.0
#include "model/llama.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/words.h"
#include "net/client.h"
#include "runtime/process.h"

#define RELEASES "https://github.com/ggml-org/llama.cpp/releases"

extern char **environ;

enum { WORDS_KEPT = 8192, POLL_MS = 100, CONNECT_MS = 2000, ARGUMENTS_MAX = 64, LAST_WORDS_MS = 200 };

struct llama {
    struct arena   *arena;
    const char     *socket, *file;
    struct process *process;
    struct waiters *changed;
    struct fibers   watchers;
    struct buf      words;          /* the last of its standard error */
    bool            loaded, dead, deaf;     /* deaf: its standard error has ended */
    int             status;
};

/* ---- what it is started with ---- */

struct words_out { const char **all; size_t n; };

static void add(struct words_out *w, const char *word)
{
    if (w->n + 1 < ARGUMENTS_MAX)
        w->all[w->n++] = word;
}

static void add_number(struct words_out *w, struct arena *a, const char *name, int64_t n)
{
    add(w, name);
    add(w, arena_printf(a, "%lld", (long long)n));
}

/* setpriv (util-linux) has the kernel kill it when we die: a gateway that was killed leaves no model in memory. */
static bool can_die_with_us(void)
{
    char path[PATH_MAX];

    return process_find("setpriv", path) == OK;
}

static const char **arguments_of(struct arena *a, const struct llama_options *o, const char *binary, const char *socket)
{
    struct words_out w = { .all = arena_alloc(a, ARGUMENTS_MAX * sizeof *w.all) };

    if (can_die_with_us()) {
        add(&w, "setpriv");
        add(&w, "--pdeathsig=KILL");
    }
    add(&w, binary);
    add(&w, "--model");
    add(&w, o->model.file);
    add(&w, "--alias");
    add(&w, o->name);
    add(&w, "--host");
    add(&w, socket);
    add_number(&w, a, "--ctx-size", o->context * o->slots);    /* of all slots */
    add_number(&w, a, "--parallel", o->slots);
    add_number(&w, a, "--threads", o->threads);
    if (o->gpu_layers >= 0)
        add_number(&w, a, "--n-gpu-layers", o->gpu_layers);
    if (o->model.projector) {
        add(&w, "--mmproj");
        add(&w, o->model.projector);
    }
    add(&w, "--jinja");         /* the model's own template, without which it has no tools */
    add(&w, "--no-webui");
    for (size_t i = 0; i < o->n_arguments; i++)
        add(&w, o->arguments[i]);
    w.all[w.n] = NULL;
    return w.all;
}

/* What a program that computes needs of our environment; keys and passwords are not among it. */
static const char **environment(struct arena *a)
{
    static const char *const taken[] = {
        "PATH=", "HOME=", "TMPDIR=", "LANG=", "LC_", "LD_LIBRARY_PATH=", "CUDA_", "NVIDIA_", "HIP_", "ROCR_", "HSA_", "GGML_", "VK_",
        "OMP_", "ZE_", "ONEAPI_", "SYCL_",
    };
    size_t n = 0, k = 0;

    while (environ[n])
        n++;
    const char **all = arena_alloc(a, (n + 1) * sizeof *all);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < N_ELEMENTS(taken); j++)
            if (str_starts(str_from(environ[i]), str_from(taken[j]))) {
                all[k++] = environ[i];
                break;
            }
    all[k] = NULL;
    return all;
}

/* ---- what it says, and its end ---- */

static enum err read_words(void *arg) AWAITS
{
    struct llama *l = arg;
    char piece[2048];
    enum err e;
    size_t n;

    while ((e = fd_read(process_stderr(l->process), piece, sizeof piece, &n)) == OK && n) {
        if (l->words.len + n > WORDS_KEPT)
            buf_drop(&l->words, l->words.len + n - WORDS_KEPT);
        buf_add(&l->words, str_of(piece, n));
    }
    l->deaf = true;
    wake_all(l->changed);
    return e;
}

static enum err await_end(void *arg) AWAITS
{
    struct llama *l = arg;

    TRY(process_wait(l->process, &l->status));
    l->dead = true;
    wake_all(l->changed);
    return OK;
}

static bool tells_of_an_error(str line)
{
    return str_find(line, S("error")) != STR_NONE || str_find(line, S("failed")) != STR_NONE || str_find(line, S("invalid")) != STR_NONE;
}

/* Over a model it cannot load, the first such line has the reason and the others only say that it failed; later, the last one is news. */
static str telling_line(const struct llama *l)
{
    str rest = buf_str(&l->words), line, last = NO_STR, error = NO_STR;

    while (str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.len)
            last = line;
        if (tells_of_an_error(line) && (error.len == 0 || l->loaded))
            error = line;
    }
    return error.len ? error : last;
}

enum err llama_died(const struct llama *l)
{
    CLEANUP(buf_done) struct buf words = {0};
    char how[64];

    words_shorten(&words, telling_line(l));
    if (WIFSIGNALED(l->status))
        snprintf(how, sizeof how, "was killed by signal %d", WTERMSIG(l->status));
    else
        snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(l->status));
    return failed(ERR_NET, "llama-server %s%s%s", how, words.len ? ": " : "", buf_c(&words));
}

/* ---- starting and stopping ---- */

static enum err check_socket(const char *path)
{
    struct sockaddr_un u;

    if (strlen(path) >= sizeof u.sun_path)
        return failed(ERR_INPUT, "the path %s is too long for a socket: CLAWDBOT_HOME has to be shorter", path);
    if (unlink(path) && errno != ENOENT)
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    return OK;
}

enum err llama_find(struct arena *a, const char *wanted, const char **out)
{
    char path[PATH_MAX];

    if (process_find(wanted[0] ? wanted : "llama-server", path) == OK && access(path, X_OK) == 0) {
        *out = arena_c(a, str_from(path));
        return OK;
    }
    if (wanted[0])
        return failed(ERR_NOT_FOUND, "model.binary %s is no program that can be run; llama-server is had from " RELEASES, wanted);
    return failed(ERR_NOT_FOUND, "llama-server is not installed (not in PATH, and model.binary is not set): get it from " RELEASES
                  ", or use Ollama");
}

static enum err spawn(struct llama *l, const struct llama_options *o)
{
    struct process_spec spec = {
        .env = environment(l->arena), .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = PROCESS_PIPE,
    };
    const char *binary;

    TRY(llama_find(l->arena, o->binary, &binary));
    TRY(check_socket(l->socket));
    spec.argv = arguments_of(l->arena, o, binary, l->socket);
    return process_start(&spec, &l->process);
}

const char *llama_socket_in(struct arena *a, const char *folder)
{
    return arena_printf(a, "%s/model.sock", folder);
}

enum err llama_start(const struct llama_options *o, struct waiters *changed, struct llama **out)
{
    struct llama *l = NEW(struct llama);

    l->arena = arena_new();
    l->changed = changed;
    l->words.max = WORDS_KEPT;
    l->watchers.independent = true;
    l->socket = llama_socket_in(l->arena, o->folder);
    l->file = arena_c(l->arena, str_from(o->model.file));
    enum err e = spawn(l, o);

    if (e) {
        llama_stop(l);
        return e;
    }
    fibers_spawn(&l->watchers, "llama.words", read_words, l);
    fibers_spawn(&l->watchers, "llama.end", await_end, l);
    *out = l;
    return OK;
}

void llama_stop(struct llama *l)
{
    if (l == NULL)
        return;
    if (l->process)
        fibers_done(&l->watchers);
    process_free(l->process);       /* kills it */
    unlink(l->socket);
    buf_done(&l->words);
    arena_free(l->arena);
    free(l);
}

void llama_stopp(struct llama **l)
{
    llama_stop(*l);
    *l = NULL;
}

int llama_pid(const struct llama *l)
{
    return process_pid(l->process);
}

bool llama_is_dead(const struct llama *l)
{
    return l->dead;
}

/* ---- asking it ---- */

static enum err fetch(struct arena *a, const struct llama *l, const char *path, str body, uint64_t ms, int *ret_status) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    static const struct http_field json = { { "Content-Type", 12 }, { "application/json", 16 } };
    const struct http_request rq = {
        .url = arena_printf(a, "http://localhost%s", path), .unix_socket = l->socket, .connect_timeout_ms = CONNECT_MS,
        .fields = &json, .n_fields = body.len ? 1 : 0, .body = body,
    };
    struct http_response r;

    deadline_set(&d, ms);
    enum err e = http_fetch(a, &rq, &r, NULL);

    deadline_clear(&d);
    if (e == OK)
        *ret_status = r.status;
    return e == ERR_TIMEOUT && fiber_check() == OK ? failed(ERR_TIMEOUT, "llama-server says nothing for %.3g s", (double)ms / 1000) : e;
}

enum err llama_check(struct llama *l, uint64_t ms)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int status = 0;

    TRY(fetch(a, l, "/health", NO_STR, ms, &status));
    return status == 200 ? OK : failed(ERR_NET, "llama-server says that it is not well: HTTP %d", status);
}

/* A little time for its last words to come through the pipe. */
static enum err died_while_loading(struct llama *l) AWAITS
{
    for (int waited = 0; !l->deaf && waited < LAST_WORDS_MS; waited += 10)
        TRY(fiber_sleep(10));
    (void)!llama_died(l);
    return failed_in(ERR_INPUT, "%s cannot be loaded: ", l->file);
}

static enum err wait_ready(struct llama *l) AWAITS
{
    while (!l->dead) {
        enum err e = llama_check(l, CONNECT_MS);

        l->loaded = e == OK;
        if (l->loaded)
            return OK;
        TRY(fiber_check());
        TRY(fiber_sleep(POLL_MS));
    }
    return died_while_loading(l);
}

enum err llama_wait_ready(struct llama *l, uint64_t ms)
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    enum err e = wait_ready(l);

    deadline_clear(&d);
    if (e == ERR_TIMEOUT && fiber_check() == OK)
        return failed(ERR_TIMEOUT, "llama-server has not loaded %s within %.3g s", l->file, (double)ms / 1000);
    return e;
}

enum err llama_warm(struct llama *l, uint64_t ms)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int status = 0;

    TRY(fetch(a, l, "/v1/chat/completions", S("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":1}"), ms, &status));
    return status == 200 ? OK : failed(ERR_REMOTE, "llama-server has loaded %s and cannot use it: HTTP %d", l->file, status);
}
