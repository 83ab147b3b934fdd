// SPDX-License-Identifier: Apache-2.0
/* knowledge_watch.c: what changes in a source's folders, as the kernel tells it (inotify(7)).  Walks add the watches, folder by folder,
 * before they read it; here is only said which path an event is about. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "memory/knowledge_internal.h"

enum { EVENTS_BYTES = 64 << 10 };

void source_watch(struct source *s)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (fd < 0) {
        snprintf(s->watch_problem, sizeof s->watch_problem, "not watched: %s (fs.inotify.max_user_instances)", strerror(errno));
        return;
    }
    s->inotify = fd_open(fd);
    s->watcher = fiber_spawn("knowledge.watch", source_read_news, s);
}

static str key_of(int number, char room[16])
{
    return str_of(room, (size_t)snprintf(room, 16, "%d", number));
}

void source_watch_folder(struct source *s, int number, const char *path)
{
    char room[16];

    free(map_put(&s->folders, key_of(number, room), str_dup_c(str_from(path))));
}

void source_forget_news(struct source *s)
{
    map_done(&s->changed);
    s->changed = (struct map){ 0 };
}

static void want_all(struct source *s)
{
    s->wants_all = true;
    wake_all(&s->news);
}

/* A folder that the rules leave out is not watched, so the folder is right; the name may not be. */
static void take_name(struct source *s, const char *folder, const struct inotify_event *e)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", e->name);
    bool passes = e->mask & IN_ISDIR ? walk_rules_pass_folder(&s->rules, path) : walk_rules_pass_file(&s->rules, path);

    if (n < 0 || (size_t)n >= sizeof path || !passes)
        return;
    map_put(&s->changed, str_from(path), s);
    if (s->changed.n > SOURCE_CHANGED_MAX)
        want_all(s);
    wake_all(&s->news);
}

static void take_event(struct source *s, const struct inotify_event *e)
{
    char room[16];
    str key = key_of(e->wd, room);
    const char *folder = map_get(&s->folders, key);

    if (e->mask & IN_IGNORED)
        free(map_remove(&s->folders, key));
    else if (e->mask & IN_Q_OVERFLOW || folder == NULL)
        want_all(s);            /* events were lost, or it is of a folder that a walk has only just come to */
    else if (e->len)
        take_name(s, folder, e);
}

enum err source_read_news(void *arg)
{
    struct source *s = arg;
    CLEANUP(mem_freep) char *room = mem_alloc(EVENTS_BYTES);
    size_t n;

    for (;;) {
        TRY(fd_read(s->inotify, room, EVENTS_BYTES, &n));
        for (size_t at = 0; at + sizeof(struct inotify_event) <= n;) {
            const struct inotify_event *e = (const void *)(room + at);

            take_event(s, e);
            at += sizeof *e + e->len;
        }
    }
}

void source_unwatch(struct source *s)
{
    const struct map_entry *e;

    fd_close(s->inotify);
    s->inotify = NULL;
    for (size_t i = 0; map_next(&s->folders, &i, &e);)
        free(e->value);
    map_done(&s->folders);
    s->folders = (struct map){ 0 };
}
