// SPDX-License-Identifier: Apache-2.0
/* telegram_double.c: a Telegram Bot API for crash tests and benches, with a log of all that was sent to it.  One
 * process on plain epoll that shares no code with the program it is used on.  See usage() for how it is steered. */
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

enum { IN_MAX = 64 << 20, RULES_MAX = 32 };

struct bytes { char *p; size_t len, cap; };

struct conn {
    int          fd;
    struct bytes in, out;
    size_t       sent;              /* of out */
    bool         want_write, closing, polling, continued, control;
    int64_t      poll_offset;
    uint64_t     poll_until, answer_at;     /* ms; 0: none */
    json_t      *answered;          /* the log entry that `out` answers, or NULL */
    LIST_ENTRY(conn) all;
};

/* What to do wrong, how often. */
struct rule { char method[32]; int status; double retry_after; int count; enum { ANSWER, DROP_BEFORE, DROP_AFTER, DELAY } what; int ms; char text[128]; };

static LIST_HEAD(, conn) conns = LIST_HEAD_INITIALIZER(conns);
static struct rule rules[RULES_MAX];
static size_t n_rules;
static json_t *log_entries, *updates;       /* updates: those not confirmed */
static int64_t next_update = 1, next_message = 1, next_press = 1, polls, max_confirmed;
static int poller;                          /* the epoll */

static void usage(FILE *to)
{
    fputs("usage: telegram_double [--port N]\n"
          "\n"
          "A Telegram Bot API on 127.0.0.1. --port 0 takes a free port; either way the first line printed is the port.\n"
          "Every bot token is taken but those that begin with \"bad\". Steered over the same port:\n"
          "\n"
          "  POST /control/message   {\"chat_id\": 1, \"text\": \"hi\", ...}  one update; other keys are put into the message\n"
          "  POST /control/messages  {\"chats\": 4, \"each\": 10, \"first_chat\": 1, \"first\": 0, \"text\": \"m\"}\n"
          "                          chats*each updates in turn, texts \"m CHAT NUMBER\"\n"
          "  POST /control/update    {...}  an update as it stands; update_id is added\n"
          "  POST /control/press     {\"message_id\": 5, \"button\": 0, \"from\": 7}  the n-th button under a message that was sent is\n"
          "                          pressed, by the chat's person where \"from\" is left out; 400 when there is none\n"
          "  POST /control/rule      {\"method\": \"sendMessage\", \"do\": \"status|drop_before|drop_after|delay\",\n"
          "                           \"status\": 429, \"retry_after\": 1, \"description\": \"\", \"ms\": 50, \"count\": 1}\n"
          "                          the next `count` calls of the method (\"*\": any) are answered so; count -1: all\n"
          "  POST /control/reset     forgets rules, updates and log\n"
          "  GET  /control/log       [{method, params, at (us), message_id, status, state}] in order of arrival; state is\n"
          "                          received, taken (done, not answered), answered (the whole answer was written), lost\n"
          "                          (the peer was gone before that), dropped (on purpose, undone), refused\n"
          "  GET  /control/log/N     the same from the N-th entry on\n"
          "  GET  /control/state     {\"pending\": updates not confirmed, \"polls\", \"polling\": polls open, \"confirmed\",\n"
          "                          \"connections\": but for those that steer}\n"
          "\n"
          "A file_id \"size-N\" has N bytes; any other is \"content of FILE_ID\".\n", to);
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t now_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000;
}

static void add(struct bytes *b, const void *p, size_t n)
{
    if (b->len + n + 1 > b->cap) {
        b->cap = (b->len + n + 1) * 2;
        if (!(b->p = realloc(b->p, b->cap)))
            die("realloc");
    }
    memcpy(b->p + b->len, p, n);
    b->len += n;
    b->p[b->len] = '\0';
}

/* ---- connections ---- */

static void mark(struct conn *c, const char *state)
{
    if (!c->answered)
        return;
    json_object_set_new(c->answered, "state", json_string(state));
    json_decref(c->answered);
    c->answered = NULL;
}

static void close_conn(struct conn *c)
{
    mark(c, "lost");
    close(c->fd);
    LIST_REMOVE(c, all);
    free(c->in.p);
    free(c->out.p);
    free(c);
}

