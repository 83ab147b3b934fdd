// SPDX-License-Identifier: Apache-2.0
#include "store/secrets_internal.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "config/options.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "store/audit.h"
#include "store/seal.h"

enum { NAME_MAX_BYTES = 64, AREA_SIZE = 1 << 20, SECRETS_MAX = 1000 };

struct entry { str name, value; };      /* name: ours; value: in the area */


/* ---- memory ---- */

void *secrets_area_new(size_t size)
{
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        mem_die("clawdbot: out of memory\n");
    if (mlock2(p, size, MLOCK_ONFAULT) != 0)       /* RLIMIT_MEMLOCK may be small: then it might be swapped */
        log_event(LOG_DEBUG, "secrets.not_locked");
    madvise(p, size, MADV_DONTDUMP);
    return p;
}

static void forget_entries(struct secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        free((char *)s->entries[i].name.p);
    free(s->entries);
    s->entries = NULL;
    s->n = 0;
    OPENSSL_cleanse(s->area, s->used);
    s->used = 0;
}

void secrets_close(struct secrets *s)
{
    if (s == NULL)
        return;
    data_keys_free(s->data_keys);
    forget_entries(s);
    munmap(s->area, AREA_SIZE);
    master_key_wipe(&s->key);
    free(s->home);
    free(s);
}

/* ---- reading ---- */

static str into_area(struct secrets *s, str plain)
{
    char *to = s->area + s->used;

    memcpy(to, plain.p, plain.len);
    to[plain.len] = '\0';
    s->used += plain.len + 1;
    return str_of(to, plain.len);
}

static enum err take_row(struct secrets *s, const struct rows *r, size_t i)
{
    CLEANUP(buf_done) struct buf plain = { .max = SECRET_VALUE_MAX + SEAL_TAG_SIZE + 1 };
    size_t room;
    str name = row_str(r, i, 0);

    (void)buf_room(&plain, SECRET_VALUE_MAX + 1, &room);        /* in one place: nothing is left behind by growing */
    enum err e = unseal(s->key.bytes, row_str(r, i, 2), name, row_str(r, i, 3), &plain);

    if (e)
        return failed_in(e, "the secret %.*s: ", STR(name));
    if (s->used + plain.len + 1 > AREA_SIZE)
        return failed(ERR_LIMIT, "there are more secrets than fit into %d bytes", AREA_SIZE);
    s->entries[s->n++] = (struct entry){ str_of(str_dup_c(name), name.len), into_area(s, buf_str(&plain)) };
    log_mask(s->entries[s->n - 1].value);
    OPENSSL_cleanse(plain.p, plain.len);
    return OK;
}

static enum err load(struct secrets *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(s->store, a, &r, "secret.list", ""));
    forget_entries(s);
    s->entries = mem_alloc((r.n + 1) * sizeof *s->entries);
    for (size_t i = 0; i < r.n; i++)
        TRY(take_row(s, &r, i));
    return OK;
}

/* ---- the key ---- */

struct key_job { const char *home; struct master_key *key, *fresh; };

static enum err find_keys(void *arg)
{
    struct key_job *j = arg;

    TRY(master_key_find(j->home, j->key));
    return master_key_find_new(j->home, j->fresh);
}

static enum err take_new(void *arg) { return master_key_take_new(arg); }

static enum err drop_new(void *arg)
{
    master_key_drop_new(arg);
    return OK;
}

/* Which key the rows were encrypted with decides what a rotation that was cut short had come to. */
static enum err settle_rotation(struct secrets *s, const struct master_key *fresh, str used) AWAITS
{
    if (fresh->source == MASTER_KEY_NONE)
        return OK;
    if (used.len == 0 || !str_eq(used, str_from(fresh->id)))
        return fiber_offload(drop_new, s->home);
    TRY(fiber_offload(take_new, s->home));
    if (s->key.source == MASTER_KEY_FILE || s->key.source == MASTER_KEY_NONE)
        s->key = *fresh;
    return OK;
}

