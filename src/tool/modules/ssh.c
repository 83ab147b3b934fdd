// SPDX-License-Identifier: Apache-2.0
#include <libssh/callbacks.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/module.h"
#include "tool/modules/ssh_parts.h"

enum { AFTER_END_MS = 2000, PARTING_MS = 500 };

bool ssh_refuse(struct ssh_call *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->error, sizeof c->error, fmt, ap);
    va_end(ap);
    c->end = SSH_FAILED;
    return false;
}

/* --- a command --- */

struct command {
    struct ssh_call *call;
    ssh_channel      channel;
    uint64_t         until;     /* on now_ms() */
    bool             is_open;   /* the channel is */
    bool             ended;     /* how it ended has been said */
    bool             closed;    /* and nothing more will come */
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What a command left running may keep its output open for ever; what it wrote before its end is still under way.  So
 * the wait goes on for a moment after the end, and after each piece that comes then. */
static void wait_a_moment(struct command *m)
{
    if (m->ended)
        m->until = now_ms() + AFTER_END_MS;
}

static int on_data(ssh_session s, ssh_channel channel, void *data, uint32_t n, int is_stderr, void *arg)
{
    struct command *m = arg;

    (void)s;
    (void)channel;
    (void)is_stderr;
    m->call->output(m->call->arg, str_of(data, n));
    wait_a_moment(m);
    return (int)n;
}

static void on_exit_status(ssh_session s, ssh_channel channel, int status, void *arg)
{
    struct command *m = arg;

    (void)s;
    (void)channel;
    m->call->end = SSH_EXITED;
    m->call->exit_status = status;
    m->ended = true;
    wait_a_moment(m);
}

static void on_exit_signal(ssh_session s, ssh_channel channel, const char *name, int core, const char *text, const char *lang, void *arg)
{
    struct command *m = arg;

    (void)s;
    (void)channel;
    (void)core;
    (void)text;
    (void)lang;
    m->call->end = SSH_SIGNALLED;
    snprintf(m->call->signal, sizeof m->call->signal, "%s", name);
    m->ended = true;
    wait_a_moment(m);
}

static void on_close(ssh_session s, ssh_channel channel, void *arg)
{
    struct command *m = arg;

    (void)s;
    (void)channel;
    m->closed = true;
}

static int on_wake(socket_t fd, int events, void *arg)
{
    (void)fd;
    (void)events;
    (void)arg;
    return SSH_OK;      /* dopoll() returns, which is all */
}

/* A channel, then the command on it: one step further.  SSH_AGAIN: when more has come. */
static int begin(struct command *m)
{
    int e = m->is_open ? SSH_OK : ssh_channel_open_session(m->channel);

    m->is_open = e == SSH_OK;
    return e == SSH_OK ? ssh_channel_request_exec(m->channel, m->call->command) : e;
}

static bool poll_until(uint64_t until, ssh_session s, ssh_event event)
{
    uint64_t now = now_ms();

    return now < until && ssh_event_dopoll(event, (int)(until - now)) != SSH_ERROR && ssh_is_connected(s);
}

/* RFC 4254, 6.9.  What was asked to begin may have begun before we hear of it, and only then is a signal passed on.  OpenSSH
 * gives it to the command's process group, but not where root came in; whether it did is known when the end is told. */
static void kill_it(struct command *m, int began, ssh_session s, ssh_event event)
{
    uint64_t until = now_ms() + PARTING_MS;

    while (m->is_open && began == SSH_AGAIN && poll_until(until, s, event))
        began = begin(m);
    if (began != SSH_OK || ssh_channel_request_send_signal(m->channel, "KILL") != SSH_OK || ssh_blocking_flush(s, PARTING_MS) != SSH_OK)
        return;
    while (!m->ended && !m->closed && !atomic_load(&m->call->interrupted) && poll_until(until, s, event))
        ;
    m->call->killed = m->ended;
}

static void finish(struct command *m, int began, ssh_session s, ssh_event event)
{
    struct ssh_call *c = m->call;

    if (m->ended)
        return;
    if (m->closed || !ssh_is_connected(s)) {
        c->end = SSH_LOST;
    } else if (began == SSH_ERROR) {
        ssh_refuse(c, "no command can be started there: %s", ssh_get_error(s));
    } else {
        kill_it(m, began, s, event);
        c->end = SSH_TIMED_OUT;
    }
}

static void follow(struct command *m, ssh_session s, ssh_event event)
{
    struct ssh_call *c = m->call;
    int began = begin(m);

    while (began == SSH_AGAIN && !atomic_load(&c->interrupted) && poll_until(m->until, s, event))
        began = begin(m);
    if (began == SSH_OK)
        ssh_channel_send_eof(m->channel);       /* its input is empty */
    while (began == SSH_OK && !m->closed && !atomic_load(&c->interrupted) && poll_until(m->until, s, event))
        m->closed |= ssh_channel_is_closed(m->channel) != 0;
    finish(m, began, s, event);
}

/* From here on nothing blocks but the event's wait, which wake_fd ends too. */
static bool prepare(struct command *m, ssh_session s, ssh_event event)
{
    struct ssh_call *c = m->call;

    ssh_set_blocking(s, 0);
    if (ssh_event_add_session(event, s) != SSH_OK || ssh_event_add_fd(event, c->wake_fd, POLLIN, on_wake, c) != SSH_OK)
        return ssh_refuse(c, "its output cannot be waited for");
    m->until = now_ms() + c->timeout_ms;
    atomic_store(&c->running, true);        /* and then `interrupted` is looked at */
    return true;
}

static void run(struct ssh_call *c, ssh_session s)
{
    struct command m = { .call = c, .channel = ssh_channel_new(s) };
    struct ssh_channel_callbacks_struct hooks = {
        .userdata = &m, .channel_data_function = on_data, .channel_exit_status_function = on_exit_status,
        .channel_exit_signal_function = on_exit_signal, .channel_close_function = on_close,
    };
    ssh_event event = ssh_event_new();

    ssh_callbacks_init(&hooks);
    if (!m.channel || !event || ssh_set_channel_callbacks(m.channel, &hooks) != SSH_OK)
        ssh_refuse(c, "no channel can be opened: %s", ssh_get_error(s));
    else if (prepare(&m, s, event))
        follow(&m, s, event);
    if (event) {
        ssh_event_remove_fd(event, c->wake_fd);
        ssh_event_remove_session(event, s);
        ssh_event_free(event);
    }
    if (m.channel)
        ssh_remove_channel_callbacks(m.channel, &hooks);
    ssh_channel_free(m.channel);
}

/* --- a call --- */

static void call(struct ssh_call *c)
{
    static void (*const actions[])(struct ssh_call *, ssh_session) = { [SSH_RUN] = run, [SSH_PUT] = ssh_put, [SSH_GET] = ssh_get };
    ssh_session s = ssh_new();

    if (!s)
        ssh_refuse(c, "libssh has no memory for a session");
    else if (ssh_login(c, s))
        actions[c->action](c, s);
    if (s) {
        ssh_disconnect(s);
        ssh_free(s);
    }
    if (c->fd >= 0)
        close(c->fd);
    if (c->agent_fd >= 0)
        close(c->agent_fd);
}

static bool check(struct ssh_call *c)
{
    ssh_session s = ssh_new();
    bool good = s && ssh_check(c, s);

    if (!s)
        ssh_refuse(c, "libssh has no memory for a session");
    ssh_free(s);
    return good;
}

MODULE_TABLE const struct ssh_module clawdbot_module_ssh = { .call = call, .check = check };
