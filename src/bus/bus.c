// SPDX-License-Identifier: Apache-2.0
#include "bus/bus.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/metrics.h"

struct topic {
    struct bus *bus;
    str         name;
    struct list memberships;
};

struct membership {
    struct list     in_topic, in_mailbox;
    struct topic   *topic;
    struct mailbox *mailbox;
};

struct bus { struct map topics; };

/* Topics of their own, which no session's id can be. */
static const char *const kind_topics[N_KINDS] = {
    "", "kind message", "kind delta", "kind tool", "kind approval", "kind channel", "kind alert", "kind delivery",
};
static const struct { const char *name; enum bus_kind kind; } kinds[] = {
    { "received", KIND_MESSAGE }, { "reply", KIND_MESSAGE }, { "ended", KIND_MESSAGE }, { "absorbed", KIND_MESSAGE },
    { "delta", KIND_DELTA }, { "tool", KIND_TOOL }, { "agent", KIND_TOOL }, { "approval", KIND_APPROVAL },
    { "channel", KIND_CHANNEL }, { "alert", KIND_ALERT }, { "delivery", KIND_DELIVERY },
};

struct mailbox {
    struct bus        *bus;
    struct list        memberships;
    size_t             n_topics;
    struct bus_event **events;      /* a ring */
    size_t             head, n, cap, max, lost;     /* the ring grows to max: most mailboxes stay empty */
    struct waiters     waiters;
};

struct bus *bus_new(void)
{
    return NEW(struct bus);
}

void bus_free(struct bus *b)
{
    if (b == NULL)
        return;
    map_done(&b->topics);       /* empty: a topic goes with its last mailbox */
    free(b);
}

const char *bus_kind_name(enum bus_kind kind)
{
    return kind ? kind_topics[kind] + strlen("kind ") : "";
}

enum bus_kind bus_kind_named(str name)
{
    for (size_t i = KIND_NONE + 1; i < N_KINDS; i++)
        if (str_eq(name, str_from(bus_kind_name((enum bus_kind)i))))
            return (enum bus_kind)i;
    return KIND_NONE;
}

static enum bus_kind kind_of(const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (strcmp(name, kinds[i].name) == 0)
            return kinds[i].kind;
    return KIND_NONE;
}

static struct topic *topic_of_kind(const struct bus *b, enum bus_kind kind)
{
    return kind ? map_get(&b->topics, str_from(kind_topics[kind])) : NULL;
}

bool bus_watched(const struct bus *b, str topic, const char *name)
{
    return (topic.len && map_get(&b->topics, topic)) || topic_of_kind(b, kind_of(name));
}

void bus_event_unref(struct bus_event *e)
{
    if (e && --e->refs == 0)
        free(e);
}

void bus_event_unrefp(struct bus_event **e)
{
    bus_event_unref(*e);
    *e = NULL;
}

static struct bus_event *event_new(str topic, const char *name, int64_t about, str json)
{
    struct bus_event *e = mem_alloc(sizeof *e + topic.len + json.len);
    char *p = (char *)(e + 1);

    memcpy(p, topic.p, topic.len);
    if (json.len)
        memcpy(p + topic.len, json.p, json.len);
    *e = (struct bus_event){ .name = name, .about = about, .topic = str_of(p, topic.len), .json = str_of(p + topic.len, json.len),
                             .refs = 1 };
    return e;
}

static void grow(struct mailbox *m)
{
    size_t cap = m->cap ? m->cap * 2 : 4;
    struct bus_event **events = mem_alloc(cap * sizeof(struct bus_event *));

    for (size_t i = 0; i < m->n; i++)
        events[i] = m->events[(m->head + i) % m->cap];
    free(m->events);
    m->events = events;
    m->cap = cap;
    m->head = 0;
}

static void put(struct mailbox *m, struct bus_event *e)
{
    if (m->n == m->max) {
        m->lost++;
        metric_add(METRIC_events_lost, 1);
        return;
    }
    if (m->n == m->cap)
        grow(m);
    e->refs++;
    m->events[(m->head + m->n++) % m->cap] = e;
    wake_all(&m->waiters);
}

