// SPDX-License-Identifier: Apache-2.0
/* Whatever a command asks of the proxy: what goes on is one request that our own strict parser takes, to the host that was
 * decided about, with one Host field and the secret once, where it belongs and nowhere else. */
#include <assert.h>

#include "tool/egress_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t count(const struct http_parser *p, str name, str *ret_value)
{
    size_t found = 0;

    for (size_t i = 0; i < p->n_fields; i++)
        if (str_eq_nocase(p->fields[i].name, name)) {
            found++;
            *ret_value = p->fields[i].value;
        }
    return found;
}

static void check_head(struct arena *a, const struct http_parser *asked, const struct egress_ask *ask)
{
    CLEANUP(http_parser_done) struct http_parser p = { .arena = a, .max_body = SIZE_MAX };
    CLEANUP(buf_done) struct buf head = { 0 };
    unsigned port = 0;
    str host, value;
    size_t used;

    egress_add_head(&head, asked, ask, S("the-secret"));
    enum http_event e = http_feed(&p, buf_str(&head), &used);

    assert((e == HTTP_REQUEST || e == HTTP_HEAD) && used == head.len);
    assert(str_eq(p.method, asked->method) && !p.keep_alive);
    assert(egress_authority(a, p.host, &host, &port) == OK && str_eq(host, ask->host));
    assert(count(&p, S("Host"), &value) == 1);
    if (ask->secret)
        assert(count(&p, S("X-Key"), &value) == 1 && str_eq(value, S("Key the-secret")));
    else
        assert(str_find(buf_str(&head), S("Key the-secret")) == STR_NONE || str_find(buf_str(&asked->head), S("the-secret")) != STR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct egress_secret secret = { { "api.test", 8 }, 443, { "X-Key", 5 }, { "Key ", 4 }, { "n", 1 } };
    const struct egress_policy policy = { .secrets = &secret, .n_secrets = 1 };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(http_parser_done) struct http_parser p = { .arena = a, .max_body = SIZE_MAX, .proxy = true };
    struct egress_ask ask;
    size_t used;
    enum http_event e = http_feed(&p, str_of(data, n), &used);

    if ((e != HTTP_REQUEST && e != HTTP_HEAD) || egress_ask(a, &policy, &p, &ask))
        return 0;
    assert(ask.host.len && ask.port && ask.port <= 65535);
    assert((ask.kind == EGRESS_SECURED) == (ask.secret != NULL));
    if (ask.kind != EGRESS_TUNNEL)
        check_head(a, &p, &ask);
    return 0;
}
