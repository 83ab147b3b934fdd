// SPDX-License-Identifier: Apache-2.0
#include "agent/speech.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/turn.h"
#include "base/log.h"
#include "model/transcribe.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "store/blobs.h"

enum { PIECE = 64 << 10 };

struct reading { int from; struct buf bytes; };

static void reading_done(struct reading *r)
{
    if (r->from >= 0)
        close(r->from);
    buf_done(&r->bytes);
}

/* In a pool thread. */
static enum err read_all(void *arg)
{
    struct reading *r = arg;
    size_t room;
    ssize_t n;

    do {
        char *at = buf_room(&r->bytes, PIECE, &room);

        n = room ? read(r->from, at, room) : 0;
        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "reading a recording: %s", strerror(errno));
        buf_grown(&r->bytes, n > 0 ? (size_t)n : 0);
    } while (n);
    return room ? OK : failed(ERR_TOO_LONG, "it has more than %d MB", RECORDING_MAX >> 20);
}

static enum err keep(const struct turn *t, str blob, str words) AWAITS
{
    struct batch *b = batch_new(t->arena);

    batch_add(b, "speech.keep", "ssi", blob, words, clock_wall_ms());
    return store_commit(t->store, b);
}

static enum err write_down(const struct turn *t, const struct attachment *a, str *ret_words) AWAITS
{
    CLEANUP(reading_done) struct reading r = { .from = -1, .bytes.max = RECORDING_MAX };
    struct rows known;

    TRY(store_read(t->store, t->arena, &known, "speech.find", "s", a->blob));
    if (known.n) {
        *ret_words = row_str(&known, 0, 0);
        return OK;
    }
    TRY(blobs_read(t->blobs, a->blob, &r.from));
    TRY(fiber_offload(read_all, &r));
    TRY(transcribe(t->speech, t->arena, &(struct recording){ a->name, a->mime, buf_str(&r.bytes) }, ret_words));
    return keep(t, a->blob, *ret_words);
}

enum err speech_read(const struct turn *t, const struct message *m, const str **ret_words)
{
    str *words;

    *ret_words = NULL;
    if (t->speech == NULL || t->blobs == NULL)
        return OK;
    words = arena_alloc(t->arena, (m->n_attachments + 1) * sizeof *words);
    for (size_t i = 0; i < m->n_attachments; i++) {
        const struct attachment *a = &m->attachments[i];

        if (a->blob.len == 0 || !str_eq(a->type, S("audio")) || write_down(t, a, &words[i]) == OK)
            continue;
        TRY(fiber_check());
        log_event(LOG_WARN, "attachment.not_written_down", F("name", a->name), F("error", failed_text()));
    }
    *ret_words = words;
    return OK;
}
