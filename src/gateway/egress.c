// SPDX-License-Identifier: Apache-2.0
#include "gateway/egress.h"

#include "store/audit.h"
#include "store/secrets.h"
#include "tool/egress.h"
#include "tool/settings.h"

/* An allowed connection has two rows: a gateway that is killed in between has told of the first byte. */
static void record(void *arg, const struct egress_note *n)
{
    static const char *const events[] = { "egress.refused", "egress.open", "egress.end" };
    struct gateway *g = arg;
    json_t *detail = json_pack("{s:o, s:i, s:o}", "call", json_from_str(n->call_id), "port", (int)n->port, "address",
                               json_from_str(n->address));

    if (n->event == EGRESS_ENDED) {
        json_object_set_new(detail, "sent", json_integer((json_int_t)n->sent));
        json_object_set_new(detail, "received", json_integer((json_int_t)n->received));
    }
    audit_later(g->store, &(struct audit_row){ .person = n->person, .platform = n->platform, .session_id = n->session_id,
                                               .event = events[n->event], .subject = n->host, .decision = n->decision,
                                               .detail = detail });
}

static enum err get_secret(void *arg, str name, str *out)
{
    const struct gateway *g = arg;

    return secret_get(g->secrets, name, out);
}

enum err egress_start(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct tool_context nobody = { .arena = a };
    const struct egress_options *ignored;

    TRY(sandbox_network_now(&nobody, &ignored));
    egress_use(&(struct egress_services){ .on_connection = record, .secret = get_secret, .arg = g });
    return OK;
}

void egress_stop(void)
{
    egress_use(&(struct egress_services){ 0 });
}
