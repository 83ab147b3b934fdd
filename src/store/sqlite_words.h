// SPDX-License-Identifier: Apache-2.0
/* sqlite_words.h: base/words.h as a tokenizer of FTS5, named "clawdbot" (https://www.sqlite.org/fts5.html#custom_tokenizers).
 * The strings of a query are words already, as words_next() says them: they are taken whole. */
#pragma once
#include "store/sqlite_db.h"

enum err sqlite_fts5_api(struct sqlite_db *, fts5_api **out) MUST_USE;
enum err sqlite_words_register(struct sqlite_db *) MUST_USE;
