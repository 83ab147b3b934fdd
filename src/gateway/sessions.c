// SPDX-License-Identifier: Apache-2.0
#include "gateway/sessions.h"

#include <stdlib.h>

#include "base/mem.h"

enum { KEPT_MAX = 512 };

struct kept { struct arena *arena; struct session_place place; };

struct sessions {
    struct map kept;            /* by id */
    uint64_t   forgotten;       /* how often: what was read before is not kept after */
};

struct sessions *sessions_new(void)
{
    return NEW(struct sessions);
}

static void forget_all(struct sessions *s)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&s->kept, &i, &e); )
        arena_free(((struct kept *)e->value)->arena);
    map_done(&s->kept);
    s->kept = (struct map){ 0 };
}

void sessions_free(struct sessions *s)
{
    if (s == NULL)
        return;
    forget_all(s);
    free(s);
}

void sessions_forget(struct sessions *s, str id)
{
    struct kept *k = map_remove(&s->kept, id);

    s->forgotten++;
    if (k)
        arena_free(k->arena);
}

static struct session_place copy(struct arena *a, const struct session_place *p)
{
    return (struct session_place){ arena_str(a, p->platform), arena_str(a, p->chat_id), arena_str(a, p->thread_id),
                                   arena_str(a, p->agent), arena_str(a, p->model), arena_str(a, p->queue_mode),
                                   arena_str(a, p->chat_type), arena_str(a, p->project), arena_str(a, p->recall),
                                   arena_str(a, p->mode), arena_str(a, p->zone), arena_str(a, p->language), arena_str(a, p->last_file) };
}

/* Full: the many that are asked for once make room, and those in use come back with their next message. */
static void keep(struct sessions *s, str id, const struct session_place *place)
{
    if (map_get(&s->kept, id))
        return;
    if (s->kept.n >= KEPT_MAX)
        forget_all(s);
    struct arena *a = arena_new();
    struct kept *k = ARENA_NEW(a, struct kept);

    *k = (struct kept){ a, copy(a, place) };
    map_put(&s->kept, id, k);
}

enum err sessions_find(struct gateway *g, struct arena *a, str id, struct session_place *out)
{
    const struct kept *k = map_get(&g->sessions->kept, id);
    uint64_t before = g->sessions->forgotten;
    struct rows r;

    if (k) {
        *out = copy(a, &k->place);
        return OK;
    }
    TRY(store_read(g->store, a, &r, "session.get", "s", id));
    if (r.n == 0) {
        *out = (struct session_place){ 0 };
        return OK;
    }
    *out = (struct session_place){ row_str(&r, 0, 1), row_str(&r, 0, 2), row_str(&r, 0, 3), row_str(&r, 0, 4), row_str(&r, 0, 6),
                                    row_str(&r, 0, 10), row_str(&r, 0, 11), row_str(&r, 0, 12), row_str(&r, 0, 13),
                                    row_str(&r, 0, 14), row_str(&r, 0, 15), row_str(&r, 0, 16), row_str(&r, 0, 17) };
    if (g->sessions->forgotten == before)
        keep(g->sessions, id, out);
    return OK;
}