static enum err check_key(const struct secrets *s, str used)
{
    if (used.len == 0 || (s->key.source != MASTER_KEY_NONE && str_eq(used, str_from(s->key.id))))
        return OK;
    if (s->key.source == MASTER_KEY_NONE)
        return failed(ERR_AUTH, "there are secrets, or keys of encrypted texts, and no master key: put back %s/master.key (or set "
                                "CLAWDBOT_MASTER_KEY); without it they cannot be read", s->home);
    return failed(ERR_AUTH, "the master key in %s (%s) is not the one that the secrets (and the keys of encrypted texts) are encrypted "
                  "with (%.*s): put that one back",
                  master_key_source_name(s->key.source), s->key.id, STR(used));
}

static enum err find_key(struct secrets *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(master_key_wipe) struct master_key fresh = { 0 };
    struct key_job j = { s->home, &s->key, &fresh };
    struct rows r;

    TRY(fiber_offload(find_keys, &j));
    TRY(store_read(s->store, a, &r, "secret.master", ""));
    str used = r.n ? row_str(&r, 0, 0) : NO_STR;

    TRY(settle_rotation(s, &fresh, used));
    return check_key(s, used);
}

enum err secrets_open(struct store *store, const char *home, struct secrets **out)
{
    struct secrets *s = NEW(struct secrets);

    s->store = store;
    s->home = str_dup_c(str_from(home));
    s->area = secrets_area_new(AREA_SIZE);
    s->data_keys = data_keys_new(s);
    enum err e = find_key(s);

    if (e == OK)
        e = load(s);
    if (e == OK)
        e = data_keys_load(s->data_keys);
    if (e) {
        secrets_close(s);
        return e;
    }
    *out = s;
    return OK;
}

/* ---- one secret ---- */

static enum err check_name(str name)
{
    bool fits = name.len > 0 && name.len <= NAME_MAX_BYTES;

    for (size_t i = 0; fits && i < name.len; i++)
        fits = (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || strchr("_.-", name.p[i]);
    return fits ? OK : failed(ERR_INPUT, "a secret's name is made of a-z, 0-9, '_', '.' and '-', at most %d", NAME_MAX_BYTES);
}

static const struct entry *find(const struct secrets *s, str name)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->entries[i].name, name))
            return &s->entries[i];
    return NULL;
}

static enum err not_found(const struct secrets *s, str name)
{
    unsigned best = (unsigned)(name.len / 2 + 1);
    const char *closest = NULL;

    for (size_t i = 0; i < s->n; i++) {
        unsigned d = edit_distance(str_take(name, NAME_MAX_BYTES), s->entries[i].name, best);

        if (d < best) {
            best = d;
            closest = s->entries[i].name.p;
        }
    }
    return failed(ERR_NOT_FOUND, "there is no secret \"%.*s\"%s%s%s", STR(str_take(name, NAME_MAX_BYTES)),
                  closest ? "; did you mean \"" : "", closest ? closest : "", closest ? "\"?" : "");
}

enum err secret_get(const struct secrets *s, str name, str *out)
{
    const struct entry *e = find(s, name);

    if (e == NULL)
        return not_found(s, name);
    *out = e->value;
    return OK;
}

str secret_name(const struct secrets *s, size_t i)
{
    return i < s->n ? s->entries[i].name : NO_STR;
}

static void add_put(const struct master_key *k, struct batch *b, str name, str value)
{
    CLEANUP(buf_done) struct buf sealed = { .max = SECRET_VALUE_MAX + SEAL_TAG_SIZE };
    unsigned char nonce[SEAL_NONCE_SIZE];

    random_bytes(nonce, sizeof nonce);
    seal(k->bytes, nonce, name, value, &sealed);
    batch_add(b, "secret.put", "scbbi", name, k->id, str_of(nonce, sizeof nonce), buf_str(&sealed), clock_wall_ms());
}

static void add_audit(struct batch *b, const char *event, str name, str person)
{
    audit_add(b, &(struct audit_row){ .person = person, .event = event, .subject = name });
}

