// SPDX-License-Identifier: Apache-2.0
/* model_double.c: a model that echoes, for benches and crash tests: OpenAI-compatible chat completions, streamed or
 * whole.  One process on plain epoll that shares no code with the program it is used on, so that a measurement is
 * never of this.  See usage() for what it can be told to do. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

struct bytes { char *p; size_t len, cap; };

struct conn {
    int          fd;
    struct bytes in, out;       /* received and not understood yet; to be sent */
    size_t       sent;          /* of out */
    bool         want_write, waiting, keep_alive;
    uint64_t     due;           /* when waiting: the next piece */
    long         next_delta;    /* -1: nothing was answered yet */
    char        *text;          /* the echo; NULL: the answer asks for tool calls */
    char        *question;      /* what the last user said */
    bool         stream;
    size_t       next_is;       /* which queue it waits in */
    TAILQ_ENTRY(conn) link;
};
TAILQ_HEAD(queue, conn);

/* Every wait of one kind is equally long, so each queue is in order of time by itself. */
enum { QUEUE_DELAY, QUEUE_DELTA, N_QUEUES };
static struct queue queues[N_QUEUES];

static long port, delay_ms, deltas = 1, delta_interval_ms, tool_calls;
static const char *tool_name = "exec", *tool_arguments = "{\"command\":\"true\"}", *log_path, *tool_word, *slow_word;
static const char *call_specs[16];          /* "NAME=ARGUMENTS", instead of the one tool above */
static long n_call_specs;
static bool obey;                           /* "call NAME ARGUMENTS" is a call, all else an echo */
static FILE *log_file;
static int epfd;
static unsigned long long n_requests;

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void add(struct bytes *b, const void *p, size_t n)
{
    if (b->len + n + 1 > b->cap) {
        b->cap = (b->len + n + 1) * 2;
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    memcpy(b->p + b->len, p, n);
    b->len += n;
    b->p[b->len] = '\0';
}

static void add_text(struct bytes *b, const char *text)
{
    add(b, text, strlen(text));
}

static void add_json_string(struct bytes *b, const char *text)
{
    add_text(b, "\"");
    for (const char *p = text; *p; p++) {
        char esc[8];

        if ((unsigned char)*p < ' ' || *p == '"' || *p == '\\') {
            snprintf(esc, sizeof esc, "\\u%04x", (unsigned char)*p);
            add_text(b, esc);
        } else {
            add(b, p, 1);
        }
    }
    add_text(b, "\"");
}

/* One HTTP chunk that holds one event. */
static void add_event(struct bytes *out, const char *data, size_t n)
{
    char head[24];

    snprintf(head, sizeof head, "%zx\r\ndata: ", n + 8);
    add_text(out, head);
    add(out, data, n);
    add_text(out, "\n\n\r\n");
}

#define CHUNK_HEAD "{\"id\":\"chatcmpl-double\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"double\",\"choices\":[{\"index\":0,\"delta\":{"

static void add_delta(struct conn *c, long i)
{
    struct bytes ev = {0};
    char filler[32];

    snprintf(filler, sizeof filler, " word%ld", i);
    add_text(&ev, CHUNK_HEAD "\"content\":");
    add_json_string(&ev, i == 0 ? c->text : filler);
    add_text(&ev, "},\"finish_reason\":null}]}");
    add_event(&c->out, ev.p, ev.len);
    free(ev.p);
}

/* The arguments, with what the user said in place of %t. */
static void add_arguments(struct bytes *b, const char *arguments, const char *question)
{
    struct bytes filled = {0};

    for (const char *p = arguments; *p; p++) {
        if (p[0] == '%' && p[1] == 't' && p++)
            add_text(&filled, question);
        else
            add(&filled, p, 1);
    }
    add_json_string(b, filled.p ? filled.p : "");
    free(filled.p);
}

/* "NAME ARGUMENTS" when the message is an order; NULL: it is none. */
static const char *order_in(const char *text)
{
    return obey && strncmp(text, "call ", 5) == 0 ? text + 5 : NULL;
}

static void add_order_json(struct bytes *b, const char *order)
{
    char head[128], name[64];

    snprintf(head, sizeof head, "{\"index\":0,\"id\":\"call_%llu\",\"type\":\"function\",\"function\":{\"name\":", n_requests);
    add_text(b, head);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(order, " "), order);
    add_json_string(b, name);
    add_text(b, ",\"arguments\":");
    add_json_string(b, order + strcspn(order, " "));
    add_text(b, "}}");
}

