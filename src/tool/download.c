// SPDX-License-Identifier: Apache-2.0
#include "tool/download.h"

#include <string.h>

#include "config/config.h"
#include "net/address.h"
#include "net/url.h"
#include "tool/policy.h"

enum { REDIRECTS_MAX = 10 };

struct hop { struct download *d; struct url url; bool private_allowed; };

static enum err check_url(struct hop *h)
{
    TRY(url_parse(str_from(h->d->url), &h->url));
    if (!str_eq_nocase(h->url.scheme, S("http")) && !str_eq_nocase(h->url.scheme, S("https")))
        return failed(ERR_INPUT, "only http:// and https:// can be fetched");
    if (h->url.userinfo.p)
        return failed(ERR_INPUT, "a name or password in the URL is not sent; use the header Authorization");
    h->private_allowed = false;
    for (size_t i = 0; i < h->d->private_hosts->n; i++)
        h->private_allowed |= str_eq_nocase(h->url.host, str_from(h->d->private_hosts->items[i]));
    return OK;
}

static bool allow_address(void *arg, const struct sockaddr *to)
{
    const struct hop *h = arg;

    return h->private_allowed || address_is_public(to);
}

static enum err ask(struct hop *h) AWAITS
{
    struct download *d = h->d;
    struct http_request rq = {
        .method = d->method, .url = d->url, .fields = d->fields, .n_fields = d->n_fields, .body = d->body, .max_body = d->max_size,
        .decompress = true, .allow_address = allow_address, .allow_address_arg = h,
    };
    enum err e = http_fetch(d->cx->arena, &rq, &d->response, NULL);

    if (e == ERR_AUTH)
        return failed(e, "%s: private addresses are only for hosts that the owner names in tools.http_fetch.private_hosts", failed_text());
    return e;
}

static bool is_redirect(const struct http_response *r)
{
    static const int statuses[] = { 301, 302, 303, 307, 308 };

    for (size_t i = 0; i < N_ELEMENTS(statuses); i++)
        if (r->status == statuses[i])
            return http_response_field(r, S("Location")).p != NULL;
    return false;
}

static bool same_origin(const struct url *a, const struct url *b)
{
    return str_eq_nocase(a->host, b->host) && a->port == b->port && a->tls == b->tls;
}

/* What the policy says of the new place by itself.  An approval was for the place that the person saw. */
static enum err check_policy(const struct download *d, const char *to)
{
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:s}", "url", to);
    struct policy_facts f = { .person = &d->cx->person, .platform = d->cx->platform, .chat_id = d->cx->chat_id, .tool = d->tool,
                              .arguments = arguments, .workspace = d->cx->workspace, .taint = d->cx->taint };
    struct policy_answer answer;

    policy_decide(policy_now(), d->cx->arena, &f, &answer);
    if (answer.decision == DECISION_ALLOW)
        return OK;
    return failed(ERR_AUTH, "it leads on to %.300s, which was not followed: %s (%s); a call with that URL is decided by itself",
                  to, answer.why, answer.rule);
}

/* RFC 9110, 15.4: after 303 comes a GET, after 301 and 302 too, as everybody does it. */
static void become_get(struct download *d)
{
    d->method = "GET";
    d->body = NO_STR;
    d->n_fields = 0;
}

static enum err follow(struct hop *h) AWAITS
{
    CLEANUP(buf_done) struct buf to = { .max = 8192 };
    struct download *d = h->d;
    struct hop next = { .d = d };
    int status = d->response.status;

    TRY(url_resolve(str_from(d->url), http_response_field(&d->response, S("Location")), &to));
    TRY(buf_check(&to, "the address that a redirect leads to"));
    const char *from = d->url;

    d->url = arena_c(d->cx->arena, buf_str(&to));
    TRY(check_url(&next));
    if (h->url.tls && !next.url.tls)
        return failed(ERR_AUTH, "%s leads from https on to %.300s, which is not encrypted; it was not followed", from, d->url);
    bool same = str_eq_nocase(h->url.host, next.url.host);

    if (!same)
        TRY(check_policy(d, d->url));
    if (strcmp(d->method, "GET") != 0 && status < 307)
        become_get(d);
    if (strcmp(d->method, "GET") != 0 && !same_origin(&h->url, &next.url))
        return failed(ERR_AUTH, "it leads on to %.300s, and what was to be sent is not sent to another place", d->url);
    if (!same_origin(&h->url, &next.url))
        d->n_fields = 0;        /* they may hold a password for the first */
    *h = next;
    return OK;
}

enum err download(struct download *d) AWAITS
{
    struct hop h = { .d = d };

    TRY(check_url(&h));
    for (unsigned n = 0; n <= REDIRECTS_MAX; n++) {
        TRY(ask(&h));
        if (!is_redirect(&d->response))
            return OK;
        TRY(follow(&h));
    }
    return failed(ERR_REMOTE, "more than %d redirects; the last led to %.300s", REDIRECTS_MAX, d->url);
}
