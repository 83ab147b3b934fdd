// SPDX-License-Identifier: Apache-2.0
/* engine_help.h: what can be said, by group, of the same data that is understood by; and what is said when something was not. */
#pragma once
#include "base/buf.h"
#include "nlu/understand.h"

/* The groups with an example each; with a group's name or title all of it.  False: there is no such group. */
bool engine_help(struct buf *, str group, bool chinese);
/* "Did you mean: restart a service (service: nginx)?" */
str  engine_help_confirm(struct arena *, const struct understanding *, bool chinese);
/* why_no_model: NO_STR where there is one and it may not be asked. */
str  engine_help_not_understood(struct arena *, const struct understanding *, str why_no_model, bool chinese);
