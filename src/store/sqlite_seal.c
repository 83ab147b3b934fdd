// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_seal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/data_keys.h"

enum { TEXT_MAX = 1000000000 };         /* SQLite's own limit */

struct sqlite_seal {
    struct data_keys *keys;
    char             *wanted;
};

static str text_of(sqlite3_value *v)
{
    const void *p = sqlite3_value_text(v);

    return str_of(p ? p : "", (size_t)sqlite3_value_bytes(v));
}

/* The buffer's memory becomes SQLite's. */
static void give(sqlite3_context *cx, struct buf *b)
{
    if (b->overflowed)
        sqlite3_result_error_toobig(cx);
    else if (b->p == NULL)
        sqlite3_result_text(cx, "", 0, SQLITE_STATIC);
    else {
        sqlite3_result_text64(cx, b->p, b->len, free, SQLITE_UTF8);
        b->p = NULL;
    }
}

static void want(sqlite3_context *cx, struct sqlite_seal *s, str name)
{
    free(s->wanted);
    s->wanted = str_dup_c(name);
    sqlite3_result_error(cx, "a key is to be made first", -1);
}

static void sealed(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct sqlite_seal *s = sqlite3_user_data(cx);
    CLEANUP(buf_done) struct buf out = { .max = TEXT_MAX };

    (void)n;
    if (!data_keys_are_on(s->keys) || sqlite3_value_bytes(v[1]) == 0)
        sqlite3_result_value(cx, v[1]);
    else if (data_keys_seal(s->keys, text_of(v[0]), text_of(v[1]), &out))
        give(cx, &out);
    else
        want(cx, s, text_of(v[0]));
}

static void terms_of(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct sqlite_seal *s = sqlite3_user_data(cx);
    CLEANUP(buf_done) struct buf out = { .max = TEXT_MAX };

    (void)n;
    if (!data_keys_are_on(s->keys))
        sqlite3_result_null(cx);
    else if (data_keys_add_terms(s->keys, text_of(v[0]), text_of(v[1]), &out))
        give(cx, &out);
    else
        want(cx, s, text_of(v[0]));
}

static bool looks_sealed(sqlite3_value *v)
{
    const unsigned char *p = sqlite3_value_text(v);

    return p && p[0] == '\x01' && data_keys_is_sealed(text_of(v));
}

static void opened(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct sqlite_seal *s = sqlite3_user_data(cx);
    CLEANUP(buf_done) struct buf out = { .max = TEXT_MAX };

    (void)n;
    if (!looks_sealed(v[0]))
        sqlite3_result_value(cx, v[0]);
    else if (data_keys_open(s->keys, text_of(v[0]), &out))
        give(cx, &out);
    else
        sqlite3_result_text(cx, SEAL_UNREADABLE, -1, SQLITE_STATIC);
}

static void can_open(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct sqlite_seal *s = sqlite3_user_data(cx);
    CLEANUP(buf_done) struct buf out = { .max = TEXT_MAX };

    (void)n;
    sqlite3_result_int(cx, !looks_sealed(v[0]) || data_keys_open(s->keys, text_of(v[0]), &out));
}

static void searched(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct sqlite_seal *s = sqlite3_user_data(cx);
    CLEANUP(buf_done) struct buf out = { .max = TEXT_MAX };

    (void)n;
    if (!data_keys_are_on(s->keys) && !data_keys_expected_both(s->keys)) {
        sqlite3_result_value(cx, v[1]);
        return;
    }
    data_keys_add_search(s->keys, text_of(v[0]), text_of(v[1]), &out);
    give(cx, &out);
}

static void search_forms(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct sqlite_seal *s = sqlite3_user_data(cx);

    (void)n, (void)v;
    sqlite3_result_int(cx, data_keys_expected_both(s->keys) ? 2 : 1);
}

enum err sqlite_seal_register(struct sqlite_db *db, struct data_keys *keys, struct sqlite_seal **out)
{
    static const struct {
        const char *name;
        int         arguments;
        void      (*fn)(sqlite3_context *, int, sqlite3_value **);
        int         flags;
    } functions[] = {
        { "sealed",       2, sealed,       SQLITE_DIRECTONLY },
        { "terms_of",     2, terms_of,     SQLITE_DIRECTONLY },
        { "opened",       1, opened,       0 },                     /* in views */
        { "can_open",     1, can_open,     SQLITE_DIRECTONLY },
        { "searched",     2, searched,     SQLITE_DIRECTONLY },
        { "search_forms", 0, search_forms, SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC },
    };
    struct sqlite_seal *s = NEW(struct sqlite_seal);

    s->keys = keys;
    *out = s;
    for (size_t i = 0; i < N_ELEMENTS(functions); i++)
        if (sqlite3_create_function(db->handle, functions[i].name, functions[i].arguments, SQLITE_UTF8 | functions[i].flags, s,
                                    functions[i].fn, NULL, NULL) != SQLITE_OK)
            return sqlite_db_failed(db, "functions of encryption");
    return OK;
}

void sqlite_seal_free(struct sqlite_seal *s)
{
    if (s == NULL)
        return;
    free(s->wanted);
    free(s);
}

char *sqlite_seal_take_wanted(struct sqlite_seal *s)
{
    char *wanted = s ? s->wanted : NULL;

    if (s)
        s->wanted = NULL;
    return wanted;
}
