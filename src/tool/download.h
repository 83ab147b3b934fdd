// SPDX-License-Identifier: Apache-2.0
/* download.h: one request to somewhere on the web, with its redirects, each checked like the first: the scheme, that there is no
 * password in it, the policy, and the address that is connected to. */
#pragma once
#include "domain/tool.h"
#include "net/client.h"

struct download {
    const struct tool *tool;            /* whose call this is: what the policy is asked about */
    const struct tool_context *cx;
    const char        *method;          /* "GET", "POST" */
    const char        *url;             /* in: where to begin; out: where it ended */
    const struct http_field *fields;    /* go to the host of the first URL alone */
    size_t             n_fields;
    str                body;
    size_t             max_size;
    const struct string_list *private_hosts;    /* may be reached although their addresses are private */
    struct http_response response;      /* out, in the context's arena */
};

/* ERR_AUTH: an address, a redirect or a URL that may not be; ERR_INPUT, ERR_LIMIT; ERR_REMOTE: too many redirects.  The
 * text is for the model. */
enum err download(struct download *) AWAITS MUST_USE;