static void add_call_json(struct bytes *b, const struct conn *c, long i)
{
    const char *spec = i < n_call_specs ? call_specs[i] : NULL;
    char head[128], name[64];

    snprintf(head, sizeof head, "%s{\"index\":%ld,\"id\":\"call_%llu_%ld\",\"type\":\"function\",\"function\":{\"name\":",
             i ? "," : "", i, n_requests, i);
    add_text(b, head);
    snprintf(name, sizeof name, "%.*s", spec ? (int)strcspn(spec, "=") : 63, spec ? spec : tool_name);
    add_json_string(b, name);
    add_text(b, ",\"arguments\":");
    add_arguments(b, spec ? spec + strcspn(spec, "=") + 1 : tool_arguments, c->question);
    add_text(b, "}}");
}

static void add_all_calls(struct bytes *b, const struct conn *c)
{
    const char *order = order_in(c->question);

    if (order)
        add_order_json(b, order);
    for (long i = 0; !order && i < tool_calls; i++)
        add_call_json(b, c, i);
}

static void add_calls(struct conn *c)
{
    struct bytes ev = {0};

    add_text(&ev, CHUNK_HEAD "\"tool_calls\":[");
    add_all_calls(&ev, c);
    add_text(&ev, "]},\"finish_reason\":null}]}");
    add_event(&c->out, ev.p, ev.len);
    free(ev.p);
}

static void add_stream_end(struct conn *c)
{
    char ev[400];
    int n = snprintf(ev, sizeof ev, CHUNK_HEAD "},\"finish_reason\":\"%s\"}]}", c->text ? "stop" : "tool_calls");

    add_event(&c->out, ev, (size_t)n);
    n = snprintf(ev, sizeof ev, "{\"id\":\"chatcmpl-double\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"double\","
                 "\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%ld,\"total_tokens\":%ld}}",
                 deltas, deltas + 10);
    add_event(&c->out, ev, (size_t)n);
    add_event(&c->out, "[DONE]", 6);
    add_text(&c->out, "0\r\n\r\n");
}

static void add_whole(struct conn *c, const char *status, const char *body, size_t n)
{
    char head[160];

    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status, n);
    add_text(&c->out, head);
    add(&c->out, body, n);
}

static void add_whole_reply(struct conn *c)
{
    struct bytes b = {0};

    add_text(&b, "{\"id\":\"chatcmpl-double\",\"object\":\"chat.completion\",\"created\":0,\"model\":\"double\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    if (c->text) {
        add_json_string(&b, c->text);
    } else {
        add_text(&b, "null,\"tool_calls\":[");
        add_all_calls(&b, c);
        add_text(&b, "]");
    }
    add_text(&b, "},\"finish_reason\":");
    add_json_string(&b, c->text ? "stop" : "tool_calls");
    add_text(&b, "}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1,\"total_tokens\":11}}");
    add_whole(c, "200 OK", b.p, b.len);
    free(b.p);
}

static void close_conn(struct conn *c)
{
    if (c->waiting)
        TAILQ_REMOVE(&queues[c->next_is], c, link);
    close(c->fd);
    free(c->in.p);
    free(c->out.p);
    free(c->text);
    free(c->question);
    free(c);
}

/* False: the connection is gone. */
static bool flush_out(struct conn *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            close_conn(c);
            return false;
        }
        c->sent += (size_t)n;
    }
    bool want = c->sent < c->out.len;

    if (!want)
        c->sent = c->out.len = 0;
    if (want != c->want_write) {
        struct epoll_event ev = { .events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = c };

        epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev);
        c->want_write = want;
    }
    return true;
}

