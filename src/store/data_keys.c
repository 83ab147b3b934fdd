// SPDX-License-Identifier: Apache-2.0
#include "store/data_keys.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/utf8.h"
#include "base/words.h"
#include "runtime/clock.h"
#include "store/seal.h"
#include "store/secrets_internal.h"

enum { PAGE_SIZE = 64 << 10, SEALED_MAX = 1 << 30, ABOUT_MAX = 64 };

struct data_key {
    int64_t       id;                       /* 0: dropped */
    char         *name;
    unsigned char bytes[SEAL_KEY_SIZE];
    unsigned char for_words[32];            /* made of it: a key has one use */
};

enum { KEYS_PER_PAGE = PAGE_SIZE / sizeof(struct data_key) };

struct data_keys {
    struct secrets   *secrets;
    pthread_rwlock_t  lock;                 /* of what follows: the store's threads look things up */
    struct data_key **pages;                /* in order of id; places are taken one after the other and not used again */
    size_t            n, n_dropped;
    struct map        by_name;
    atomic_bool       on, both;
};

/* ---- the ring ---- */

struct data_keys *data_keys_new(struct secrets *s)
{
    struct data_keys *k = NEW(struct data_keys);

    k->secrets = s;
    pthread_rwlock_init(&k->lock, NULL);
    return k;
}

static struct data_key *at(const struct data_keys *k, size_t i)
{
    return &k->pages[i / KEYS_PER_PAGE][i % KEYS_PER_PAGE];
}

static void forget_all(struct data_keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(at(k, i)->name);
    for (size_t i = 0; i < k->n; i += KEYS_PER_PAGE) {
        OPENSSL_cleanse(at(k, i), PAGE_SIZE);
        munmap(at(k, i), PAGE_SIZE);
    }
    free(k->pages);
    map_done(&k->by_name);
    k->pages = NULL;
    k->by_name = (struct map){ 0 };
    k->n = k->n_dropped = 0;
}

void data_keys_free(struct data_keys *k)
{
    if (k == NULL)
        return;
    forget_all(k);
    pthread_rwlock_destroy(&k->lock);
    free(k);
}

static void key_for_words(struct data_key *key)
{
    static const unsigned char use[] = "clawdbot: words of an index";
    unsigned size = sizeof key->for_words;

    HMAC(EVP_sha256(), key->bytes, sizeof key->bytes, use, sizeof use - 1, key->for_words, &size);
}

static void add_key(struct data_keys *k, int64_t id, str name, const unsigned char *bytes)
{
    pthread_rwlock_wrlock(&k->lock);
    if (k->n % KEYS_PER_PAGE == 0) {
        k->pages = mem_resize(k->pages, (k->n / KEYS_PER_PAGE + 1) * sizeof *k->pages);
        k->pages[k->n / KEYS_PER_PAGE] = secrets_area_new(PAGE_SIZE);
    }
    struct data_key *key = at(k, k->n++);

    key->id = id;
    key->name = str_dup_c(name);
    memcpy(key->bytes, bytes, sizeof key->bytes);
    key_for_words(key);
    map_put(&k->by_name, name, key);
    pthread_rwlock_unlock(&k->lock);
}

/* A copy: whoever uses it holds no lock, and wipes it. */
static bool copy_by_name(struct data_keys *k, str name, struct data_key *out)
{
    pthread_rwlock_rdlock(&k->lock);
    const struct data_key *key = map_get(&k->by_name, name);

    if (key)
        *out = *key;
    pthread_rwlock_unlock(&k->lock);
    return key != NULL;
}

static bool copy_by_id(struct data_keys *k, int64_t id, struct data_key *out)
{
    size_t low = 0, high;

    pthread_rwlock_rdlock(&k->lock);
    for (high = k->n; low < high; ) {
        size_t middle = low + (high - low) / 2;

        if (at(k, middle)->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < k->n && at(k, low)->id == id && map_get(&k->by_name, str_from(at(k, low)->name)) == at(k, low);

    if (found)
        *out = *at(k, low);
    pthread_rwlock_unlock(&k->lock);
    return found;
}

static void wipe(struct data_key *copy)
{
    OPENSSL_cleanse(copy, sizeof *copy);
}

size_t data_keys_count(const struct data_keys *k)
{
    return k->n - k->n_dropped;
}

void data_keys_turn_on(struct data_keys *k)
{
    atomic_store(&k->on, true);
}

void data_keys_expect_both(struct data_keys *k)
{
    atomic_store(&k->both, true);
}

bool data_keys_are_on(const struct data_keys *k)
{
    return k && atomic_load(&k->on);
}

bool data_keys_expected_both(const struct data_keys *k)
{
    return k && atomic_load(&k->both);
}

/* ---- their rows ---- */

static enum err take_row(struct data_keys *k, const struct rows *r, size_t i)
{
    CLEANUP(buf_done) struct buf plain = { .max = SEAL_KEY_SIZE + SEAL_TAG_SIZE };
    str name = row_str(r, i, 1);
    enum err e = unseal(k->secrets->key.bytes, row_str(r, i, 2), name, row_str(r, i, 3), &plain);

    if (e == OK && plain.len != SEAL_KEY_SIZE)
        e = failed(ERR_AUTH, "it is damaged");
    if (e)
        return failed_in(e, "the key of the texts of %.*s: ", STR(name));
    add_key(k, row_int(r, i, 0), name, (const unsigned char *)plain.p);
    OPENSSL_cleanse(plain.p, plain.len);
    return OK;
}

enum err data_keys_load(struct data_keys *k)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(k->secrets->store, a, &r, "data_key.list", ""));
    for (size_t i = 0; i < r.n; i++)
        TRY(take_row(k, &r, i));
    return OK;
}

