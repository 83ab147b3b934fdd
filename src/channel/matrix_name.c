// SPDX-License-Identifier: Apache-2.0
/* Rooms by their alias, and people by the room that we share with them alone. */
#include "base/utf8.h"
#include "channel/matrix.h"

/* The map of such rooms is kept with our account: {"@anna:e.org": ["!r:e.org"]} (m.direct).  Ids have dots in them: no paths. */
static enum err read_direct(struct arena *a, const struct matrix_bot *bot, json_t **out) AWAITS
{
    str path = matrix_path(a, "/_matrix/client/v3/user/", bot->user_id, "/account_data/m.direct", S(""));
    enum err e = matrix_fetch(a, &(struct matrix_call){ .path = path }, out, NULL);

    if (e == ERR_NOT_FOUND)
        *out = json_object();
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err make_room(struct arena *a, str who, str *ret_room) AWAITS
{
    CLEANUP(json_decrefp) json_t *ask = json_pack("{s:s, s:b, s:[o]}", "preset", "trusted_private_chat", "is_direct", 1, "invite",
                                                  json_from_str(who));
    CLEANUP(json_decrefp) json_t *j = NULL;

    TRY(matrix_fetch(a, &(struct matrix_call){ .method = "POST", .path = S("/_matrix/client/v3/createRoom"), .body = ask }, &j, NULL));
    *ret_room = arena_str(a, json_text_str(j, "room_id"));
    return ret_room->len ? OK : failed(ERR_REMOTE, "the Matrix server does not name the room it made");
}

static enum err keep_direct(struct arena *a, const struct matrix_bot *bot, json_t *direct, str who, str room) AWAITS
{
    str path = matrix_path(a, "/_matrix/client/v3/user/", bot->user_id, "/account_data/m.direct", S(""));
    const char *key = arena_c(a, who);

    if (!json_is_array(json_object_get(direct, key)))
        json_object_set_new(direct, key, json_array());
    json_array_append_new(json_object_get(direct, key), json_from_str(room));
    return matrix_fetch(a, &(struct matrix_call){ .method = "PUT", .path = path, .body = direct }, NULL, NULL);
}

/* The last of them that is still one of two; where there is none we invite. */
static enum err room_with(struct arena *a, str who, str *ret_room) AWAITS
{
    CLEANUP(json_decrefp) json_t *direct = NULL;
    struct matrix_bot bot;
    const json_t *rooms;

    TRY(matrix_who(a, &bot));
    TRY(read_direct(a, &bot, &direct));
    rooms = json_object_get(direct, arena_c(a, who));
    for (size_t i = json_array_size(rooms); i-- > 0;) {
        str room = arena_str(a, json_strval(json_array_get(rooms, i)));
        struct matrix_room about = {0};
        enum err e = matrix_room(a, room, &about);

        if (e && e != ERR_NOT_FOUND && e != ERR_INPUT)
            return e;
        if (e == OK && about.direct && !about.encrypted) {
            *ret_room = room;
            return OK;
        }
    }
    TRY(make_room(a, who, ret_room));
    return keep_direct(a, &bot, direct, who, *ret_room);
}

enum err matrix_resolve(struct arena *a, str name, str *ret_chat_id)
{
    bool whole = str_find_char(name, ':') != STR_NONE;

    if (str_starts(name, S("#")) && whole) {
        enum err e = matrix_room_of(a, name, ret_chat_id);

        return e == ERR_NOT_FOUND || e == ERR_INPUT ? failed(ERR_NOT_FOUND, "Matrix knows no room %.*s", STR(utf8_take(name, 200))) : e;
    }
    if (str_starts(name, S("@")) && whole)
        return room_with(a, name, ret_chat_id);
    *ret_chat_id = name;
    return str_starts(name, S("!")) ? OK : failed(ERR_NOT_FOUND, "\"%.*s\" is no room of Matrix", STR(utf8_take(name, 200)));
}