static void wait_in(struct conn *c, size_t queue, long ms)
{
    c->due = now_ms() + (uint64_t)ms;
    c->next_is = queue;
    c->waiting = true;
    TAILQ_INSERT_TAIL(&queues[queue], c, link);
}

static void answered(struct conn *c)
{
    free(c->text);
    free(c->question);
    c->text = c->question = NULL;
    c->next_delta = -1;
}

/* Adds what is due now; waits again, or ends the answer. */
static void go_on(struct conn *c)
{
    if (!c->stream) {
        add_whole_reply(c);
        answered(c);
        return;
    }
    if (c->next_delta < 0) {
        add_text(&c->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        c->next_delta = 0;
    }
    if (!c->text)
        add_calls(c);
    while (c->text && c->next_delta < deltas) {
        add_delta(c, c->next_delta++);
        if (delta_interval_ms && c->next_delta < deltas && (!slow_word || strstr(c->text, slow_word))) {
            wait_in(c, QUEUE_DELTA, delta_interval_ms);
            return;
        }
    }
    add_stream_end(c);
    answered(c);
}

static const char *content_text(const json_t *message)
{
    const json_t *content = json_object_get(message, "content"), *part;
    size_t i;

    if (json_is_string(content))
        return json_string_value(content);
    json_array_foreach(content, i, part)
        if (json_is_string(json_object_get(part, "text")))
            return json_string_value(json_object_get(part, "text"));
    return "";
}

/* Where the images are that a message shows. */
static json_t *image_urls(const json_t *message)
{
    json_t *urls = json_array(), *part, *url;
    size_t i;

    json_array_foreach(json_object_get(message, "content"), i, part)
        if ((url = json_object_get(json_object_get(part, "image_url"), "url")))
            json_array_append(urls, url);
    return urls;
}

static void write_log(const char *path, const json_t *body, const json_t *user, size_t results)
{
    if (!log_file)
        return;
    json_t *line = json_pack("{s:I, s:s, s:s?, s:s, s:o, s:I, s:I, s:I, s:b}", "n", (json_int_t)n_requests, "path", path,
                             "model", json_string_value(json_object_get(body, "model")), "text", content_text(user),
                             "images", image_urls(user), "messages", (json_int_t)json_array_size(json_object_get(body, "messages")),
                             "results", (json_int_t)results,
                             "tools", (json_int_t)json_array_size(json_object_get(body, "tools")),
                             "stream", json_is_true(json_object_get(body, "stream")));

    json_dumpf(line, log_file, JSON_COMPACT);
    fputc('\n', log_file);
    fflush(log_file);
    json_decref(line);
}

/* What an answer depends on. */
struct asked { char *text; size_t results; bool stream; };

static const char *last_of(const char *p, size_t n, const char *what)
{
    const char *found = NULL;

    for (const char *at = p; (at = memmem(at, n - (size_t)(at - p), what, strlen(what))); at++)
        found = at;
    return found;
}

/* The end of the string whose opening quote is at p, behind its closing one. */
static const char *string_end(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        p += *p == '\\' && p[1];
    return *p ? p + 1 : p;
}

/* Without a tree of the whole conversation, which would be most of what a bench measures.  Quotes inside a text are
 * escaped, so the marks are found only where they mean something.  False: not written the way we know. */
static bool skim(const char *p, size_t n, struct asked *out)
{
    static const char user[] = "\"role\":\"user\",\"content\":\"", tool[] = "\"role\":\"tool\"";
    const char *last = last_of(p, n, "\"role\":\"user\""), *text = last + sizeof user - 2, *end;

    if (log_file || !last || strncmp(last, user, sizeof user - 1) != 0)
        return false;
    end = string_end(text);
    json_t *j = json_loadb(text, (size_t)(end - text), JSON_DECODE_ANY, NULL);

    if (!json_is_string(j)) {
        json_decref(j);
        return false;
    }
    out->text = strdup(json_string_value(j));
    json_decref(j);
    for (const char *at = end; (at = strstr(at, tool)); at++)
        out->results++;
    out->stream = strstr(p, "\"stream\":true") != NULL;
    return true;
}

static bool read_whole(const char *path, const char *p, size_t n, struct asked *out)
{
    json_t *body = json_loadb(p, n, 0, NULL), *list = json_object_get(body, "messages"), *m, *user = NULL;
    size_t i;

    json_array_foreach(list, i, m) {
        const char *role = json_string_value(json_object_get(m, "role"));

        if (role && strcmp(role, "user") == 0) {
            user = m;
            out->results = 0;
        } else if (role && strcmp(role, "tool") == 0) {
            out->results++;
        }
    }
    if (json_is_array(list))
        write_log(path, body, user, out->results);
    out->text = strdup(content_text(user));
    out->stream = json_is_true(json_object_get(body, "stream"));
    bool good = json_is_array(list);

    json_decref(body);
    return good;
}

/* p[n] may be changed meanwhile: it belongs to the next request. */
static void chat(struct conn *c, const char *path, char *p, size_t n)
{
    static const char bad[] = "{\"error\":{\"message\":\"the body is not a chat completion request\",\"type\":\"invalid_request_error\"}}";
    struct asked asked = { NULL, 0, false };
    char behind = p[n];

    p[n] = '\0';
    bool good = skim(p, n, &asked) || read_whole(path, p, n, &asked);

    p[n] = behind;
    if (!good) {
        add_whole(c, "400 Bad Request", bad, sizeof bad - 1);
        free(asked.text);
        return;
    }
    c->stream = asked.stream;
    c->question = asked.text;
    bool calls = tool_calls && (!tool_word || strstr(asked.text, tool_word));

    if (asked.results || !(calls || order_in(asked.text))) {
        c->text = malloc(strlen(asked.text) + 7);
        sprintf(c->text, "echo: %s", asked.text);
    }
    if (delay_ms)
        wait_in(c, QUEUE_DELAY, delay_ms);
    else
        go_on(c);
}

/* A request that is whole is answered and dropped from the input.  False: not whole, or nonsense (then closed). */
static bool take_request(struct conn *c, bool *gone)
{
    static const char models[] = "{\"object\":\"list\",\"data\":[{\"id\":\"double\",\"object\":\"model\",\"created\":0,\"owned_by\":\"tests\"}]}";
    static const char missing[] = "{\"error\":{\"message\":\"no such path\",\"type\":\"invalid_request_error\"}}";
    char *end = c->in.len ? memmem(c->in.p, c->in.len, "\r\n\r\n", 4) : NULL, *field;
    char path[256] = "";
    size_t length = 0;

    if (c->waiting || c->next_delta >= 0 || !end)
        return false;
    *end = '\0';
    field = strcasestr(c->in.p, "\r\ncontent-length:");
    if (field)
        length = strtoul(field + 17, NULL, 10);
    if (sscanf(c->in.p, "%*15s %255s", path) != 1 || strcasestr(c->in.p, "\r\ntransfer-encoding:") || length > 64u << 20) {
        close_conn(c);
        *gone = true;
        return false;
    }
    *end = '\r';
    size_t whole = (size_t)(end - c->in.p) + 4 + length;

    if (c->in.len < whole)
        return false;
    n_requests++;
    if (strcmp(path, "/v1/chat/completions") == 0)
        chat(c, path, end + 4, length);
    else if (strcmp(path, "/v1/models") == 0)
        add_whole(c, "200 OK", models, sizeof models - 1);
    else
        add_whole(c, "404 Not Found", missing, sizeof missing - 1);
    memmove(c->in.p, c->in.p + whole, c->in.len - whole);
    c->in.len -= whole;
    return true;
}

static void serve(struct conn *c)
{
    bool gone = false;

    while (take_request(c, &gone))
        ;
    if (!gone)
        flush_out(c);
}

static void readable(struct conn *c)
{
    static char piece[65536];
    ssize_t n = recv(c->fd, piece, sizeof piece, 0);

    if (n > 0) {
        add(&c->in, piece, (size_t)n);
        serve(c);
    } else if (n == 0 || errno != EAGAIN) {
        close_conn(c);
    }
}

static void accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;

    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct conn *c = calloc(1, sizeof *c);

    c->fd = fd;
    c->next_delta = -1;
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = c });
}

