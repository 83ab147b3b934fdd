// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes.h"

#include <string.h>

#include "base/metrics.h"
#include "base/time.h"
#include "channel/registry.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/handlers.h"
#include "gateway/limits.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "net/url.h"

struct route {
    const char *method, *path;
    enum admission scope;
    enum err  (*handle)(struct request *) AWAITS;
};

static const struct route routes[] = {
#define ROUTE(method, path, scope, handler, help) { #method, path, scope, handler },
#include "gateway/routes.def"
#undef ROUTE
};

/* ---- which row ---- */

static bool path_matches(str path, str pattern, str arguments[3])
{
    str segment, wanted;
    size_t n = 0;

    while (str_split(&pattern, '/', &wanted)) {
        if (!str_split(&path, '/', &segment))
            return false;
        if (wanted.len && wanted.p[0] == '{') {
            if (segment.len == 0)
                return false;
            arguments[n++] = segment;
        } else if (!str_eq(segment, wanted)) {
            return false;
        }
    }
    return path.p == NULL;
}

static bool method_matches(const struct route *r, str method)
{
    return str_eq(method, str_from(r->method)) || (str_eq(method, S("HEAD")) && strcmp(r->method, "GET") == 0);
}

static bool is_called(str channel)
{
    const struct channel *c = channel_find(channel);

    return c && c->webhook;
}

/* NULL with *ret_allow empty: no such path; else the methods that the path knows. */
static const struct route *find(struct request *q, struct buf *ret_allow)
{
    for (size_t i = 0; i < N_ELEMENTS(routes); i++) {
        memset(q->arguments, 0, sizeof q->arguments);
        if (!path_matches(q->http->path, str_from(routes[i].path), q->arguments))
            continue;
        if (routes[i].handle == take_webhook && !is_called(q->arguments[0]))
            continue;
        if (method_matches(&routes[i], q->http->method))
            return &routes[i];
        buf_addf(ret_allow, "%s%s", ret_allow->len ? ", " : "", routes[i].method);
    }
    return NULL;
}

/* ---- who asks ---- */

/* As OpenAI's clients send it, or as Anthropic's do. */
static str sent_token(const struct http_exchange *x)
{
    str value = http_exchange_field(x, S("authorization"));

    if (str_eq_nocase(str_take(value, 7), S("Bearer ")))
        return str_trim(str_skip(value, 7));
    return str_trim(http_exchange_field(x, S("x-api-key")));
}

static str cookie(const struct http_exchange *x)
{
    str rest = http_exchange_field(x, S("cookie")), pair;

    while (str_split(&rest, ';', &pair)) {
        pair = str_trim(pair);
        if (str_eat(&pair, S("clawdbot=")))
            return pair;
    }
    return NO_STR;
}

static bool origin_allowed(const struct http_exchange *x)
{
    str origin = http_exchange_field(x, S("origin")), host = origin;
    const struct string_list *others = &config_now()->server_cors_origins;

    if (origin.p == NULL)
        return true;
    if ((str_eat(&host, S("http://")) || str_eat(&host, S("https://"))) && str_eq_nocase(host, x->host))
        return true;
    for (size_t i = 0; i < others->n; i++)
        if (str_eq(origin, str_from(others->items[i])))
            return true;
    return false;
}

/* A cookie is sent by the browser whoever wrote the page, so it counts only from our own pages. */
static enum caller who(const struct gateway *g, const struct http_exchange *x)
{
    str token = sent_token(x), secret = cookie(x);

    if (token.len && access_token_valid(g->access, token))
        return CALLER_TOKEN;
    if (secret.len && origin_allowed(x) && access_cookie_valid(g->access, secret))
        return CALLER_BROWSER;
    return CALLER_NOBODY;
}

const char *caller_platform(enum caller c)
{
    static const char *const names[] = { "rest", "rest", "web", "cli" };

    return names[c];
}

/* A page that pointed its own name at this machine (DNS rebinding) is told by the name that its requests carry. */
static bool host_is_loopback(const struct http_exchange *x)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct url u;

    return url_parse(str_from(arena_printf(a, "http://%.*s/", STR(x->host))), &u) == OK && url_is_loopback(&u);
}