static void put_all(const struct topic *t, const struct bus_event *like)
{
    if (t == NULL)
        return;
    CLEANUP(bus_event_unrefp) struct bus_event *e = event_new(like->topic, like->name, like->about, like->json);

    e->kind = like->kind;
    list_each(node, &t->memberships)
        put(list_entry(node, struct membership, in_topic)->mailbox, e);
}

void bus_publish_kind(struct bus *b, str topic, const char *name, int64_t about, str json)
{
    enum bus_kind kind = kind_of(name);

    put_all(topic_of_kind(b, kind), &(struct bus_event){ .name = name, .kind = kind, .about = about, .topic = topic, .json = json });
}

void bus_publish(struct bus *b, str topic, const char *name, int64_t about, str json)
{
    put_all(map_get(&b->topics, topic), &(struct bus_event){ .name = name, .about = about, .topic = topic, .json = json });
    bus_publish_kind(b, topic, name, about, json);
}

void bus_wake_all(struct bus *b)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&b->topics, &i, &e); ) {
        struct topic *t = e->value;

        list_each(node, &t->memberships)
            wake_all(&list_entry(node, struct membership, in_topic)->mailbox->waiters);
    }
}

struct mailbox *mailbox_new(struct bus *b, size_t max_events)
{
    struct mailbox *m = NEW(struct mailbox);

    m->bus = b;
    m->max = max_events;
    list_init(&m->memberships);
    return m;
}

static struct topic *topic_named(struct bus *b, str name)
{
    struct topic *t = map_get(&b->topics, name);

    if (t)
        return t;
    t = NEW(struct topic);
    t->bus = b;
    t->name = str_of(str_dup_c(name), name.len);
    list_init(&t->memberships);
    map_put(&b->topics, name, t);
    return t;
}

static void leave(struct membership *s)
{
    struct topic *t = s->topic;

    list_remove(&s->in_topic);
    list_remove(&s->in_mailbox);
    s->mailbox->n_topics--;
    free(s);
    if (list_empty(&t->memberships)) {
        map_remove(&t->bus->topics, t->name);
        free((char *)t->name.p);
        free(t);
    }
}

void mailbox_join(struct mailbox *m, str topic)
{
    struct topic *t = topic_named(m->bus, topic);

    list_each(node, &m->memberships)
        if (list_entry(node, struct membership, in_mailbox)->topic == t)
            return;
    struct membership *s = NEW(struct membership);

    s->topic = t;
    s->mailbox = m;
    list_push_back(&t->memberships, &s->in_topic);
    list_push_back(&m->memberships, &s->in_mailbox);
    m->n_topics++;
}

void mailbox_join_kind(struct mailbox *m, enum bus_kind kind)
{
    if (kind)
        mailbox_join(m, str_from(kind_topics[kind]));
}

size_t mailbox_topics(const struct mailbox *m)
{
    return m->n_topics;
}

struct bus_event *mailbox_take(struct mailbox *m)
{
    if (m->n == 0)
        return NULL;
    struct bus_event *e = m->events[m->head];

    m->head = (m->head + 1) % m->cap;
    m->n--;
    return e;
}

size_t mailbox_lost(struct mailbox *m)
{
    size_t lost = m->lost;

    m->lost = 0;
    return lost;
}

struct waiters *mailbox_waiters(struct mailbox *m)
{
    return &m->waiters;
}

void mailbox_free(struct mailbox *m)
{
    struct bus_event *e;

    if (m == NULL)
        return;
    list_each(node, &m->memberships)
        leave(list_entry(node, struct membership, in_mailbox));
    while ((e = mailbox_take(m)))
        bus_event_unref(e);
    free(m->events);
    free(m);
}

void mailbox_freep(struct mailbox **m)
{
    mailbox_free(*m);
    *m = NULL;
}
