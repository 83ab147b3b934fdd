// SPDX-License-Identifier: Apache-2.0
/* sqlite_found.h: what SQL needs beside FTS5's own functions to choose among very many rows: two functions of a connection.
 *
 *     SELECT words_top(id, found, ?k, ?of) FROM (SELECT rowid AS id, words_found(items_text) AS found FROM items_text WHERE ...)
 *
 * words_found(TABLE): which phrases of the query the row has, bit 0 the first; of a query of up to 62 phrases.
 * words_top(id, found, k, of): the k rows (10,000 at most) whose phrases are the rarest, of so many rows there are in all; best first,
 * among equals those given first; a blob, store/found.h.  bm25() would read each row's size, and each phrase's whole list a second time. */
#pragma once
#include "store/sqlite_db.h"

enum err sqlite_found_register(struct sqlite_db *) MUST_USE;