/* A program on this machine, not a page in its browser. */
static bool is_local_program(const struct http_exchange *x)
{
    return x->peer_is_loopback && http_exchange_field(x, S("origin")).p == NULL && host_is_loopback(x);
}

static bool may(const struct request *q, enum admission scope)
{
    if (scope == SCOPE_OPEN || q->caller != CALLER_NOBODY)
        return true;
    return is_local_program(q->http) && (scope == SCOPE_LOCAL || !config_now()->security_require_token);
}

bool caller_within_limits(const struct gateway *g, enum caller caller, uint64_t *ret_wait_ms)
{
    const struct config *c = config_now();
    str key = caller == CALLER_BROWSER ? S("caller:browser") : S("caller:token");

    if (caller == CALLER_SOCKET)
        return true;
    return limits_take(g->limits, key, c->server_rate_limit_per_token, c->server_rate_limit_burst, ret_wait_ms);
}

static bool within_limits(struct request *q, uint64_t *ret_wait_ms)
{
    const struct config *c = config_now();
    str peer = str_from(q->http->peer);

    if (q->caller == CALLER_SOCKET)
        return true;
    if (!limits_take(q->gateway->limits, peer, c->server_rate_limit_per_address, c->server_rate_limit_burst, ret_wait_ms))
        return false;
    return q->caller == CALLER_NOBODY || caller_within_limits(q->gateway, q->caller, ret_wait_ms);
}

/* ---- answers ---- */

enum err answer_json(struct request *q, int status, json_t *j)
{
    str text = json_print(q->arena, j);

    json_decref(j);
    http_add_field(q->http, S("Cache-Control"), S("no-store"));
    http_add_field(q->http, S("X-Content-Type-Options"), S("nosniff"));
    return http_answer(q->http, status, S("application/json"), text);
}

json_t *time_or_null(int64_t ms)
{
    char text[TIME_TEXT_SIZE];

    return ms ? json_string(time_text(text, ms)) : json_null();
}

enum err answer_problem(struct request *q, int status, const char *title, const char *detail)
{
    if (v1_is_path(q->http->path)) {        /* its clients know other errors */
        struct v1_problem p = v1_problem_with(status, str_from(detail));

        return v1_refuse(q, &p);
    }
    json_t *j = json_pack("{s:s, s:s, s:i, s:o}", "type", "about:blank", "title", title, "status", status, "detail",
                          json_from_str(str_from(detail)));
    str text = json_print(q->arena, j);

    json_decref(j);
    return http_answer(q->http, status, S("application/problem+json"), text);
}

static const struct { enum err code; int status; const char *title; } problems[] = {
    { ERR_INPUT, 400, "Bad request" },          { ERR_AUTH, 403, "Not allowed" },
    { ERR_NOT_FOUND, 404, "Not found" },        { ERR_CONFLICT, 409, "Conflict" },
    { ERR_LIMIT, 413, "Too large" },            { ERR_IO, 503, "Storage is not available" },
    { ERR_TIMEOUT, 504, "Took too long" },      { ERR_BUDGET, 429, "The budget is used up" },
    { ERR_REMOTE, 502, "Bad answer from behind" },
};

static void answer_error(struct request *q, enum err e) AWAITS
{
    CLEANUP(buf_done) struct buf why = { 0 };
    int status = 500;
    const char *title = "Internal error";
    enum err ignored;

    buf_addf(&why, "%s", failed_text());
    if (e == ERR_CANCELLED && q->gateway->closing && !http_answered(q->http)) {
        http_add_field(q->http, S("Retry-After"), S("5"));
        ignored = answer_problem(q, 503, "The gateway is stopping", buf_c(&why));
        return;
    }
    if (http_answered(q->http) || e == ERR_NET || e == ERR_CANCELLED) {     /* the client is gone, or we are going */
        log_event(LOG_DEBUG, "http.broken", F("path", q->http->path), F("error", buf_str(&why)));
        return;
    }
    for (size_t i = 0; i < N_ELEMENTS(problems); i++)
        if (problems[i].code == e) {
            status = problems[i].status;
            title = problems[i].title;
        }
    if (status >= 500) {
        metric_add(METRIC_http_errors, 1);
        log_event(LOG_WARN, "http.error", F("path", q->http->path), F("code", err_name(e)), F("error", buf_str(&why)));
    }
    ignored = answer_problem(q, status, title, buf_c(&why));
    (void)ignored;
}

