// SPDX-License-Identifier: Apache-2.0
/* routes.h: every URL is a row of routes.def.  This is where a request is authenticated, limited and handed on, and
 * where an error becomes an answer (RFC 9457, application/problem+json). */
#pragma once
#include "gateway/gateway.h"
#include "net/server.h"

/* Who may ask. */
enum admission {
    SCOPE_OPEN,     /* anybody */
    SCOPE_LOCAL,    /* a program on this machine; a token from elsewhere */
    SCOPE_TOKEN,    /* the API token, a browser's cookie, or the gateway's own unix socket */
};

enum caller { CALLER_NOBODY, CALLER_TOKEN, CALLER_BROWSER, CALLER_SOCKET };

struct request {
    struct gateway       *gateway;
    struct http_exchange *http;
    struct arena         *arena;        /* the exchange's */
    enum caller           caller;
    str                   arguments[3]; /* what stood for {…} in the path, in order */
};

/* server_options.handle for the TCP port and for the unix socket; arg is a struct gateway. */
void routes_handle(void *gateway, struct http_exchange *) AWAITS;
void routes_handle_socket(void *gateway, struct http_exchange *) AWAITS;

enum err request_json(const struct request *, json_t **out) MUST_USE;      /* the body, an object; new reference */
enum err request_number(const struct request *, const char *name, int64_t otherwise, int64_t least, int64_t most,
                        int64_t *out) MUST_USE;                             /* from the query */
enum err answer_json(struct request *, int status, json_t *) AWAITS MUST_USE;      /* takes the reference */
enum err answer_problem(struct request *, int status, const char *title, const char *detail) AWAITS MUST_USE;
/* Takes one from what this kind of caller may do in a minute; false: too much, try again after *ret_wait_ms. */
bool     caller_within_limits(const struct gateway *, enum caller, uint64_t *ret_wait_ms);
json_t  *time_or_null(int64_t ms);      /* RFC 3339; 0: null */
const char *caller_platform(enum caller);       /* the platform of messages that come this way: rest, web, cli */
