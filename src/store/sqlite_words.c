// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_words.h"

#include "base/words.h"

/* It has no state: any address will do. */
static int create(void *cx, const char **arguments, int n, Fts5Tokenizer **out)
{
    (void)cx, (void)arguments, (void)n;
    static char nothing;

    *out = (Fts5Tokenizer *)&nothing;
    return SQLITE_OK;
}

static void discard(Fts5Tokenizer *t)
{
    (void)t;
}

static int tokenize(Fts5Tokenizer *t, void *cx, int flags, const char *text, int len,
                    int (*token)(void *, int, const char *, int, int, int))
{
    struct words w = { .text = str_of(text, (size_t)len), .indexed = true };
    struct word word;
    int rc = SQLITE_OK;

    (void)t;
    if (flags & FTS5_TOKENIZE_QUERY)
        return token(cx, 0, text, len, 0, len);
    while (rc == SQLITE_OK && words_next(&w, &word))
        rc = token(cx, 0, word.folded.p, (int)word.folded.len, (int)word.start, (int)word.end);
    return rc;
}

enum err sqlite_fts5_api(struct sqlite_db *db, fts5_api **out)
{
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v2(db->handle, "SELECT fts5(?1)", -1, &stmt, NULL) != SQLITE_OK)
        return failed(ERR_IO, "this SQLite was built without FTS5 (full-text search)");
    sqlite3_bind_pointer(stmt, 1, out, "fts5_api_ptr", NULL);
    sqlite3_step(stmt);
    if (sqlite3_finalize(stmt) != SQLITE_OK || *out == NULL)
        return sqlite_db_failed(db, "fts5");
    return OK;
}

enum err sqlite_words_register(struct sqlite_db *db)
{
    static fts5_tokenizer tokenizer = { create, discard, tokenize };
    fts5_api *api = NULL;

    TRY(sqlite_fts5_api(db, &api));
    if (api->xCreateTokenizer(api, "clawdbot", NULL, &tokenizer, NULL) != SQLITE_OK)
        return sqlite_db_failed(db, "fts5");
    return OK;
}
