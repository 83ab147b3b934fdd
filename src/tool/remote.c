// SPDX-License-Identifier: Apache-2.0
#include "tool/remote.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "config/options.h"
#include "runtime/fd.h"
#include "runtime/lookup.h"
#include "tool/file_job.h"

/* --- which hosts --- */

static const char *names_of(struct arena *a, const json_t *map)
{
    CLEANUP(buf_done) struct buf b = { .max = 400 };
    const char *name;
    json_t *one;

    json_object_foreach((json_t *)map, name, one)
        buf_addf(&b, "%s%s", b.len ? ", " : "", name);
    return arena_c(a, buf_str(&b));
}

static enum err add_host(struct arena *a, const char *section, const json_t *map, str name, struct remote_host *out, size_t *n)
{
    const json_t *settings = json_object_getn(map, name.p, name.len);

    if (!json_is_object(settings))
        return failed(ERR_NOT_FOUND, "%s has no host '%.*s'; it has %s", section, STR(str_take(name, 60)), names_of(a, map));
    for (size_t i = 0; i < *n; i++)
        if (out[i].settings == settings)
            return OK;      /* named twice */
    if (*n == REMOTE_HOSTS_MAX)
        return failed(ERR_INPUT, "at most %d hosts at a time", REMOTE_HOSTS_MAX);
    out[(*n)++] = (struct remote_host){ section, arena_c(a, name), settings };
    return OK;
}

enum err remote_hosts_named(struct arena *a, const char *section, const json_t *map, const json_t *arguments, struct remote_host *out,
                            size_t *ret_n)
{
    const json_t *one = json_at(arguments, "host"), *several = json_at(arguments, "hosts"), *h;
    size_t i;

    *ret_n = 0;
    if (!json_is_object(map) || json_object_size(map) == 0)
        return failed(ERR_NOT_FOUND, "no hosts are configured: the owner names them in %s", section);
    if (one && several)
        return failed(ERR_INPUT, "give host or hosts, not both");
    if (one)
        return add_host(a, section, map, json_strval(one), out, ret_n);
    json_array_foreach(several, i, h)
        TRY(add_host(a, section, map, json_strval(h), out, ret_n));
    return *ret_n ? OK : failed(ERR_INPUT, "give host: one of %s", names_of(a, map));
}

/* --- what is set for one --- */

static bool is_known(const char *key, const char *const *known)
{
    while (*known && strcmp(key, *known))
        known++;
    return *known != NULL;
}

static enum err refuse_key(const struct remote_host *h, const char *key, const char *const *known)
{
    const char *near = NULL;
    unsigned best = 3;

    for (; *known; known++) {
        unsigned d = edit_distance(str_from(key), str_from(*known), best);

        if (d < best) {
            best = d;
            near = *known;
        }
    }
    if (near)
        return failed(ERR_INPUT, "%s.%s has a setting '%.60s', which there is not; did you mean '%s'?", h->section, h->name, key, near);
    return failed(ERR_INPUT, "%s.%s has a setting '%.60s', which there is not", h->section, h->name, key);
}

enum err remote_host_check(const struct remote_host *h, const char *const *known)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)h->settings, key, value) {
        if (!is_known(key, known))
            return refuse_key(h, key, known);
        if (json_is_object(value) || json_is_array(value))
            return failed(ERR_INPUT, "%s.%s.%s is a text, a number, true or false", h->section, h->name, key);
    }
    return OK;
}

const char *remote_text(struct arena *a, const struct remote_host *h, const char *key, const char *otherwise)
{
    const json_t *value = json_object_get(h->settings, key);

    if (json_is_string(value))
        return arena_c(a, json_strval(value));
    return json_is_number(value) ? json_print(a, value).p : otherwise;
}

const char *remote_path(struct arena *a, const struct remote_host *h, const char *key)
{
    const char *path = remote_text(a, h, key, ""), *home = getenv("HOME");

    if (*path == '\0' || *path == '/')
        return path;
    if (path[0] == '~' && path[1] == '/')
        return arena_printf(a, "%s/%s", home ? home : "", path + 2);
    return arena_printf(a, "%s/config/%s", config_now()->home, path);
}

enum err remote_port(const struct remote_host *h, unsigned otherwise, unsigned *out)
{
    int64_t port = json_int(h->settings, "port", json_at(h->settings, "port") ? -1 : (int64_t)otherwise);

    if (port < 1 || port > 65535)
        return failed(ERR_INPUT, "%s.%s.port is a number from 1 to 65535", h->section, h->name);
    *out = (unsigned)port;
    return OK;
}

/* --- the way there --- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err connect_to(const union address *to, int kind, int *ret_fd) AWAITS
{
    CLEANUP(close_fd) int fd = socket(to->any.sa_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t n = to->any.sa_family == AF_INET ? sizeof to->v4 : sizeof to->v6;
    int events, e = 0, one = 1;

    if (fd < 0)
        return failed(ERR_NET, "%s", strerror(errno));
    if (connect(fd, &to->any, n) != 0) {
        if (errno != EINPROGRESS)
            return failed(ERR_NET, "%s", strerror(errno));
        TRY(fiber_wait_fd(fd, FD_WRITE, &events));
        n = sizeof e;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) != 0 || e)
            return failed(ERR_NET, "%s", strerror(e ? e : errno));
    }
    if (kind == SOCK_STREAM)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *ret_fd = fd;
    fd = -1;
    return OK;
}

/* Each address has its share of the time, so that a dead one leaves some to the next. */
static enum err connect_in(uint64_t ms, const union address *to, int kind, int *ret_fd) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    return connect_to(to, kind, ret_fd);
}

enum err remote_dial(const char *host, unsigned port, int kind, uint64_t timeout_ms, int *ret_fd)
{
    struct addresses all;
    enum err e = OK;

    TRY(fiber_lookup(host, port, &all));
    for (size_t i = 0; i < all.n; i++) {
        e = connect_in(timeout_ms / all.n, &all.items[i], kind, ret_fd);
        if (e == OK)
            return OK;
        TRY(fiber_check());     /* we ourselves are to end */
    }
    return e == ERR_TIMEOUT ? failed(ERR_NET, "%s port %u does not answer", host, port) : failed_in(ERR_NET, "%s port %u: ", host, port);
}

/* --- what came of it --- */

struct tool_result remote_result(const struct tool_context *cx, const char *taint_of, const struct remote_report *reports, size_t n)
{
    CLEANUP(buf_done) struct buf text = { 0 }, taint = { 0 };
    struct tool_result r = { 0 };

    for (size_t i = 0; i < n; i++) {
        if (n > 1)
            buf_addf(&text, "%s== %s ==\n", i ? "\n\n" : "", reports[i].name);
        buf_add(&text, reports[i].text);
        buf_addf(&taint, "%s%s", i ? ", " : "", reports[i].name);
        r.is_error |= reports[i].is_error;
    }
    r.text = arena_str(cx->arena, buf_str(&text));
    r.taint = str_from(arena_printf(cx->arena, taint_of, buf_c(&taint)));
    return r;
}
