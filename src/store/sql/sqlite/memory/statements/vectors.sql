-- SPDX-License-Identifier: Apache-2.0
-- Which items have vectors: items.embedded is the generation of an item's vector, 0 while it waits for one, -1 when it cannot have one.

-- The items that wait longest; and who of the first few with the same words has a vector of the generation ?1.
-- name: vectors.pending
SELECT i.id, i.hash, opened(i.title), opened(i.text), coalesce((
    SELECT o.id FROM (SELECT x.id, x.embedded FROM items x WHERE x.hash = i.hash LIMIT 20) o WHERE o.embedded = ?1 LIMIT 1), 0)
FROM items i WHERE i.embedded = 0 ORDER BY i.id LIMIT ?2;

-- Of these.
-- name: vectors.pending_of
SELECT i.id, i.hash, opened(i.title), opened(i.text), coalesce((
    SELECT o.id FROM (SELECT x.id, x.embedded FROM items x WHERE x.hash = i.hash LIMIT 20) o WHERE o.embedded = ?1 LIMIT 1), 0)
FROM items i WHERE i.embedded = 0 AND i.id IN (SELECT value FROM json_each(?2)) ORDER BY i.id;

-- Those of these that are there and have no vector of the generation ?1.
-- name: vectors.wanted
SELECT id FROM items WHERE id IN (SELECT value FROM json_each(?2)) AND embedded <> ?1 ORDER BY id;

-- name: vectors.mark
UPDATE items SET embedded = ?1 WHERE id IN (SELECT value FROM json_each(?2));

-- Who could not have one may have it now.
-- name: vectors.try_again
UPDATE items SET embedded = 0 WHERE embedded = -1;

-- Of other generations than ?2.
-- name: vectors.stale
SELECT id FROM items WHERE id > ?1 AND embedded NOT IN (0, ?2) ORDER BY id LIMIT ?3;

-- Items, those that wait, and those that cannot have one.
-- name: vectors.count
SELECT (SELECT coalesce(sum(items), 0) FROM partitions), (SELECT count(*) FROM items WHERE embedded = 0),
       (SELECT count(*) FROM items WHERE embedded = -1);

-- ---- what the files are of ----

-- name: memory_meta.all
SELECT key, value FROM memory_meta;

-- name: memory_meta.get
SELECT value FROM memory_meta WHERE key = ?1;

-- name: memory_meta.set
INSERT INTO memory_meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- A page of a partition's ids, with their generations.
-- name: vectors.of_partition
SELECT id, embedded FROM items WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3;
