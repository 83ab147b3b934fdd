// SPDX-License-Identifier: Apache-2.0
#include "tool/egress_rules.h"

#include <arpa/inet.h>
#include <string.h>

#include "net/http.h"

enum { HOST_MAX = 253 };

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* Dots neither in a row nor at an end: two readers could differ about such a name. */
static bool is_name(str host)
{
    bool fits = host.len > 0 && host.len <= HOST_MAX && host.p[0] != '.' && host.p[0] != '-' && host.p[host.len - 1] != '.';

    for (size_t i = 0; fits && i < host.len; i++)
        fits = is_name_char(host.p[i]) && !(host.p[i] == '.' && i + 1 < host.len && host.p[i + 1] == '.');
    return fits;
}

static bool is_ipv6(struct arena *a, str host)
{
    struct in6_addr any;

    return inet_pton(AF_INET6, arena_c(a, host), &any) == 1;
}

static str lower(struct arena *a, str s)
{
    char *copy = arena_c(a, s);

    for (size_t i = 0; i < s.len; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] | 0x20);
    return str_of(copy, s.len);
}

static enum err take_port(str text, unsigned *ret_port)
{
    uint64_t port;

    if (text.len == 0)
        return OK;
    if (!str_eat(&text, S(":")) || str_u64(text, &port) != OK || port == 0 || port > 65535)
        return failed(ERR_INPUT, "'%.*s' is not a port", STR(str_take(text, 20)));
    *ret_port = (unsigned)port;
    return OK;
}

enum err egress_authority(struct arena *a, str text, str *ret_host, unsigned *ret_port)
{
    bool bracket = str_starts(text, S("["));
    size_t end = str_find_char(text, bracket ? ']' : ':');
    str host = lower(a, bracket ? str_cut(text, 1, end) : str_take(text, end));

    if (host.len > 1 && host.p[host.len - 1] == '.')
        host.len--;
    if (bracket ? end == STR_NONE || !is_ipv6(a, host) : !is_name(host))
        return failed(ERR_INPUT, "'%.*s' is not a host", STR(str_take(text, 80)));
    if (end != STR_NONE)
        TRY(take_port(str_skip(text, end + bracket), ret_port));
    *ret_host = arena_str(a, host);
    return OK;
}

enum err egress_rule_parse(struct arena *a, str text, struct egress_rule *out)
{
    struct egress_rule r = { .host = S("") };
    bool every = str_eq(text, S("*")) || str_starts(text, S("*:"));
    str rest = text;

    r.below = str_eat(&rest, S("*.")) || every;
    if (every ? take_port(str_skip(rest, 1), &r.port) : egress_authority(a, rest, &r.host, &r.port))
        return failed(ERR_INPUT, "'%.*s' is not a host such as api.github.com, *.pypi.org or example.org:8443", STR(str_take(text, 80)));
    *out = r;
    return OK;
}

static bool names(const struct egress_rule *r, str host)
{
    if (!r->below)
        return str_eq(r->host, host);
    if (r->host.len == 0)
        return true;
    return host.len > r->host.len + 1 && str_ends(host, r->host) && host.p[host.len - r->host.len - 1] == '.';
}

const struct egress_rule *egress_allows(const struct egress_policy *p, str host, unsigned port)
{
    for (size_t i = 0; i < p->n_allow; i++) {
        const struct egress_rule *r = &p->allow[i];

        if (names(r, host) && (r->port ? r->port == port : port == 80 || port == 443))
            return r;
    }
    return NULL;
}

bool egress_allows_private(const struct egress_policy *p, str host, str address)
{
    for (size_t i = 0; i < p->n_private; i++)
        if (names(&p->private_hosts[i], host) || (!p->private_hosts[i].below && str_eq(p->private_hosts[i].host, address)))
            return true;
    return false;
}

const struct egress_secret *egress_secret_for(const struct egress_policy *p, str host, unsigned port, bool has_port)
{
    for (size_t i = 0; i < p->n_secrets; i++)
        if (str_eq(p->secrets[i].host, host) && (!has_port || port == 80 || port == p->secrets[i].port))
            return &p->secrets[i];
    return NULL;
}

/* --- secrets --- */

static str member(struct arena *a, const json_t *map, const char *name, const char *otherwise)
{
    const json_t *value = json_at(map, name);

    return value ? arena_str(a, json_strval(value)) : str_from(otherwise);
}

static enum err check_members(const json_t *map)
{
    static const char *const known[] = { "name", "host", "header", "prefix" };
    const char *name;
    json_t *value;

    if (!json_is_object(map))
        return failed(ERR_INPUT, "wants a map with name, host, header and prefix");
    json_object_foreach((json_t *)map, name, value) {
        size_t i = 0;

        while (i < N_ELEMENTS(known) && strcmp(known[i], name) != 0)
            i++;
        if (i == N_ELEMENTS(known))
            return failed(ERR_INPUT, "knows name, host, header and prefix, not \"%.40s\"", name);
        if (!json_is_string(value))
            return failed(ERR_INPUT, "\"%s\" must be a text", name);
    }
    return OK;
}

/* What the proxy sets itself, or the other side could read in two ways. */
static bool is_ours(str header)
{
    static const char *const taken[] = { "host", "connection", "content-length", "transfer-encoding", "te", "upgrade", "expect",
                                         "trailer", "accept-encoding", "range" };

    for (size_t i = 0; i < N_ELEMENTS(taken); i++)
        if (str_eq_nocase(header, str_from(taken[i])))
            return true;
    return false;
}

static enum err parse_secret(struct arena *a, const json_t *map, struct egress_secret *out)
{
    struct egress_secret s = { .port = 443 };

    TRY(check_members(map));
    s.header = member(a, map, "header", "Authorization");
    s.prefix = member(a, map, "prefix", "");
    s.name = member(a, map, "name", "");
    TRY(egress_authority(a, member(a, map, "host", ""), &s.host, &s.port));
    if (!http_is_token(s.header) || is_ours(s.header))
        return failed(ERR_INPUT, "\"%.*s\" is not a header that can be added", STR(str_take(s.header, 40)));
    if (!http_is_value(s.prefix) || s.name.len == 0)
        return failed(ERR_INPUT, "\"name\" is that of a secret (clawdbot secret list), \"prefix\" stands before its value");
    *out = s;
    return OK;
}

enum err egress_secrets_parse(struct arena *a, const json_t *list, struct egress_secret **out, size_t *ret_n)
{
    size_t n = json_array_size(list);
    struct egress_secret *secrets = arena_alloc(a, (n + 1) * sizeof *secrets);

    if (list && !json_is_array(list))
        return failed(ERR_INPUT, "wants a list of maps");
    for (size_t i = 0; i < n; i++)
        if (parse_secret(a, json_array_get(list, i), &secrets[i]))
            return failed_in(ERR_INPUT, "item %zu: ", i + 1);
    *out = secrets;
    *ret_n = n;
    return OK;
}
