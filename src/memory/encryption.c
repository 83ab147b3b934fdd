// SPDX-License-Identifier: Apache-2.0
/* encryption.c: after encryption was turned on or off: what is there follows, some items at a time.
 *
 * memory_meta's 'encryption' is "off", "on", or "to on 4711 200" while it changes: up to which id, and how many that were.  It says so
 * before anything is stored in the new form, and says that it is done when the old bytes have left the files. */
#include <inttypes.h>
#include <stdio.h>

#include "memory/memory_internal.h"
#include "runtime/clock.h"
#include "store/data_keys.h"

enum { PAGE = 200, PAUSE_MS = 10 };

static const char *name_of(bool on)
{
    return on ? "on" : "off";
}

static enum err read_state(struct memory *m, struct encryption *out, bool *ret_changes) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(m->store, a, &r, "encryption.state", ""));
    str value = r.n ? row_str(&r, 0, 0) : S("off"), word;

    *ret_changes = str_eat(&value, S("to "));
    *out = (struct encryption){ 0 };
    if (str_split(&value, ' ', &word))
        out->on = str_eq(word, S("on"));
    if (str_split(&value, ' ', &word))
        TRY(str_i64(word, &out->up_to));
    return str_split(&value, ' ', &word) ? str_i64(word, &out->done) : OK;
}

static void add_state(struct arena *a, struct batch *b, const struct encryption *e)
{
    batch_add(b, "memory_meta.set", "cc", "encryption",
              e->changing ? arena_printf(a, "to %s %" PRId64 " %" PRId64, name_of(e->on), e->up_to, e->done) : name_of(e->on));
}

static enum err write_state(struct memory *m) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    add_state(a, b, &m->encryption);
    return store_commit(m->store, b);
}

static enum err count_items(struct memory *m, int64_t *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(m->store, a, &r, "item.count", ""));
    *out = row_int(&r, 0, 0);
    return OK;
}

static enum err begin(struct memory *m, bool on) AWAITS
{
    int64_t items;

    TRY(count_items(m, &items));
    m->encryption = (struct encryption){ .on = on, .changing = items > 0 };
    return write_state(m);
}

enum err encryption_open(struct memory *m, struct data_keys *keys)
{
    bool on = data_keys_are_on(keys), changes;

    TRY(read_state(m, &m->encryption, &changes));
    if (keys == NULL && (m->encryption.on || changes))
        return failed(ERR_AUTH, "the texts of this memory are encrypted, and there are no keys");
    if (m->encryption.on != on)
        TRY(begin(m, on));
    else
        m->encryption.changing = changes;
    if (m->encryption.changing)
        data_keys_expect_both(keys);
    return OK;
}

/* ---- in the background ---- */

static enum err change_page(struct memory *m, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct encryption next = m->encryption;
    struct batch *b = batch_new(a);
    struct rows r;

    TRY(store_read(m->store, a, &r, "encryption.next", "ii", next.up_to, (int64_t)PAGE));
    *ret_n = (size_t)row_int(&r, 0, 1);
    if (*ret_n == 0)
        return OK;
    if (next.on)
        batch_add(b, "encryption.seal", "ii", next.up_to, row_int(&r, 0, 0));
    else
        batch_add(b, "encryption.unseal", "ii", next.up_to, row_int(&r, 0, 0));
    next.up_to = row_int(&r, 0, 0);
    next.done += (int64_t)*ret_n;
    add_state(a, b, &next);
    TRY(store_commit(m->store, b));
    m->encryption = next;
    return OK;
}

/* The old words leave the index too, and then the files. */
static enum err change_all(struct memory *m) AWAITS
{
    size_t n;

    do {
        TRY(change_page(m, &n));
        TRY(fiber_sleep(PAUSE_MS));
    } while (n);
    TRY(memory_wipe(m));
    m->encryption.changing = false;
    return write_state(m);
}

static enum err try_to_change(struct memory *m) AWAITS
{
    enum err e = change_all(m);

    if (e)
        m->encryption.changing = true;
    return e;
}

enum err encryption_run(void *memory)
{
    struct memory *m = memory;
    uint64_t failures = 0;

    if (!m->encryption.changing)
        return OK;
    log_event(LOG_INFO, m->encryption.on ? "memory.encrypting" : "memory.decrypting", F("items_done", m->encryption.done));
    for (;;) {
        enum err e = try_to_change(m);

        if (e == OK)
            break;
        TRY(fiber_check());
        if (failures++ == 0)
            log_event(LOG_ERROR, "memory.encryption_failed", F("error", failed_text()));
        TRY(fiber_sleep(failure_pause(&memory_patience, failures, FAILURE_NOT_ASKED)));
    }
    log_event(LOG_INFO, m->encryption.on ? "memory.encrypted" : "memory.decrypted", F("items", m->encryption.done));
    return OK;
}

const char *encryption_text(struct memory *m, int64_t items)
{
    const struct encryption *e = &m->encryption;

    if (!e->changing)
        return e->on ? "encrypted" : "plain";
    snprintf(m->encryption_text, sizeof m->encryption_text, "being %s: %" PRId64 " of %" PRId64 " items", e->on ? "encrypted" : "decrypted",
             e->done, items > e->done ? items : e->done);
    return m->encryption_text;
}
