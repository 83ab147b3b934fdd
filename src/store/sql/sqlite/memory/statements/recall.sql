-- SPDX-License-Identifier: Apache-2.0

-- ?1: ids, JSON.
-- name: recall.used
UPDATE items SET used_at = ?2, uses = uses + 1 WHERE id IN (SELECT value FROM json_each(?1));

-- ---- the canary ----

-- An item each of up to ?1 partitions, by chance, with what is indexed of it.
-- name: canary.sample
SELECT i.id, i.embedded, w.words
FROM (SELECT id, abs(random()) % next AS from_number FROM partitions WHERE items > 0 ORDER BY random() LIMIT ?1) p
JOIN items i ON i.id = (SELECT min(x.id) FROM items x WHERE x.id >= p.id << 40 | p.from_number AND x.id < (p.id + 1) << 40)
JOIN items_words w ON w.id = i.id;

-- Whether the item ?2 has the word ?1 (an expression of FTS5); no row: it is gone.
-- name: canary.has_word
SELECT (SELECT count(*) FROM items_text 
        WHERE items_text MATCH searched((SELECT name FROM partition_names WHERE id = ?2 >> 40), ?1) AND rowid = ?2) FROM items WHERE id = ?2;

-- name: canary.embedded
SELECT embedded FROM items WHERE id = ?1;
