// SPDX-License-Identifier: Apache-2.0
/* reminders.h: tells what is due (flow/timers.h), in the conversation where it was set; where that is gone or its platform is not
 * configured any more, in the private chat that its person used last.  Who cannot be reached at all is the owner's to know. */
#pragma once
#include "flow/timers.h"
#include "gateway/gateway.h"

struct timers *reminders_new(struct gateway *);

/* As it is told, "⏰ Reminder: call mum". */
str  reminder_told(struct arena *, const struct flow_firing *, int64_t now);
/* A line of a list: "#12 tomorrow (Sun 22 Nov) at 15:00: call mum". */
void reminder_say(struct arena *, struct buf *, const struct flow_timer *, int64_t now, bool chinese);
/* Only when: "every weekday at 9:00", "tomorrow (Sun 22 Nov) at 15:00". */
void reminder_say_when(struct arena *, struct buf *, const struct flow_timer *, int64_t now, bool chinese);
