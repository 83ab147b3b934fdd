// SPDX-License-Identifier: Apache-2.0
/* web.c: the chat page, whose files are built into the program, and the way into it. */
#include <string.h>

#include "base/embedded.h"
#include "gateway/access.h"
#include "gateway/handlers.h"

extern const struct embedded_file web_files[];

static const char csp[] = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
                          "data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

static str content_type(str name)
{
    static const struct { const char *end, *type; } types[] = {
        { ".html", "text/html; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },   { ".svg", "image/svg+xml" },
    };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_ends(name, str_from(types[i].end)))
            return str_from(types[i].type);
    return S("application/octet-stream");
}

static enum err send_file(struct request *q, int status, str name) AWAITS
{
    str data = embedded_named(web_files, name);

    if (data.p == NULL)
        return failed(ERR_NOT_FOUND, "the page has no file %.*s", STR(str_take(name, 60)));
    http_add_field(q->http, S("Content-Security-Policy"), str_from(csp));
    http_add_field(q->http, S("X-Content-Type-Options"), S("nosniff"));
    http_add_field(q->http, S("Referrer-Policy"), S("no-referrer"));
    http_add_field(q->http, S("Cache-Control"), S("no-cache"));
    return http_answer(q->http, status, content_type(name), data);
}

enum err web_page(struct request *q) AWAITS
{
    return send_file(q, 200, q->caller == CALLER_NOBODY ? S("login.html") : S("index.html"));
}

enum err web_file(struct request *q) AWAITS
{
    return send_file(q, 200, q->arguments[0]);
}

enum err web_login(struct request *q) AWAITS
{
    char secret[TOKEN_SIZE];
    str code;

    if (str_eq(q->http->method, S("HEAD")))     /* somebody only looks: the link stays good */
        return send_file(q, 200, S("welcome.html"));
    if (!http_query(q->http, S("code"), &code))
        return failed(ERR_INPUT, "the link is incomplete: no code");
    if (q->caller == CALLER_BROWSER)                /* the link once more, or another: it is in already */
        return send_file(q, 200, S("welcome.html"));
    enum err e = access_login(q->gateway, code, secret);

    if (e == ERR_AUTH)
        return send_file(q, 403, S("login.html"));  /* for a person, who is told how to get a link */
    if (e)
        return e;
    http_add_field(q->http, S("Set-Cookie"),
                   str_from(arena_printf(q->arena, "clawdbot=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000%s",
                                         secret, q->http->tls ? "; Secure" : "")));
    /* A page, not a redirect: a browser that came from elsewhere would not send a strict cookie along with one. */
    return send_file(q, 200, S("welcome.html"));
}