/* Serves what is due; how long epoll may sleep. */
static int run_timers(void)
{
    uint64_t now = now_ms(), next = UINT64_MAX;

    for (size_t q = 0; q < N_QUEUES; q++) {
        struct conn *c;

        while ((c = TAILQ_FIRST(&queues[q])) && c->due <= now) {
            TAILQ_REMOVE(&queues[q], c, link);
            c->waiting = false;
            go_on(c);
            serve(c);
        }
        if (c && c->due < next)
            next = c->due;
    }
    return next == UINT64_MAX ? -1 : (int)(next - now);
}

static int listen_on(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1024)) {
        perror("model_double: listen");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&a, &len);
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void usage(FILE *to)
{
    fputs("model_double: OpenAI-compatible chat completions that echo the last user message (\"echo: TEXT\").\n"
          "  --port N               0 (the default): any free one.  The port is the first line of stdout\n"
          "  --delay-ms N           wait before the first byte of an answer\n"
          "  --deltas N             pieces of a streamed answer: the echo, then filler words (default 1)\n"
          "  --delta-interval-ms N  time between two pieces\n"
          "  --tool-calls N         ask for N calls first, answer once their results are in\n"
          "  --tool-name NAME       (default exec)\n"
          "  --tool-arguments JSON  (default {\"command\":\"true\"}); %t in it becomes the user's message, which must need\n"
          "                         no escapes\n"
          "  --call NAME=JSON       ask for this call, and for one more with each further --call\n"
          "  --tool-word WORD       ask for calls only when the message has this word in it\n"
          "  --obey                 a message \"call NAME ARGUMENTS\" makes it call that tool\n"
          "  --slow-word WORD       pause between two pieces only when the message has this word in it\n"
          "  --log FILE             append one JSON line a request: n path model text images messages results tools stream\n", to);
}