static void watch(struct conn *c)
{
    struct epoll_event e = { .events = EPOLLIN | (c->want_write ? EPOLLOUT : 0u), .data.ptr = c };

    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e))
        die("epoll_ctl");
}

/* false: the connection is gone */
static bool flush(struct conn *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = write(c->fd, c->out.p + c->sent, c->out.len - c->sent);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            close_conn(c);
            return false;
        }
        c->sent += (size_t)n;
    }
    bool left = c->sent < c->out.len;

    if (left != c->want_write) {
        c->want_write = left;
        watch(c);
    }
    if (!left) {
        c->out.len = c->sent = 0;
        mark(c, "answered");
        if (c->closing) {
            close_conn(c);
            return false;
        }
    }
    return true;
}

static bool answer_bytes(struct conn *c, int status, const char *type, const char *body, size_t len)
{
    char head[200];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status, type, len);

    add(&c->out, head, (size_t)n);
    add(&c->out, body, len);
    return c->answer_at ? true : flush(c);
}

static bool answer_json(struct conn *c, int status, json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT);
    bool there = answer_bytes(c, status, "application/json", text, strlen(text));

    free(text);
    json_decref(j);
    return there;
}

static bool answer_result(struct conn *c, json_t *result)
{
    return answer_json(c, 200, json_pack("{s:b, s:o}", "ok", 1, "result", result));
}

static bool answer_error(struct conn *c, int status, const char *text, double retry_after)
{
    json_t *j = json_pack("{s:b, s:i, s:s}", "ok", 0, "error_code", status, "description", text);

    if (retry_after > 0)
        json_object_set_new(j, "parameters", json_pack("{s:i}", "retry_after", (int)retry_after));
    return answer_json(c, status, j);
}

/* ---- updates ---- */

static void add_update(json_t *update)
{
    json_object_set_new(update, "update_id", json_integer(next_update++));
    json_array_append_new(updates, update);
}

static void confirm(int64_t offset)
{
    while (json_array_size(updates)) {
        int64_t id = json_integer_value(json_object_get(json_array_get(updates, 0), "update_id"));

        if (id >= offset)
            break;
        max_confirmed = id;
        json_array_remove(updates, 0);
    }
}

static bool answer_poll(struct conn *c)
{
    json_t *list = json_array();

    c->polling = false;
    for (size_t i = 0; i < json_array_size(updates) && i < 100; i++)
        json_array_append(list, json_array_get(updates, i));
    return answer_result(c, list);
}

static void wake_polls(void)
{
    for (struct conn *c = LIST_FIRST(&conns), *next; c; c = next) {
        next = LIST_NEXT(c, all);
        if (c->polling && json_array_size(updates))
            answer_poll(c);
    }
}

static json_t *person(int64_t id)
{
    return json_pack("{s:I, s:b, s:s}", "id", (json_int_t)id, "is_bot", 0, "first_name", "Person");
}

static json_t *make_message(int64_t chat, const char *text)
{
    return json_pack("{s:I, s:I, s:o, s:{s:I, s:s}, s:s}", "message_id", (json_int_t)next_message++, "date",
                     (json_int_t)time(NULL), "from", person(chat < 0 ? -chat : chat), "chat", "id", (json_int_t)chat,
                     "type", chat < 0 ? "supergroup" : "private", "text", text);
}

/* ---- the Bot API ---- */

static json_t *start_entry(const char *method, json_t *params)
{
    json_t *e = json_pack("{s:s, s:O, s:I, s:s}", "method", method, "params", params, "at",
                          (json_int_t)now_us(CLOCK_REALTIME), "state", "received");

    json_array_append(log_entries, e);
    return e;
}

static int64_t param_int(json_t *params, const char *name)
{
    json_t *j = json_object_get(params, name);

    return json_is_string(j) ? strtoll(json_string_value(j), NULL, 10) : json_integer_value(j);
}

