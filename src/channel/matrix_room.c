// SPDX-License-Identifier: Apache-2.0
/* What a room is, and whether an event is ours: asked once and kept, for a message says neither. */
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "channel/matrix.h"

enum { ROOMS_MAX = 1024, EVENTS_MAX = 512, FEW = 10 };

struct known { size_t members; bool encrypted; };

static struct map rooms;        /* struct known, by id */
static struct map events;       /* &yes or &no, by id */
static char yes, no;

void matrix_rooms_forget(void)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&rooms, &i, &e);)
        free(e->value);
    map_done(&rooms);
    map_done(&events);
    rooms = events = (struct map){0};
}

static struct known *keep(str room, size_t members, bool encrypted)
{
    struct known *k = map_get(&rooms, room);

    if (!k) {
        if (rooms.n >= ROOMS_MAX)
            matrix_rooms_forget();
        k = NEW(struct known);
        map_put(&rooms, room, k);
    }
    *k = (struct known){ members, encrypted || k->encrypted };      /* encryption is never switched off again */
    return k;
}

static enum err ask(struct arena *a, str room) AWAITS
{
    CLEANUP(json_decrefp) json_t *members = NULL;
    str path = matrix_path(a, "/_matrix/client/v3/rooms/", room, "/joined_members", S(""));

    TRY(matrix_fetch(a, &(struct matrix_call){ .path = path }, &members, NULL));
    path = matrix_path(a, "/_matrix/client/v3/rooms/", room, "/state/m.room.encryption/", S(""));
    enum err e = matrix_fetch(a, &(struct matrix_call){ .path = path }, NULL, NULL);

    if (e && e != ERR_NOT_FOUND)
        return e;
    keep(room, json_object_size(json_object_get(members, "joined")), e == OK);
    return OK;
}

enum err matrix_room(struct arena *a, str room, struct matrix_room *out)
{
    const struct known *k = map_get(&rooms, room);

    if (!k || k->members == 0) {
        TRY(ask(a, room));
        k = map_get(&rooms, room);
    }
    *out = (struct matrix_room){ .direct = k && k->members <= 2, .encrypted = k && k->encrypted };
    return OK;
}

bool matrix_room_known_direct(str room)
{
    const struct known *k = map_get(&rooms, room);

    return k && k->members > 0 && k->members <= 2;
}

/* A crowd stays one: its members need not be counted at each arrival. */
void matrix_room_changed(str room)
{
    struct known *k = map_get(&rooms, room);

    if (k && k->members <= FEW)
        k->members = 0;
}

void matrix_room_encrypted(str room)
{
    const struct known *k = map_get(&rooms, room);

    keep(room, k ? k->members : 0, true);
}

enum err matrix_event_is_ours(struct arena *a, const struct matrix_bot *bot, str room, str event_id, bool *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct matrix_message m;
    const char *known = map_get(&events, event_id);

    if (!known) {
        str path = matrix_path(a, "/_matrix/client/v3/rooms/", room, "/event/", event_id);
        enum err e = matrix_fetch(a, &(struct matrix_call){ .path = path }, &j, NULL);

        if (e && e != ERR_NOT_FOUND && e != ERR_INPUT)
            return e;
        bool ours = e == OK && (str_eq(json_text_str(j, "sender"), bot->user_id) || (matrix_decode(a, j, room, bot, &m) && m.mentioned));

        if (events.n >= EVENTS_MAX) {
            map_done(&events);
            events = (struct map){0};
        }
        known = ours ? &yes : &no;
        map_put(&events, event_id, (void *)known);
    }
    *out = known == &yes;
    return OK;
}

enum err matrix_room_of(struct arena *a, str name, str *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (!str_starts(name, S("#"))) {
        *out = name;
        return OK;
    }
    TRY(matrix_fetch(a, &(struct matrix_call){ .path = matrix_path(a, "/_matrix/client/v3/directory/room/", name, "", S("")) }, &j, NULL));
    *out = arena_str(a, json_text_str(j, "room_id"));
    return OK;
}
