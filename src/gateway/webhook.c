// SPDX-License-Identifier: Apache-2.0
/* webhook.c: updates that a chat platform brings itself. */
#include "channel/registry.h"
#include "channel/start.h"
#include "gateway/handlers.h"

static enum err hand_to(struct request *q, str name) AWAITS
{
    const struct channel *c = channel_find(name);
    const struct channel_host *host = c ? channels_host(c) : NULL;

    if (q->gateway->stopping)       /* its channel is gone already; the platform is to call the next gateway */
        return answer_problem(q, 503, "Not ready", "the gateway is stopping");
    if (host == NULL || c->webhook == NULL)
        return failed(ERR_NOT_FOUND, "there is nothing at %.*s", STR(str_take(q->http->path, 200)));
    return c->webhook(host, q->http);
}

enum err take_webhook(struct request *q) AWAITS
{
    q->http->webhook_name = q->arguments[1].p ? q->arguments[1] : S("");
    return hand_to(q, q->arguments[0]);
}

enum err take_named_webhook(struct request *q) AWAITS
{
    q->http->webhook_name = q->arguments[0].p ? q->arguments[0] : S("");
    return hand_to(q, S("webhook"));
}
