// SPDX-License-Identifier: Apache-2.0
/* search.h: the providers of web_search, one row each: how a question becomes a request, and where in the answer titles,
 * addresses and snippets stand.  Pure; tests/cassettes/search has exchanges from their documentation. */
#pragma once
#include "base/arena.h"
#include "net/client.h"

struct search_target { const char *endpoint, *api_key; };      /* "" where there is none */

struct search_provider {
    const char *name;               /* as in the option tools.web_search.provider */
    const char *needs;              /* the option without which it cannot be asked */
    const char *path;               /* below the endpoint, with the query: %Q the question, %N how many results */
    const char *body;               /* JSON of a POST, with the same; NULL: a GET */
    const char *key_field, *key_prefix;
    const char *results, *title, *url, *snippet;    /* where they stand in the answer (base/json.h) */
    const char *refused;            /* where it says why not */
};
extern const struct search_provider search_providers[];
extern const size_t n_search_providers;

const struct search_provider *search_find(str name);            /* NULL: there is none */
enum err search_request(const struct search_provider *, struct arena *, const struct search_target *, str question, unsigned count,
                        struct http_request *out) MUST_USE;
/* "1. Title\n   address\n   snippet\n", up to count of them, onto out; nothing where nothing was found.  ERR_REMOTE: the
 * provider says no, or what it says is no answer. */
enum err search_decode(const struct search_provider *, int status, str body, unsigned count, struct buf *out) MUST_USE;
