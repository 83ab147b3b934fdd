// SPDX-License-Identifier: Apache-2.0
#include "gateway/sending.h"

#include "base/random.h"
#include "channel/deliver.h"
#include "config/config.h"
#include "gateway/announcement.h"
#include "runtime/clock.h"
#include "store/blobs.h"

static str mime_of(str name)
{
    static const struct { const char *ending, *mime; } known[] = {
        { ".png", "image/png" }, { ".jpg", "image/jpeg" }, { ".jpeg", "image/jpeg" }, { ".gif", "image/gif" }, { ".webp", "image/webp" },
        { ".mp3", "audio/mpeg" }, { ".ogg", "audio/ogg" }, { ".wav", "audio/wav" }, { ".mp4", "video/mp4" }, { ".pdf", "application/pdf" },
        { ".txt", "text/plain" }, { ".log", "text/plain" }, { ".md", "text/markdown" }, { ".csv", "text/csv" }, { ".html", "text/html" },
        { ".json", "application/json" }, { ".zip", "application/zip" },
    };

    for (size_t i = 0; i < N_ELEMENTS(known); i++) {
        str ending = str_from(known[i].ending);

        if (name.len >= ending.len && str_eq_nocase(str_skip(name, name.len - ending.len), ending))
            return str_from(known[i].mime);
    }
    return S("application/octet-stream");
}

static enum err keep_file(const struct sending *s, struct announcement *o) AWAITS
{
    char hash[BLOB_HASH_SIZE];
    uint64_t keep = config_now()->blobs_expire;

    if (s->file_name.len == 0)
        return OK;
    o->file.name = s->file_name;
    o->file.mime = s->file_mime.len ? s->file_mime : mime_of(s->file_name);
    TRY(blobs_put(s->gateway->blobs, s->file_bytes, o->file.mime, o->file.name, keep ? clock_wall_ms() + (int64_t)keep : 0, hash));
    o->file.blob = arena_str(s->arena, str_from(hash));
    return OK;
}

enum err sending_store(struct sending *s)
{
    struct announcement o = { .gateway = s->gateway, .arena = s->arena, .text = str_trim(s->text), .taint = S("") };
    struct batch *b = batch_new(s->arena);
    char uuid[UUID_SIZE];

    if (o.text.len == 0 && s->file_name.len == 0)
        return failed(ERR_INPUT, "there is neither text nor file to send");
    random_uuid(uuid);
    s->external_id = str_from(arena_printf(s->arena, "send/%.*s", STR(s->key.len ? s->key : str_from(uuid))));
    TRY(recipient_find_any(s->gateway, s->arena, s->to, &s->at));
    o.to = s->at;
    o.external_id = s->external_id;
    TRY(announcement_reach(&o));
    TRY(keep_file(s, &o));
    announcement_add(&o, b);
    TRY(store_commit(s->gateway->store, b));
    (void)announcement_stored(&o, b);
    return OK;
}

/* The higher, the more it says about the whole. */
static int weight_of(str state)
{
    static const char *const states[] = { "sent", "dropped", "unknown", "dead", "sending", "ready" };

    for (size_t i = 0; i < N_ELEMENTS(states); i++)
        if (str_eq(state, str_from(states[i])))
            return (int)i;
    return 0;
}

enum err sending_state(struct sending *s, json_t **out, bool *ret_ended)
{
    str state = S("sent"), error = S("");
    struct rows r;

    TRY(store_read(s->gateway->store, s->arena, &r, "send.rows", "ss", s->at.platform, s->external_id));
    json_t *parts = json_array();

    for (size_t i = 0; i < r.n; i++) {
        if (i == 0 || weight_of(row_str(&r, i, 1)) > weight_of(state)) {
            state = row_str(&r, i, 1);
            error = row_str(&r, i, 2);
        }
        json_array_append_new(parts, json_pack("{s:I, s:o, s:o, s:o, s:I}", "id", (json_int_t)row_int(&r, i, 0), "state",
                                               json_from_str(row_str(&r, i, 1)), "error", json_from_str(row_str(&r, i, 2)), "remote_id",
                                               json_from_str(row_str(&r, i, 3)), "attempts", (json_int_t)row_int(&r, i, 4)));
    }
    *ret_ended = weight_of(state) < weight_of(S("sending"));
    *out = json_pack("{s:{s:o, s:o}, s:o, s:o, s:o}", "to", "platform", json_from_str(s->at.platform), "chat_id",
                     json_from_str(s->at.chat_id), "state", json_from_str(state), "error", json_from_str(error), "parts", parts);
    return OK;
}

/* An outcome may be stored between the reading and the waiting for the next: there is no await between them. */
enum err sending_await(struct sending *s, enum err (*wait)(void *arg, struct waiters *news), void *arg, json_t **out)
{
    for (;;) {
        CLEANUP(json_decrefp) json_t *state = NULL;
        bool ended;

        TRY(sending_state(s, &state, &ended));
        if (ended) {
            *out = json_incref(state);
            return OK;
        }
        TRY(wait(arg, deliver_outcomes()));
    }
}
