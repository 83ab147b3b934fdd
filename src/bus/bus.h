// SPDX-License-Identifier: Apache-2.0
/* bus.h: live news for whoever watches.  Never the record: a watcher that is too slow loses events and is told
 * so, and reads what it missed from the store.
 *
 * A topic is a session's id, or "alert" (gateway/alerts.h).  A mailbox may join several topics. */
#pragma once
#include "base/map.h"
#include "runtime/fiber.h"

struct bus_event {
    const char *name;       /* a literal: "delta", "tool", "reply", "ended", "alert" */
    int64_t     about;      /* the inbox row it belongs to */
    str         topic;
    str         json;       /* one object */
    unsigned    refs;       /* private */
};

struct bus;
struct mailbox;

struct bus *bus_new(void);
void        bus_free(struct bus *);

/* Copies json once, whatever the number of watchers; does nothing when nobody watches. */
void        bus_publish(struct bus *, str topic, const char *name, int64_t about, str json);
bool        bus_watched(const struct bus *, str topic);     /* is it worth making the event? */

/* Wakes everybody who waits for news, though there is none. */
void        bus_wake_all(struct bus *);

struct mailbox *mailbox_new(struct bus *, size_t max_events);
void            mailbox_free(struct mailbox *);             /* leaves every topic; accepts NULL */
void            mailbox_freep(struct mailbox **);
void            mailbox_join(struct mailbox *, str topic);  /* twice is once */
/* The oldest event, which the caller ends with bus_event_unref(); NULL when there is none. */
struct bus_event *mailbox_take(struct mailbox *);
size_t          mailbox_topics(const struct mailbox *);     /* how many it joined */
size_t          mailbox_lost(struct mailbox *);             /* dropped since last asked */
struct waiters *mailbox_waiters(struct mailbox *);          /* woken when an event comes */
void            bus_event_unref(struct bus_event *);
void            bus_event_unrefp(struct bus_event **);
