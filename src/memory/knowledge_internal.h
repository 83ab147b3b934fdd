// SPDX-License-Identifier: Apache-2.0
/* knowledge_internal.h: what the files of knowledge share: a source is a collection and the fibers that keep it up to date. */
#pragma once
#include <sys/inotify.h>

#include "memory/knowledge.h"
#include "memory/knowledge_walk.h"
#include "runtime/fd.h"

struct source {
    struct knowledge *knowledge;
    struct arena     *arena;            /* its strings */
    int64_t           id;
    uint32_t          partition;
    struct scope      scope;
    str               name, added_by, origin;       /* origin: collections.source */
    enum collection_kind kind;
    bool              watched, trusted, unfinished;
    bool              removing, stuck;  /* stuck: it could not be removed, and error says why */
    int64_t           created_at, synced_at;
    char              error[ERR_TEXT_MAX];
    struct walk_rules rules;            /* of a folder; root NULL: a web page */
    struct map        changed;          /* paths that inotify told of */
    bool              wants_all, wants_again;
    bool              all;              /* the sync that runs, or the latest one, is of all of it */
    struct fiber     *fiber, *work, *watcher;       /* work: the sync that runs; watcher: reads inotify */
    struct waiters    news, idle;       /* there is something to do; there is nothing left */
    struct fd        *inotify;          /* NULL: not watched */
    struct map        folders;          /* inotify's number of a folder -> its path, a C string of its own */
    char              watch_problem[200];
    struct knowledge_progress progress;
    uint64_t          told_ms;          /* when the bus was told last */
};

struct knowledge {
    struct knowledge_options options;
    struct source **sources;
    size_t          n, cap;
    unsigned        busy;               /* full syncs that run */
    struct waiters  free;               /* one ended */
    struct fibers   removals;           /* independent */
    struct waiters  removed;            /* a removal ended */
    bool            closing;
};

enum { KNOWLEDGE_SIDE_BY_SIDE = 2, SOURCE_CHANGED_MAX = 1000, SOURCE_DEBOUNCE_MS = 150,
       SOURCE_RETRY_MS = 10000 };
/* What inotify is to tell of a folder.  What is only written to, and neither closed nor moved, is found by the next rescan. */
enum { SOURCE_EVENTS = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF };

struct source *source_find(const struct knowledge *, int64_t id);      /* NULL: there is none */
bool           source_is_idle(const struct source *);
struct store  *source_store(const struct source *);
void           source_tell(struct source *, bool now);      /* the bus, of its progress; now: even if it was told a moment ago */

/* knowledge_add.c has looked at it; knowledge.c stores it and starts it. */
struct checked_source { const struct knowledge_source *wanted; enum collection_kind kind; str source; };
enum err source_add(struct knowledge *, const struct checked_source *, int64_t *ret_id) AWAITS MUST_USE;
enum err source_remove(struct source *) AWAITS MUST_USE;
/* Another folder from now on. */
enum err source_move(struct source *, str source) AWAITS MUST_USE;

/* knowledge_sync.c: the fiber that does what the source wants at this moment. */
enum err source_sync(void *source) AWAITS MUST_USE;
/* knowledge_sweep.c: deletes all documents and their items, a part at a time. */
enum err source_empty(struct source *) AWAITS MUST_USE;
/* knowledge_page.c: the same for a web page or a table from the web. */
enum err source_sync_page(struct source *, bool again) AWAITS MUST_USE;

/* knowledge_watch.c */
void     source_watch(struct source *);                     /* opens inotify; where it cannot, watch_problem says why */
void     source_watch_folder(struct source *, int number, const char *path);   /* a walk has added a watch */
enum err source_read_news(void *source) AWAITS MUST_USE;    /* a fiber: what inotify tells goes to `changed` */
void     source_forget_news(struct source *);
void     source_unwatch(struct source *);                   /* its fiber has ended */