static enum err make_key(void *arg)
{
    struct secrets *s = arg;

    TRY(master_key_make_new(s->home, &s->key));
    return master_key_take_new(s->home);
}

struct secrets *secrets_begin_change(struct secrets *s)
{
    while (s->changing)
        wait_out(&s->changed, "another change of the secrets");
    s->changing = true;
    return s;
}

void secrets_end_change(struct secrets **s)
{
    (*s)->changing = false;
    wake_one(&(*s)->changed);
}

enum err secret_set(struct secrets *s, str name, str value, str person)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(secrets_end_change) struct secrets *mine = secrets_begin_change(s);

    (void)mine;
    TRY(check_name(name));
    if (value.len == 0 || value.len > SECRET_VALUE_MAX)
        return failed(ERR_INPUT, "a secret has 1 to %d bytes", SECRET_VALUE_MAX);
    if (!find(s, name) && s->n >= SECRETS_MAX)
        return failed(ERR_LIMIT, "there are %d secrets already", SECRETS_MAX);
    if (s->key.source == MASTER_KEY_NONE)
        TRY(fiber_offload(make_key, s));
    struct batch *b = batch_new(a);

    add_put(&s->key, b, name, value);
    add_audit(b, "secret.set", name, person);
    TRY(store_commit(s->store, b));
    return load(s);
}

enum err secret_remove(struct secrets *s, str name, str person)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(secrets_end_change) struct secrets *mine = secrets_begin_change(s);
    struct batch *b = batch_new(a);

    (void)mine;
    if (!find(s, name))
        return not_found(s, name);
    batch_add(b, "secret.remove", "s", name);
    add_audit(b, "secret.remove", name, person);
    TRY(store_commit(s->store, b));
    return load(s);
}

const char *secrets_key_source(const struct secrets *s)
{
    return master_key_source_name(s->key.source);
}

/* ---- keys of texts ---- */

struct data_keys *secrets_data_keys(struct secrets *s)
{
    return s ? s->data_keys : NULL;
}

enum err secrets_encrypt_texts(struct secrets *s)
{
    CLEANUP(secrets_end_change) struct secrets *mine = secrets_begin_change(s);

    (void)mine;
    if (s->key.source == MASTER_KEY_NONE)
        TRY(fiber_offload(make_key, s));
    data_keys_turn_on(s->data_keys);
    return OK;
}

/* ---- rotation ---- */

static enum err make_new(void *arg)
{
    struct key_job *j = arg;

    return master_key_make_new(j->home, j->fresh);
}

static enum err encrypt_anew(struct secrets *s, const struct master_key *fresh, str person) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < s->n; i++)
        add_put(fresh, b, s->entries[i].name, s->entries[i].value);
    data_keys_add_wrapped(s->data_keys, fresh, b);
    add_audit(b, "secret.rotate", str_from(fresh->id), person);
    return store_commit(s->store, b);
}

enum err secrets_rotate(struct secrets *s, str person)
{
    CLEANUP(master_key_wipe) struct master_key fresh = { 0 };
    CLEANUP(secrets_end_change) struct secrets *mine = secrets_begin_change(s);
    struct key_job j = { s->home, NULL, &fresh };

    (void)mine;
    if (s->key.source != MASTER_KEY_FILE && s->key.source != MASTER_KEY_NONE)
        return failed(ERR_AUTH, "the master key is in %s, which is not ours to change: `clawdbot secret list` says what there is; "
                                "remove the secrets, change the key there, start again, set them anew",
                      master_key_source_name(s->key.source));
    TRY(fiber_offload(make_new, &j));
    (void)FAULT(secrets_key_written);
    enum err e = encrypt_anew(s, &fresh, person);

    if (e) {
        (void)!fiber_offload(drop_new, s->home);
        return e;
    }
    (void)FAULT(secrets_rotated);
    s->key = fresh;
    return fiber_offload(take_new, s->home);
}