static void wrap(const struct master_key *master, str name, const unsigned char *bytes, unsigned char *nonce, struct buf *out)
{
    random_bytes(nonce, SEAL_NONCE_SIZE);
    seal(master->bytes, nonce, name, str_of((const char *)bytes, SEAL_KEY_SIZE), out);
}

void data_keys_add_wrapped(struct data_keys *k, const struct master_key *fresh, struct batch *b)
{
    for (size_t i = 0; i < k->n; i++) {
        CLEANUP(buf_done) struct buf wrapped = { 0 };
        unsigned char nonce[SEAL_NONCE_SIZE];
        const struct data_key *key = at(k, i);

        if (map_get(&k->by_name, str_from(key->name)) != key)
            continue;
        wrap(fresh, str_from(key->name), key->bytes, nonce, &wrapped);
        batch_add(b, "data_key.wrap", "icbb", key->id, fresh->id, str_of((const char *)nonce, sizeof nonce), buf_str(&wrapped));
    }
}

static enum err make_key(struct data_keys *k, str name) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf wrapped = { 0 };
    CLEANUP(wipe) struct data_key key = { 0 };
    unsigned char nonce[SEAL_NONCE_SIZE];
    struct batch *b = batch_new(a);

    random_bytes(key.bytes, sizeof key.bytes);
    wrap(&k->secrets->key, name, key.bytes, nonce, &wrapped);
    batch_add(b, "data_key.add", "scbbi", name, k->secrets->key.id, str_of((const char *)nonce, sizeof nonce), buf_str(&wrapped),
              clock_wall_ms());
    TRY(store_commit(k->secrets->store, b));
    (void)FAULT(data_key_made);
    add_key(k, row_int(batch_rows(b, 0), 0, 0), name, key.bytes);
    return OK;
}

enum err data_keys_ensure(struct data_keys *k, str name)
{
    CLEANUP(secrets_end_change) struct secrets *mine = secrets_begin_change(k->secrets);

    (void)mine;
    if (map_get(&k->by_name, name))
        return OK;
    if (k->secrets->key.source == MASTER_KEY_NONE)
        return failed(ERR_AUTH, "there is no master key to encrypt with");
    return make_key(k, name);
}

static void forget_key(struct data_keys *k, str name)
{
    pthread_rwlock_wrlock(&k->lock);
    struct data_key *key = map_remove(&k->by_name, name);

    if (key) {
        OPENSSL_cleanse(key->bytes, sizeof key->bytes);
        OPENSSL_cleanse(key->for_words, sizeof key->for_words);
        k->n_dropped++;
    }
    pthread_rwlock_unlock(&k->lock);
}

enum err data_keys_drop(struct data_keys *k, str name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(secrets_end_change) struct secrets *mine = secrets_begin_change(k->secrets);
    struct batch *b = batch_new(a);

    (void)mine;
    batch_add(b, "data_key.overwrite", "s", name);
    batch_add(b, "data_key.drop", "s", name);
    TRY(store_commit(k->secrets->store, b));
    forget_key(k, name);
    return OK;
}

enum err data_keys_drop_person(struct data_keys *k, str person)
{
    CLEANUP(buf_done) struct buf name = { 0 };

    buf_addf(&name, "user:%.*s", STR(person));
    return data_keys_drop(k, buf_str(&name));
}

/* ---- texts ---- */

static str about(char *to, int64_t id)
{
    return str_of(to, (size_t)snprintf(to, ABOUT_MAX, "clawdbot text %" PRId64, id));
}

bool data_keys_seal(struct data_keys *k, str name, str plain, struct buf *out)
{
    CLEANUP(wipe) struct data_key key;
    CLEANUP(buf_done) struct buf bytes = { .max = SEALED_MAX };
    unsigned char nonce[SEAL_NONCE_SIZE];
    char what[ABOUT_MAX];

    if (k == NULL || !copy_by_name(k, name, &key))
        return false;
    random_bytes(nonce, sizeof nonce);
    buf_add(&bytes, str_of((const char *)nonce, sizeof nonce));
    seal(key.bytes, nonce, about(what, key.id), plain, &bytes);
    buf_addf(out, "\x01%" PRId64 ":", key.id);
    buf_add_base64(out, buf_str(&bytes));
    return true;
}

