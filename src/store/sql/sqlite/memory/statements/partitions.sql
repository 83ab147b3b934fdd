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
DELETE FROM partitions WHERE items = 0 AND NOT EXISTS (SELECT 1 FROM collections c WHERE c.partition = partitions.id);