static bool get_updates(struct conn *c, json_t *params)
{
    int64_t timeout = param_int(params, "timeout"), offset = param_int(params, "offset");

    polls++;
    if (offset)
        confirm(offset);
    for (struct conn *o = LIST_FIRST(&conns), *next; o; o = next) {
        next = LIST_NEXT(o, all);
        if (o != c && o->polling) {
            o->polling = false;
            answer_error(o, 409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running", 0);
        }
    }
    if (json_array_size(updates) || timeout <= 0)
        return answer_poll(c);
    c->polling = true;
    c->poll_until = now_ms() + (uint64_t)timeout * 1000;
    return true;
}

static json_t *sent_message(json_t *params, json_t *entry)
{
    int64_t id = param_int(params, "message_id"), chat = param_int(params, "chat_id");
    const char *text = json_string_value(json_object_get(params, "text"));

    if (!id)
        id = next_message++;
    json_object_set_new(entry, "message_id", json_integer(id));
    return json_pack("{s:I, s:I, s:{s:I}, s:s}", "message_id", (json_int_t)id, "date", (json_int_t)time(NULL), "chat",
                     "id", (json_int_t)chat, "text", text ? text : "");
}

static bool is_send(const char *m)
{
    return !strcmp(m, "sendMessage") || !strcmp(m, "editMessageText") || !strcmp(m, "sendDocument") || !strcmp(m, "sendPhoto");
}

static bool was_pressed(int64_t id)
{
    return id >= 1 && id < next_press;
}

static bool call_method(struct conn *c, const char *m, json_t *params, json_t *entry)
{
    if (!strcmp(m, "getMe"))
        return answer_result(c, json_pack("{s:i, s:b, s:s, s:s}", "id", 4242, "is_bot", 1, "first_name", "Double", "username", "double_bot"));
    if (!strcmp(m, "getUpdates"))
        return get_updates(c, params);
    if (!strcmp(m, "getFile")) {
        char path[2000];
        const char *id = json_string_value(json_object_get(params, "file_id"));
        snprintf(path, sizeof path, "files/%.1900s", id ? id : "");
        return answer_result(c, json_pack("{s:s, s:s}", "file_id", id ? id : "", "file_path", path));
    }
    if (!strcmp(m, "getWebhookInfo"))
        return answer_result(c, json_pack("{s:s, s:i}", "url", "", "pending_update_count", (int)json_array_size(updates)));
    if (is_send(m)) {
        c->answered = json_incref(entry);
        json_object_set_new(entry, "state", json_string("taken"));
        return answer_result(c, sent_message(params, entry));
    }
    if (!strcmp(m, "answerCallbackQuery"))
        return was_pressed(param_int(params, "callback_query_id"))
                   ? answer_result(c, json_true())
                   : answer_error(c, 400, "Bad Request: query is too old and response timeout expired or query ID is invalid", 0);
    if (!strcmp(m, "sendChatAction") || !strcmp(m, "setWebhook") || !strcmp(m, "deleteWebhook"))
        return answer_result(c, json_true());
    return answer_error(c, 404, "Not Found: method not found", 0);
}

static struct rule *take_rule(const char *method)
{
    for (size_t i = 0; i < n_rules; i++) {
        if (rules[i].count == 0 || (strcmp(rules[i].method, "*") && strcasecmp(rules[i].method, method)))
            continue;
        if (rules[i].count > 0)
            rules[i].count--;
        return &rules[i];
    }
    return NULL;
}

static bool bot_call(struct conn *c, const char *method, json_t *params)
{
    json_t *entry = !strcmp(method, "getUpdates") ? json_object() : start_entry(method, params);
    struct rule *r = take_rule(method);
    bool there;

    if (r && r->what == DROP_BEFORE) {
        json_object_set_new(entry, "state", json_string("dropped"));
        json_decref(entry);
        close_conn(c);
        return false;
    }
    if (r && r->what == ANSWER) {
        json_object_set_new(entry, "state", json_string("refused"));
        json_object_set_new(entry, "status", json_integer(r->status));
        json_decref(entry);
        return answer_error(c, r->status, r->text[0] ? r->text : "as told", r->retry_after);
    }
    if (r)
        c->answer_at = now_ms() + (uint64_t)(r->what == DELAY ? r->ms : 3600 * 1000);
    there = call_method(c, method, params, entry);
    json_decref(entry);
    if (there && r && r->what == DROP_AFTER) {
        mark(c, "taken");
        close_conn(c);
        return false;
    }
    return there;
}

static bool serve_file(struct conn *c, const char *id)
{
    size_t size = strncmp(id, "size-", 5) ? 0 : (size_t)strtoul(id + 5, NULL, 10);
    char text[2000];
    int n = snprintf(text, sizeof text, "content of %.1900s", id);
    char *big = NULL;
    bool there;

    if (size) {
        if (!(big = malloc(size)))
            die("malloc");
        memset(big, 'x', size);
    }
    there = answer_bytes(c, 200, "application/octet-stream", big ? big : text, big ? size : (size_t)n);
    free(big);
    return there;
}

/* ---- control ---- */

static bool answer_ok(struct conn *c)
{
    wake_polls();
    return answer_json(c, 200, json_pack("{s:b}", "ok", 1));
}

static void control_message(json_t *j)
{
    json_t *m = make_message(json_integer_value(json_object_get(j, "chat_id")), "");
    const char *key;
    json_t *value;

    json_object_foreach(j, key, value)
        if (strcmp(key, "chat_id"))
            json_object_set(m, key, value);
    add_update(json_pack("{s:o}", "message", m));
}

static json_t *find_sent(int64_t message)
{
    for (size_t i = 0; i < json_array_size(log_entries); i++) {
        json_t *e = json_array_get(log_entries, i);

        if (!strcmp(json_string_value(json_object_get(e, "method")), "sendMessage")
            && json_integer_value(json_object_get(e, "message_id")) == message)
            return json_object_get(e, "params");
    }
    return NULL;
}

/* What the n-th button under it says to the bot; NULL: there is no such button. */
static const char *button_data(json_t *sent, int64_t n)
{
    json_t *rows = json_object_get(json_object_get(sent, "reply_markup"), "inline_keyboard");

    for (size_t i = 0; i < json_array_size(rows); i++)
        for (size_t k = 0; k < json_array_size(json_array_get(rows, i)); k++)
            if (n-- == 0)
                return json_string_value(json_object_get(json_array_get(json_array_get(rows, i), k), "callback_data"));
    return NULL;
}

static bool control_press(json_t *j)
{
    int64_t id = json_integer_value(json_object_get(j, "message_id"));
    json_t *sent = find_sent(id), *from = json_object_get(j, "from");
    const char *data = button_data(sent, json_integer_value(json_object_get(j, "button")));
    int64_t chat = param_int(sent, "chat_id");
    char query[32];

    if (!data)
        return false;
    snprintf(query, sizeof query, "%lld", (long long)next_press++);
    json_t *under = make_message(chat, json_string_value(json_object_get(sent, "text")));
    json_object_set_new(under, "message_id", json_integer(id));
    json_object_set_new(under, "from", json_pack("{s:i, s:b, s:s}", "id", 4242, "is_bot", 1, "first_name", "Double"));
    add_update(json_pack("{s:{s:s, s:o, s:o, s:s, s:s}}", "callback_query", "id", query, "from",
                         person(from ? json_integer_value(from) : chat), "message", under, "chat_instance", "1", "data", data));
    return true;
}

static int64_t int_or(json_t *j, const char *key, int64_t otherwise)
{
    json_t *v = json_object_get(j, key);

    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void control_messages(json_t *j)
{
    int64_t chats = int_or(j, "chats", 1), each = int_or(j, "each", 1), first_chat = int_or(j, "first_chat", 1);
    int64_t first = int_or(j, "first", 0);
    const char *text = json_string_value(json_object_get(j, "text"));

    for (int64_t i = first; i < first + each; i++)
        for (int64_t chat = first_chat; chat < first_chat + chats; chat++) {
            char body[400];
            snprintf(body, sizeof body, "%.300s %lld %lld", text ? text : "m", (long long)chat, (long long)i);
            add_update(json_pack("{s:o}", "message", make_message(chat, body)));
        }
}

static bool control_rule(json_t *j)
{
    const char *method = json_string_value(json_object_get(j, "method"));
    const char *what = json_string_value(json_object_get(j, "do"));
    const char *text = json_string_value(json_object_get(j, "description"));
    struct rule *r = &rules[n_rules];

    if (n_rules == RULES_MAX || !what)
        return false;
    *r = (struct rule){ .status = (int)int_or(j, "status", 500), .count = (int)int_or(j, "count", 1), .ms = (int)int_or(j, "ms", 0),
                        .retry_after = (double)int_or(j, "retry_after", 0) };
    r->what = !strcmp(what, "drop_before") ? DROP_BEFORE : !strcmp(what, "drop_after") ? DROP_AFTER : !strcmp(what, "delay") ? DELAY : ANSWER;
    snprintf(r->method, sizeof r->method, "%s", method ? method : "*");
    snprintf(r->text, sizeof r->text, "%s", text ? text : "");
    n_rules++;
    return true;
}

static json_t *log_from(size_t first)
{
    json_t *list = json_array();

    for (size_t i = first; i < json_array_size(log_entries); i++)
        json_array_append(list, json_array_get(log_entries, i));
    return list;
}

static bool control(struct conn *c, const char *what, json_t *j)
{
    if (!strcmp(what, "log"))
        return answer_json(c, 200, json_incref(log_entries));
    if (!strncmp(what, "log/", 4))
        return answer_json(c, 200, log_from(strtoul(what + 4, NULL, 10)));
    if (!strcmp(what, "state")) {
        int open = 0, bots = 0;
        struct conn *o;
        LIST_FOREACH(o, &conns, all) {
            open += o->polling;
            bots += !o->control;
        }
        return answer_json(c, 200, json_pack("{s:i, s:I, s:i, s:I, s:i}", "pending", (int)json_array_size(updates), "polls",
                                             (json_int_t)polls, "polling", open, "confirmed", (json_int_t)max_confirmed,
                                             "connections", bots));
    }
    if (!strcmp(what, "message"))
        control_message(j);
    else if (!strcmp(what, "messages"))
        control_messages(j);
    else if (!strcmp(what, "update"))
        add_update(json_deep_copy(j));
    else if (!strcmp(what, "reset")) {
        json_array_clear(log_entries);
        json_array_clear(updates);
        n_rules = 0;
    } else if (strcmp(what, "press") == 0 ? !control_press(j) : strcmp(what, "rule") || !control_rule(j))
        return answer_error(c, 400, "what?", 0);
    return answer_ok(c);
}

/* ---- HTTP ---- */

/* The plain values of multipart form data, and the sizes of its files. */
static json_t *read_form(const char *body, size_t len)
{
    json_t *j = json_object();
    const char *at = body, *end = body + len;

    while ((at = memmem(at, (size_t)(end - at), "name=\"", 6))) {
        const char *name = at + 6, *quote = memchr(name, '"', (size_t)(end - name));
        const char *value = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        const char *stop = value ? memmem(value, (size_t)(end - value), "\r\n--", 4) : NULL;
        char key[64];

        if (!quote || !stop)
            break;
        snprintf(key, sizeof key, "%.*s", (int)(quote - name), name);
        bool file = memmem(at, (size_t)(value - at), "filename=", 9) != NULL;
        json_object_set_new(j, key, file ? json_integer(stop - value - 4) : json_stringn(value + 4, (size_t)(stop - value - 4)));
        at = stop;
    }
    return j;
}

static bool serve(struct conn *c, char *path, const char *type, const char *body, size_t len)
{
    json_t *j = type && !strncasecmp(type, "multipart/", 10) ? read_form(body, len) : json_loadb(body, len, 0, NULL);
    char *query = strchr(path, '?');
    bool there;

    if (query)
        *query = '\0';
    if (!j)
        j = json_object();
    c->control = !strncmp(path, "/control/", 9);
    if (c->control)
        there = control(c, path + 9, j);
    else if (!strncmp(path, "/file/bot", 9) && strstr(path, "/files/"))
        there = serve_file(c, strstr(path, "/files/") + 7);
    else if (!strncmp(path, "/botbad", 7))
        there = answer_error(c, 401, "Unauthorized", 0);
    else if (!strncmp(path, "/bot", 4) && strchr(path + 4, '/'))
        there = bot_call(c, strchr(path + 4, '/') + 1, j);
    else
        there = answer_error(c, 404, "Not Found", 0);
    json_decref(j);
    return there;
}

static char *header(char *head, const char *name)
{
    size_t n = strlen(name);

    for (char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, n) && line[2 + n] == ':')
            return line + 3 + n + strspn(line + 3 + n, " ");
    return NULL;
}

/* One request after another, while none waits for its answer.  false: the connection is gone. */
static bool serve_buffered(struct conn *c)
{
    while (!c->polling && !c->answer_at) {
        char *end = c->in.len ? strstr(c->in.p, "\r\n\r\n") : NULL;
        char path[2048], *length, *type;

        if (!end)
            return true;
        length = header(c->in.p, "Content-Length");
        size_t head = (size_t)(end - c->in.p) + 4, body = length && length < end ? strtoul(length, NULL, 10) : 0;
        char *expect = header(c->in.p, "Expect");

        if (body > IN_MAX) {
            close_conn(c);
            return false;
        }
        if (c->in.len < head + body) {
            if (expect && expect < end && !c->continued) {
                c->continued = true;
                add(&c->out, "HTTP/1.1 100 Continue\r\n\r\n", 25);
                return flush(c);
            }
            return true;
        }
        c->continued = false;
        if (sscanf(c->in.p, "%*15s %2047s", path) != 1) {
            close_conn(c);
            return false;
        }
        type = header(c->in.p, "Content-Type");
        char *copy = malloc(body + 1);
        memcpy(copy, c->in.p + head, body);
        copy[body] = '\0';
        char kind[64] = "";
        if (type && type < end)
            snprintf(kind, sizeof kind, "%.60s", type);
        c->in.len -= head + body;
        memmove(c->in.p, c->in.p + head + body, c->in.len + 1);
        bool there = serve(c, path, kind, copy, body);
        free(copy);
        if (!there)
            return false;
    }
    return true;
}

static void on_readable(struct conn *c)
{
    char chunk[65536];
    ssize_t n;

    while ((n = read(c->fd, chunk, sizeof chunk)) > 0)
        add(&c->in, chunk, (size_t)n);
    bool ended = n == 0 || (n < 0 && errno != EAGAIN);

    /* What came whole counts, also from a client that is gone by now, as a platform would take it. */
    if (serve_buffered(c) && ended)
        close_conn(c);
}

static void accept_all(int listener)
{
    int fd, one = 1;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *c = calloc(1, sizeof *c);
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        LIST_INSERT_HEAD(&conns, c, all);
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e))
            die("epoll_ctl");
    }
}