enum err request_json(const struct request *q, json_t **out)
{
    json_t *j;

    if (q->http->body.len == 0)
        return failed(ERR_INPUT, "the request has no body; a JSON object is expected");
    if (json_parse(q->http->body, &j))
        return failed_in(ERR_INPUT, "the body is not JSON: ");
    if (!json_is_object(j)) {
        json_decref(j);
        return failed(ERR_INPUT, "the body is JSON, but not an object");
    }
    *out = j;
    return OK;
}

enum err request_number(const struct request *q, const char *name, int64_t otherwise, int64_t least, int64_t most,
                        int64_t *out)
{
    int64_t v = otherwise;
    str text;

    if (http_query(q->http, str_from(name), &text) && text.len) {
        if (str_i64(text, &v))
            return failed_in(ERR_INPUT, "%s: ", name);
        if (v < least || v > most)
            return failed(ERR_INPUT, "%s must be between %lld and %lld", name, (long long)least, (long long)most);
    }
    *out = v;
    return OK;
}

/* ---- one request ---- */

static void add_cors(struct request *q)
{
    str origin = http_exchange_field(q->http, S("origin"));

    if (origin.p == NULL || !origin_allowed(q->http))
        return;
    http_add_field(q->http, S("Access-Control-Allow-Origin"), origin);
    http_add_field(q->http, S("Vary"), S("Origin"));
}

/* The clients of OpenAI and Anthropic send many of their own. */
static str allowed_headers(const struct request *q)
{
    str asked = http_exchange_field(q->http, S("access-control-request-headers"));

    return v1_is_path(q->http->path) && asked.len ? asked : S("Authorization, Content-Type, Idempotency-Key");
}

static enum err answer_preflight(struct request *q) AWAITS
{
    http_add_field(q->http, S("Access-Control-Allow-Methods"), S("GET, POST"));
    http_add_field(q->http, S("Access-Control-Allow-Headers"), allowed_headers(q));
    http_add_field(q->http, S("Access-Control-Max-Age"), S("600"));
    return http_answer(q->http, 204, S(""), S(""));
}

static enum err serve(struct request *q) AWAITS
{
    CLEANUP(buf_done) struct buf allow = { 0 };
    const struct route *r = find(q, &allow);
    uint64_t wait = 0;

    add_cors(q);
    if (!within_limits(q, &wait)) {
        metric_add(METRIC_http_limited, 1);
        http_add_field(q->http, S("Retry-After"),
                       str_from(arena_printf(q->arena, "%llu", (unsigned long long)(wait + 999) / 1000)));
        return answer_problem(q, 429, "Too many requests", "the limits are server.rate_limit.* in the configuration");
    }
    if (r == NULL && allow.len == 0)
        return failed(ERR_NOT_FOUND, "there is nothing at %.*s", STR(str_take(q->http->path, 200)));
    if (str_eq(q->http->method, S("OPTIONS")) && r == NULL && http_exchange_field(q->http, S("origin")).p)
        return answer_preflight(q);
    if (r == NULL) {
        http_add_field(q->http, S("Allow"), buf_str(&allow));
        return answer_problem(q, 405, "Method not allowed", "this path is there, for another method: see Allow");
    }
    if (!may(q, r->scope)) {
        http_add_field(q->http, S("WWW-Authenticate"), S("Bearer"));
        return answer_problem(q, 401, "Unauthorized", "send the API token as 'Authorization: Bearer ...'; "
                              "`clawdbot token new` makes one, `clawdbot login` prints a link for a browser");
    }
    return r->handle(q);
}

static void handle(struct gateway *g, struct http_exchange *x, enum caller caller) AWAITS
{
    struct request q = { .gateway = g, .http = x, .arena = x->arena, .caller = caller };

    metric_add(METRIC_http_requests, 1);
    enum err e = serve(&q);

    if (e)
        answer_error(&q, e);
}

void routes_handle(void *gateway, struct http_exchange *x)
{
    handle(gateway, x, who(gateway, x));
}

void routes_handle_socket(void *gateway, struct http_exchange *x)
{
    handle(gateway, x, CALLER_SOCKET);
}