static void options(int argc, char **argv)
{
    static const struct option names[] = {
        { "port", 1, 0, 'p' }, { "delay-ms", 1, 0, 'd' }, { "deltas", 1, 0, 'n' }, { "delta-interval-ms", 1, 0, 'i' },
        { "tool-calls", 1, 0, 'c' }, { "tool-name", 1, 0, 't' }, { "tool-arguments", 1, 0, 'a' }, { "log", 1, 0, 'l' },
        { "tool-word", 1, 0, 'w' }, { "slow-word", 1, 0, 's' }, { "call", 1, 0, 'C' }, { "obey", 0, 0, 'o' },
        { "help", 0, 0, 'h' }, { 0 },
    };
    for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1; ) {
        switch (o) {
        case 'p': port = atol(optarg); break;
        case 'd': delay_ms = atol(optarg); break;
        case 'n': deltas = atol(optarg) > 0 ? atol(optarg) : 1; break;
        case 'i': delta_interval_ms = atol(optarg); break;
        case 'c': tool_calls = atol(optarg); break;
        case 't': tool_name = optarg; break;
        case 'a': tool_arguments = optarg; break;
        case 'l': log_path = optarg; break;
        case 'w': tool_word = optarg; break;
        case 's': slow_word = optarg; break;
        case 'o': obey = true; break;
        case 'C':
            if (n_call_specs == sizeof call_specs / sizeof *call_specs || !strchr(optarg, '=')) {
                usage(stderr);
                exit(2);
            }
            call_specs[n_call_specs++] = optarg;
            tool_calls = n_call_specs;
            break;
        case 'h': usage(stdout); exit(0);
        default:  usage(stderr); exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];

    options(argc, argv);
    if (log_path && !(log_file = fopen(log_path, "ae"))) {
        perror(log_path);
        return 1;
    }
    for (size_t q = 0; q < N_QUEUES; q++)
        TAILQ_INIT(&queues[q]);
    epfd = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on();

    epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = NULL });
    for (;;) {
        int n = epoll_wait(epfd, events, 256, run_timers());

        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;

            if (!c)
                accept_one(listener);
            else if (events[i].events & ~EPOLLOUT)
                readable(c);
            else
                flush_out(c);
        }
    }
}
