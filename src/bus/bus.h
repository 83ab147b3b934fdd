// SPDX-License-Identifier: Apache-2.0
/* bus.h: live news for whoever watches.  Never the record: a watcher that is too slow loses events and is told
 * so, and reads what it missed from the store.
 *
 * A topic is what an event is about: a session's id, a channel's name, "alert" (gateway/alerts.h).  Every event also has a kind, by its
 * name: message, delta, tool, approval, channel, alert, delivery.  A mailbox may join several of both; what it gets by both it gets
 * twice. */
#pragma once
#include "base/map.h"
#include "runtime/fiber.h"

/* In the order of bus_kind_name(). */
enum bus_kind { KIND_NONE, KIND_MESSAGE, KIND_DELTA, KIND_TOOL, KIND_APPROVAL, KIND_CHANNEL, KIND_ALERT, KIND_DELIVERY, N_KINDS };

struct bus_event {
    const char *name;       /* a literal: "delta", "tool", "reply", "ended", "alert" */
    enum bus_kind kind;     /* KIND_NONE: it came by its topic */
    int64_t     about;      /* the inbox row it belongs to */
    str         topic;
    str         json;       /* one object */
    unsigned    refs;       /* private */
};

struct bus;
struct mailbox;

struct bus *bus_new(void);
void        bus_free(struct bus *);

const char *bus_kind_name(enum bus_kind);                   /* "message"; "" for KIND_NONE */
enum bus_kind bus_kind_named(str);                          /* KIND_NONE: there is none */

/* Copies json once, whatever the number of watchers (twice, when some watch its kind); does nothing when nobody watches. */
void        bus_publish(struct bus *, str topic, const char *name, int64_t about, str json);
/* The same for those alone who watch its kind. */
void        bus_publish_kind(struct bus *, str topic, const char *name, int64_t about, str json);
/* Is it worth making the event?  topic NO_STR: for those who watch its kind. */
bool        bus_watched(const struct bus *, str topic, const char *name);

/* Wakes everybody who waits for news, though there is none. */
void        bus_wake_all(struct bus *);

struct mailbox *mailbox_new(struct bus *, size_t max_events);
void            mailbox_free(struct mailbox *);             /* leaves every topic; accepts NULL */
void            mailbox_freep(struct mailbox **);
void            mailbox_join(struct mailbox *, str topic);  /* twice is once */
void            mailbox_join_kind(struct mailbox *, enum bus_kind);
/* The oldest event, which the caller ends with bus_event_unref(); NULL when there is none. */
struct bus_event *mailbox_take(struct mailbox *);
size_t          mailbox_topics(const struct mailbox *);     /* how many it joined */
size_t          mailbox_lost(struct mailbox *);             /* dropped since last asked */
struct waiters *mailbox_waiters(struct mailbox *);          /* woken when an event comes */
void            bus_event_unref(struct bus_event *);
void            bus_event_unrefp(struct bus_event **);
