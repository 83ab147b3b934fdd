// SPDX-License-Identifier: Apache-2.0
#include "cli/remote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json.h"
#include "net/client.h"
#include "runtime/loop.h"
#include "store/folder.h"

struct job { struct cli *c; enum err (*fn)(void *); };

static enum err run_job(void *arg)
{
    const struct job *job = arg;
    enum err e = job->fn(job->c);

    http_client_stop();     /* its connections would keep the loop */
    return e;
}

enum err cli_in_loop(struct cli *c, enum err (*fn)(void *))
{
    enum { HOUR_MS = 3600 * 1000 };     /* nobody waits beside a command: that a fiber ran long is no news to a person */

    return loop_run(&(struct loop_options){ .workers = 2, .slice_warn_ms = HOUR_MS }, run_job, &(struct job){ c, fn });
}

static enum err not_running(struct cli *c, const char *path)
{
    c->exit_code = CLI_NO_GATEWAY;
    return failed(ERR_NET, "no gateway is running (looked at %s); start it with `clawdbot gateway`", path);
}

/* Is anybody there?  Asked first, so that a later failure is never taken for a gateway that does not run. */
static enum err find_socket(struct cli *c, const char **ret)
{
    CLEANUP(raw_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct config_inputs in;
    const char *home;

    cli_inputs(c, &in);
    TRY(config_home(c->arena, &in, &home));
    const char *path = arena_printf(c->arena, "%s/run/gateway.sock", home);

    if (strlen(path) >= sizeof at.sun_path)
        return failed(ERR_INPUT, "%s is longer than a socket's path may be; use a shorter --home", path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at)) {
        if (errno == EACCES)
            return failed(ERR_AUTH, "%s belongs to somebody else", path);
        return not_running(c, path);
    }
    *ret = path;
    return OK;
}

static enum err code_of(int status)
{
    switch (status) {
    case 400:
    case 413:
    case 422:
        return ERR_INPUT;
    case 401:
    case 403:
        return ERR_AUTH;
    case 404:
        return ERR_NOT_FOUND;
    case 409:
        return ERR_CONFLICT;
    case 429:
        return ERR_LIMIT;
    default:
        return ERR_REMOTE;
    }
}

/* RFC 9457 where the gateway wrote it. */
static enum err refused(int status, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j))
        j = NULL;
    const char *why = json_text(j, "detail");

    if (*why == '\0')
        why = json_text(j, "title");
    if (*why == '\0')
        return failed(code_of(status), "the gateway answered with status %d", status);
    return failed(code_of(status), "%s%s", why, status == 413 ? " for the gateway (its setting server.max_body)" : "");
}

static const struct http_field json_body = { { "Content-Type", 12 }, { "application/json", 16 } };

static enum err prepare(struct cli *c, const char *method, const char *path, const json_t *body, struct http_request *out)
{
    const char *socket_path;

    TRY(find_socket(c, &socket_path));
    *out = (struct http_request){
        .method = method, .url = arena_printf(c->arena, "http://localhost%s", path), .unix_socket = socket_path,
        .fields = &json_body, .n_fields = body ? 1 : 0, .body = body ? json_print(c->arena, body) : NO_STR,
    };
    return OK;
}

enum err remote_call(struct cli *c, const char *method, const char *path, const json_t *body, json_t **out)
{
    struct http_response answer;
    struct http_request rq;

    TRY(prepare(c, method, path, body, &rq));
    TRY(http_fetch(c->arena, &rq, &answer, NULL));
    if (answer.status / 100 != 2)
        return refused(answer.status, answer.body);
    if (answer.body.len == 0) {
        *out = json_null();
        return OK;
    }
    enum err e = json_parse(answer.body, out);

    return e ? failed_in(ERR_REMOTE, "the gateway's answer: ") : OK;
}

static enum err read_refusal(struct http_stream *s) AWAITS
{
    CLEANUP(buf_done) struct buf body = { .max = 64 << 10 };
    str bytes;

    do {
        TRY(http_read(s, &bytes));
        buf_add(&body, bytes);
    } while (bytes.len);
    return refused(http_status(s), buf_str(&body));
}

enum err remote_stream(struct cli *c, const char *path, const json_t *body, struct sse *sse)
{
    CLEANUP(http_closep) struct http_stream *s = NULL;
    struct http_request rq;
    str bytes;

    TRY(prepare(c, "POST", path, body, &rq));
    rq.max_body = SIZE_MAX / 2;         /* a long talk's stream; each event has its own cap */
    TRY(http_open(&rq, &s));
    if (http_status(s) / 100 != 2)
        return read_refusal(s);
    do {
        TRY(http_read(s, &bytes));
        TRY(sse_feed(sse, bytes));
    } while (bytes.len);
    return OK;
}

enum err remote_copy(struct cli *c, const char *path, FILE *into)
{
    CLEANUP(http_closep) struct http_stream *s = NULL;
    struct http_request rq;
    str bytes;

    TRY(prepare(c, "GET", path, NULL, &rq));
    rq.max_body = SIZE_MAX / 2;
    TRY(http_open(&rq, &s));
    if (http_status(s) / 100 != 2)
        return read_refusal(s);
    do {
        TRY(http_read(s, &bytes));
        if (bytes.len && fwrite(bytes.p, 1, bytes.len, into) != bytes.len)
            return failed(ERR_IO, "cannot write: %s", strerror(errno));
    } while (bytes.len);
    return OK;
}