static bool take_apart(str text, int64_t *ret_id, str *ret_base64)
{
    int64_t id = 0;
    size_t i = 1;

    if (text.len < 4 || text.p[0] != '\x01')
        return false;
    for (; i < text.len && i < 19 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        id = id * 10 + (text.p[i] - '0');
    if (i == 1 || i == text.len || text.p[i] != ':')
        return false;
    *ret_id = id;
    *ret_base64 = str_skip(text, i + 1);
    return true;
}

bool data_keys_is_sealed(str text)
{
    int64_t id;
    str rest;

    return take_apart(text, &id, &rest);
}

bool data_keys_open(struct data_keys *k, str sealed, struct buf *out)
{
    CLEANUP(wipe) struct data_key key = { 0 };
    CLEANUP(buf_done) struct buf bytes = { .max = SEALED_MAX };
    char what[ABOUT_MAX];
    int64_t id;
    str rest;

    if (k == NULL || !take_apart(sealed, &id, &rest) || !copy_by_id(k, id, &key) || buf_add_unbase64(&bytes, rest)
        || bytes.len < SEAL_NONCE_SIZE)
        return false;
    return unseal(key.bytes, str_take(buf_str(&bytes), SEAL_NONCE_SIZE), about(what, id), str_skip(buf_str(&bytes), SEAL_NONCE_SIZE),
                  out) == OK;
}

/* ---- words ---- */

/* Digits only: nothing that is done to words as they are indexed changes such a one. */
static void add_hash(const struct data_key *key, str word, struct buf *out)
{
    unsigned char hash[32];
    unsigned size = sizeof hash;

    HMAC(EVP_sha256(), key->for_words, sizeof key->for_words, (const unsigned char *)word.p, word.len, hash, &size);
    uint64_t first = 0;

    for (size_t i = 0; i < sizeof first; i++)
        first = first << 8 | hash[i];
    buf_addf(out, "%0*" PRIu64, DATA_KEY_HASH_SIZE, first);
}

/* No word has a star in it. */
static void add_hash_of_beginning(const struct data_key *key, str character, struct buf *out)
{
    char marked[WORD_MAX + 16];
    int n = snprintf(marked, sizeof marked, "%.*s*", STR(str_take(character, WORD_MAX)));

    add_hash(key, str_of(marked, (size_t)n), out);
}

static str first_character(str word)
{
    uint32_t c;

    return str_take(word, utf8_next(word, &c));
}

bool data_keys_add_terms(struct data_keys *k, str name, str text, struct buf *out)
{
    struct words words = { .text = text, .indexed = true };
    CLEANUP(wipe) struct data_key key;
    struct word word;

    if (k == NULL || !copy_by_name(k, name, &key))
        return false;
    while (words_next(&words, &word)) {
        add_hash(&key, word.folded, out);
        buf_add_char(out, ' ');
        if (!word.is_han)
            continue;
        add_hash_of_beginning(&key, first_character(word.folded), out);
        buf_add_char(out, ' ');
    }
    return true;
}

/* One string of an expression: the word, and what it is written as. */
struct phrase { str word, whole; bool is_beginning; };

static struct phrase phrase_at(str rest)
{
    str word = str_take(str_skip(rest, 1), str_find_char(str_skip(rest, 1), '"'));
    struct phrase p = { word, str_take(rest, word.len + 2), false };

    if (str_starts(str_skip(rest, p.whole.len), S(" *"))) {
        p.is_beginning = true;
        p.whole = str_take(rest, p.whole.len + 2);
    }
    return p;
}

/* Each string becomes as many as any other, also where there is no key: words_found() counts them. */
static void add_phrase(const struct data_key *key, const struct phrase *p, bool both, struct buf *out)
{
    if (both)
        buf_add_char(out, '(');
    if (key) {
        buf_add_char(out, '"');
        if (p->is_beginning)
            add_hash_of_beginning(key, p->word, out);
        else
            add_hash(key, p->word, out);
        buf_add_char(out, '"');
    } else {
        buf_add(out, p->whole);
    }
    if (both) {
        buf_add(out, S(" OR "));
        buf_add(out, p->whole);
        buf_add_char(out, ')');
    }
}

void data_keys_add_search(struct data_keys *k, str name, str expression, struct buf *out)
{
    CLEANUP(wipe) struct data_key key;
    bool both = data_keys_expected_both(k), has_key = (both || data_keys_are_on(k)) && copy_by_name(k, name, &key);

    if (!both && !has_key) {
        buf_add(out, expression);
        return;
    }
    while (expression.len) {
        if (expression.p[0] != '"') {
            buf_add_char(out, expression.p[0]);
            expression = str_skip(expression, 1);
            continue;
        }
        struct phrase p = phrase_at(expression);

        add_phrase(has_key ? &key : NULL, &p, both, out);
        expression = str_skip(expression, p.whole.len);
    }
}
