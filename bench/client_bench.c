// SPDX-License-Identifier: Apache-2.0
/* What a request of the HTTP client and a call of a model cost on a kept loopback connection, beside a blocking
 * socket that sends and reads the same bytes.  client_bench PATH-OF-MODEL-DOUBLE [requests] */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/complete.h"
#include "net/client.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "runtime/process.h"

extern const struct provider provider_openai;

static const char *double_path;
static unsigned port;
static int requests = 5000;

static uint64_t cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static enum err start_double(struct process **out, struct fd **ret_output) AWAITS
{
    const char *const argv[] = { double_path, NULL };
    const struct process_spec spec = { .argv = argv, .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_PIPE, .stderr_fd = STDERR_FILENO };
    char line[16] = "";
    size_t n;

    TRY(process_start(&spec, out));
    *ret_output = process_stdout(*out);
    TRY(fd_read(*ret_output, line, sizeof line - 1, &n));
    port = (unsigned)atoi(line);
    return OK;
}

/* The same bytes, with nothing between us and the kernel. */
static enum err bare(struct arena *a) AWAITS
{
    static const char body[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"stream\":true}";
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int raw = socket(AF_INET, SOCK_STREAM, 0);
    char in[8192];
    char *rq = arena_printf(a, "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n%s", sizeof body - 1, body);

    if (connect(raw, (struct sockaddr *)&to, sizeof to))
        return failed(ERR_NET, "connect");
    for (int i = 0; i < requests; i++) {
        size_t len = 0;

        if (write(raw, rq, strlen(rq)) < 0)
            return failed(ERR_NET, "write");
        do {
            ssize_t n = read(raw, in + len, sizeof in - len);

            if (n <= 0)
                return failed(ERR_NET, "read");
            len += (size_t)n;
        } while (!str_ends(str_of(in, len), S("0\r\n\r\n")));
    }
    close(raw);
    return OK;
}

static enum err fetch(struct arena *a UNUSED) AWAITS
{
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%u/v1/models", port);
    for (int i = 0; i < requests; i++) {
        CLEANUP(arena_freep) struct arena *one = arena_new();
        struct http_response r;

        TRY(http_fetch(one, &(struct http_request){ .url = url }, &r, NULL));
    }
    return OK;
}

static enum err call(struct arena *a) AWAITS
{
    const struct chat_message hello = { .role = ROLE_USER, .text = S("hello") };
    struct prompt p = { .messages = &hello, .n_messages = 1, .temperature = -1 };
    struct model m = { .provider = &provider_openai, .name = "m",
                       .target.endpoint = arena_printf(a, "http://127.0.0.1:%u/v1", port) };

    for (int i = 0; i < requests; i++) {
        CLEANUP(arena_freep) struct arena *one = arena_new();
        struct reply r;

        TRY(complete(&m, one, &p, NULL, &r));
        if (!str_eq(r.text, S("echo: hello")))
            return failed(ERR_REMOTE, "%.*s", STR(r.text));
    }
    return OK;
}

static enum err measure(const char *name, enum err (*fn)(struct arena *)) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t start = clock_us(), cpu = cpu_us();

    TRY(fn(a));
    printf("%-44s %7.1f us, %7.1f us of our CPU\n", name, (double)(clock_us() - start) / requests, (double)(cpu_us() - cpu) / requests);
    return OK;
}

static enum err run(void *arg UNUSED) AWAITS
{
    CLEANUP(process_freep) struct process *p = NULL;
    struct fd *output;

    TRY(start_double(&p, &output));
    TRY(measure("streamed chat, bare blocking socket", bare));
    TRY(measure("small GET, http_fetch", fetch));
    TRY(measure("streamed chat, complete()", call));
    http_client_stop();
    return OK;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: client_bench PATH-OF-MODEL-DOUBLE [requests]\n");
        return 2;
    }
    double_path = argv[1];
    if (argc > 2)
        requests = atoi(argv[2]);
    enum err e = loop_run(NULL, run, NULL);

    if (e)
        fprintf(stderr, "client_bench: %s\n", failed_text());
    return e != OK;
}
