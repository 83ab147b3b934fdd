// SPDX-License-Identifier: Apache-2.0
#include "gateway/record.h"

#include "store/audit.h"

enum { EVERY_MS = 24 * 60 * 60 * 1000 };

void record_event(struct gateway *g, const char *event, json_t *detail)
{
    audit_later(g->store, &(struct audit_row){ .event = event, .detail = detail });
}

static void log_head(struct gateway *g) AWAITS
{
    char text[AUDIT_HEAD_SIZE];
    struct audit_head head;

    if (audit_head_now(g->store, &head))
        log_event(LOG_ERROR, "audit.damaged", F("error", failed_text()));
    else
        log_event(LOG_INFO, "audit.head", F("head", audit_head_text(text, &head)));
}

enum err record_run(void *gateway)
{
    for (;;) {
        log_head(gateway);
        TRY(fiber_sleep(EVERY_MS));
    }
}
