-- SPDX-License-Identifier: Apache-2.0
-- Whose items are whose.

-- name: partition.find
SELECT id FROM partitions WHERE scope = ?1 AND scope_key = ?2 AND collection = ?3;

-- name: partition.make
INSERT OR IGNORE INTO partitions (scope, scope_key, collection, created_at) VALUES (?1, ?2, ?3, ?4);

-- name: partition.of_scope
SELECT id, scope, scope_key, collection, items FROM partitions WHERE scope = ?1 AND scope_key = ?2 ORDER BY id;

-- name: partition.all
SELECT id, scope, scope_key, collection, items FROM partitions ORDER BY id;

-- Names of people and chats stand in them, so they go with the last item.
-- name: partition.forget_empty
DELETE FROM partitions WHERE items = 0 AND NOT EXISTS (SELECT 1 FROM collections c WHERE c.partition = partitions.id)
  AND NOT EXISTS (SELECT 1 FROM rebuilds r WHERE r.summary >> 40 = partitions.id);

-- The last number that was given to one.
-- name: partition.last
SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'partitions';

-- ---- care ----

-- Partitions whose counts are not those of their items.
-- name: partition.miscounted
SELECT id FROM partitions p
WHERE items <> (SELECT count(*) FROM items i WHERE i.id > p.id << 40 AND i.id < (p.id + 1) << 40)
   OR next <= coalesce((SELECT max(i.id) & 1099511627775 FROM items i WHERE i.id > p.id << 40 AND i.id < (p.id + 1) << 40), 0);

-- name: partition.count_again
UPDATE partitions
SET items = (SELECT count(*) FROM items i WHERE i.id > partitions.id << 40 AND i.id < (partitions.id + 1) << 40),
    next = max(next, 1 + coalesce((SELECT max(i.id) & 1099511627775 FROM items i
                                   WHERE i.id > partitions.id << 40 AND i.id < (partitions.id + 1) << 40), 0));

-- name: memory.stats
SELECT (SELECT coalesce(sum(items), 0) FROM partitions), (SELECT count(*) FROM items WHERE embedded = 0),
       (SELECT count(*) FROM items WHERE embedded = -1), (SELECT count(*) FROM purges), (SELECT count(*) FROM documents),
       (SELECT count(*) FROM collections), (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size());