/* Polls that time out and answers that were delayed. Returns ms to the next, -1 for none. */
static int run_timers(void)
{
    uint64_t now = now_ms(), next = UINT64_MAX;

    for (struct conn *c = LIST_FIRST(&conns), *after; c; c = after) {
        after = LIST_NEXT(c, all);
        if (c->polling && c->poll_until <= now) {
            if (answer_poll(c) && !serve_buffered(c))
                continue;
        } else if (c->answer_at && c->answer_at <= now) {
            c->answer_at = 0;
            if (flush(c))
                serve_buffered(c);
            continue;
        }
        if (c->polling && c->poll_until < next)
            next = c->poll_until;
        if (c->answer_at && c->answer_at < next)
            next = c->answer_at;
    }
    return next == UINT64_MAX ? -1 : (int)(next > now ? next - now : 0);
}

static int listen_on(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1024) || getsockname(fd, (struct sockaddr *)&a, &len))
        die("listen");
    printf("%u\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void loop(int listener)
{
    struct epoll_event events[64], e = { .events = EPOLLIN, .data.ptr = NULL };

    if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e))
        die("epoll_ctl");
    for (;;) {
        int n = epoll_wait(poller, events, 1, run_timers());    /* one: a handler may free other connections */

        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        if (n < 1)
            continue;
        struct conn *c = events[0].data.ptr;
        if (!c)
            accept_all(listener);
        else if (events[0].events & EPOLLOUT ? flush(c) : true)
            if (events[0].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                on_readable(c);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "port", required_argument, NULL, 'p' }, { "help", no_argument, NULL, 'h' }, { 0 } };
    unsigned port = 0;
    int o;

    while ((o = getopt_long(argc, argv, "p:h", options, NULL)) != -1) {
        if (o == 'p')
            port = (unsigned)strtoul(optarg, NULL, 10);
        else {
            usage(o == 'h' ? stdout : stderr);
            return o != 'h';
        }
    }
    signal(SIGPIPE, SIG_IGN);
    log_entries = json_array();
    updates = json_array();
    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die("epoll_create1");
    loop(listen_on(port));
}
