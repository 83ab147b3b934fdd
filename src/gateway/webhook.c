// SPDX-License-Identifier: Apache-2.0
/* webhook.c: updates that a chat platform brings itself. */
#include "channel/registry.h"
#include "channel/start.h"
#include "gateway/handlers.h"

enum err post_webhook(struct request *q) AWAITS
{
    const struct channel *c = channel_find(q->arguments[0]);
    const struct channel_host *host = c ? channels_host(c) : NULL;

    if (q->gateway->stopping)       /* its channel is gone already; the platform is to call the next gateway */
        return answer_problem(q, 503, "Not ready", "the gateway is stopping");
    if (host == NULL || c->webhook == NULL)
        return failed(ERR_NOT_FOUND, "there is nothing at %.*s", STR(str_take(q->http->path, 200)));
    return c->webhook(host, q->http);
}
