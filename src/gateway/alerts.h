// SPDX-License-Identifier: Apache-2.0
/* alerts.h: what fails again and again is told to the owner: a line in the log, the metric clawdbot_alerts_total, an event on the
 * bus (topic "alert"), and a message in the owner's chat, where there is one.
 *
 * It is told once alerts.failures of one key ("tool web_search", "delivery telegram", "model ...") came within alerts.window, at most
 * once an hour, and once more when it works again.  Whoever gives up on something says so by failure_tell() (runtime/failure.h). */
#pragma once
#include "gateway/gateway.h"

struct alerts;

struct alerts *alerts_new(struct gateway *);        /* from now on it is what observes failures */
/* Something else the owner should know: told at once and each time, in the same ways.  key: of the event and the log line.
 * Accepts NULL: nobody is told. */
void           alerts_say(struct alerts *, const char *key, const char *text);
void           alerts_free(struct alerts *);        /* its messages under way end first; accepts NULL */
