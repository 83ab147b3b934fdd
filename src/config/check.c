// SPDX-License-Identifier: Apache-2.0
/* What loads and still cannot be started with. */
#include <assert.h>
#include <string.h>

#include "config/load.h"

static const char *from(const struct loaded *l, size_t row)
{
    return strcmp(l->from[row], "default") ? l->from[row] : "";
}

static void check_stores(const struct loaded *l, struct config_report *r)
{
    str url = str_from(l->c.database_url), scheme = str_take(url, str_find(url, S("://")));
    bool sqlite = scheme.len == url.len || str_eq(scheme, S("sqlite"));

    if (!sqlite)
        report_error(r, from(l, OPTION_ROW_database_url), "the store for '%.*s://' is not built yet; name a file "
                     "(sqlite:/path/to/clawdbot.db) or leave database.url out", STR(str_take(scheme, 40)));
    if (strcmp(l->c.memory_type, "sqlite"))
        report_error(r, from(l, OPTION_ROW_memory_type), "the memory store '%.40s' is not built yet; memory.type may be "
                     "sqlite", l->c.memory_type);
}

struct authority { str host; uint64_t port; };

/* Scheme, host and port of an http address; false when it is none. */
static bool split_url(str url, struct authority *out)
{
    uint64_t port = 80;
    str host;

    if (str_eat(&url, S("https://")))
        port = 443;
    else if (!str_eat(&url, S("http://")))
        return false;
    for (size_t i = 0; i < url.len; i++)
        if (strchr("/?#", url.p[i]))
            url.len = i;
    for (size_t at; (at = str_find_char(url, '@')) != STR_NONE; )
        url = str_skip(url, at + 1);
    if (str_eat(&url, S("["))) {
        if (!str_split(&url, ']', &host))
            return false;
    } else {
        host = str_take(url, str_find_char(url, ':'));
        url = str_skip(url, host.len);
    }
    if (str_eat(&url, S(":")) && str_u64(url, &port))
        return false;
    *out = (struct authority){ host, port };
    return host.len > 0;
}

static bool is_any(str host)
{
    return str_eq(host, S("0.0.0.0")) || str_eq(host, S("::")) || str_eq(host, S("*")) || host.len == 0;
}

static bool is_loopback(str host)
{
    return str_eq_nocase(host, S("localhost")) || str_starts(host, S("127.")) || str_eq(host, S("::1"));
}

/* Does whoever connects to `host` arrive at a server that listens on `listens`? */
static bool reaches(str host, str listens)
{
    if (str_eq_nocase(host, listens))
        return true;
    if (is_any(listens) || is_loopback(listens))
        return is_any(host) || is_loopback(host);
    return false;
}

static void check_endpoint(const struct loaded *l, struct config_report *r)
{
    const char *place = from(l, OPTION_ROW_model_provider_endpoint);
    struct authority a;

    if (*l->c.model_provider_endpoint == '\0')
        return;
    if (!split_url(str_from(l->c.model_provider_endpoint), &a))
        report_error(r, place, "model_provider.endpoint is not an address such as https://api.openai.com/v1");
    else if (a.port == l->c.server_port && reaches(a.host, str_from(l->c.server_host)))
        report_error(r, place, "model_provider.endpoint is this gateway itself (it listens on %s, port %llu); name the "
                     "model server's address, or move the gateway with server.port", l->c.server_host,
                     (unsigned long long)l->c.server_port);
}

static void check_tls(const struct loaded *l, struct config_report *r)
{
    bool cert = *l->c.server_tls_cert, key = *l->c.server_tls_key;

    if (cert != key)
        report_error(r, from(l, cert ? OPTION_ROW_server_tls_cert : OPTION_ROW_server_tls_key),
                     "server.tls.cert and server.tls.key go together; %s is missing", cert ? "the key" : "the certificate");
    if (cert && !file_exists(l->c.server_tls_cert))
        report_error(r, from(l, OPTION_ROW_server_tls_cert), "there is no file %s", l->c.server_tls_cert);
    if (key && !file_exists(l->c.server_tls_key))
        report_error(r, from(l, OPTION_ROW_server_tls_key), "there is no file %s", l->c.server_tls_key);
}

/* What a browser sends is scheme, host and port, nothing behind them; anything else would never match. */
static void check_origins(const struct loaded *l, struct config_report *r)
{
    const struct string_list *origins = &l->c.server_cors_origins;
    struct authority a;

    for (size_t i = 0; i < origins->n; i++) {
        str origin = str_from(origins->items[i]), rest = origin;

        if (!str_eat(&rest, S("https://")))
            (void)str_eat(&rest, S("http://"));
        if (!split_url(origin, &a) || str_find_char(rest, '/') != STR_NONE)
            report_error(r, from(l, OPTION_ROW_server_cors_origins), "server.cors_origins has '%.*s'; an origin is written as "
                         "https://app.example.org, with nothing behind the host but a port", STR(str_take(origin, 80)));
    }
}

enum err config_check_startable(struct config_report *r)
{
    const struct loaded *l = loaded_now();

    assert(l);
    check_stores(l, r);
    check_endpoint(l, r);
    check_tls(l, r);
    check_origins(l, r);
    return report_result(r);
}
