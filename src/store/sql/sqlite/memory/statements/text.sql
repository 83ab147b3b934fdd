-- SPDX-License-Identifier: Apache-2.0

-- How many items partitions have, and how far their numbers go.
-- name: text.partitions
SELECT id, items, next FROM partitions WHERE id IN (SELECT value FROM json_each(?1)) AND items > 0 ORDER BY id;

-- The best ?5 among the newest ?4 items with words of ?1 (an expression of FTS5) of the ids ?2 to ?3, where ?6 items are: store/found.h.
-- name: text.find
SELECT words_top(id, found, ?5, ?6) FROM
    (SELECT rowid AS id, words_found(items_text, search_forms()) AS found FROM items_text
     WHERE items_text MATCH searched((SELECT name FROM partition_names WHERE id = ?2 >> 40), ?1) AND rowid BETWEEN ?2 AND ?3
     ORDER BY rowid DESC LIMIT ?4);

-- name: text.words
SELECT id, words FROM items_words WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id;

-- A few that follow each other: a sample is made of many such.
-- name: text.sample
SELECT words FROM items_words WHERE id BETWEEN ?1 AND ?2 LIMIT ?3;

-- What came or changed, into the index: at the end of every transaction, by the store itself.
-- name: text.index
INSERT INTO items_text (rowid, words) SELECT id, words FROM items_indexed WHERE id IN (SELECT id FROM unindexed) ORDER BY id;

-- name: text.indexed
DELETE FROM unindexed;

-- ---- care ----

-- An error says that index and items differ, or that the index is damaged.
-- name: text.check
INSERT INTO items_text (items_text, rank) VALUES ('integrity-check', 1);

-- name: text.rebuild
INSERT INTO items_text (items_text) VALUES ('rebuild');

-- One piece of index in the place of many; what was deleted is in none of it.
-- name: text.optimize
INSERT INTO items_text (items_text) VALUES ('optimize');

-- In how many items a word is (0 rows: in none); deleted ones count until the next optimize.
-- name: text.vocabulary
SELECT term, doc FROM items_terms WHERE term >= ?1 ORDER BY term LIMIT ?2;
