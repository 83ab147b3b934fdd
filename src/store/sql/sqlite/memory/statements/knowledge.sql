-- SPDX-License-Identifier: Apache-2.0
-- Knowledge: collections of documents, and the items that stand for their passages.

-- name: knowledge.collections
SELECT c.id, c.partition, p.scope, p.scope_key, c.name, c.kind, c.source, c.options, c.watched, c.added_by, c.created_at, c.synced_at,
       c.unfinished, c.removing, c.error
FROM collections c JOIN partitions p ON p.id = c.partition ORDER BY c.id;

-- name: knowledge.counts
SELECT (SELECT count(*) FROM documents WHERE collection = ?1), (SELECT count(*) FROM documents WHERE collection = ?1 AND error <> ''),
       (SELECT p.items FROM collections c JOIN partitions p ON p.id = c.partition WHERE c.id = ?1);

-- name: knowledge.collection_add
INSERT INTO collections (partition, name, kind, source, options, watched, added_by, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
RETURNING id;

-- name: knowledge.collection_source
UPDATE collections SET source = ?2 WHERE id = ?1;

-- name: knowledge.collection_began
UPDATE collections SET unfinished = 1 WHERE id = ?1;

-- name: knowledge.collection_ended
UPDATE collections SET unfinished = ?2, synced_at = ?3, error = ?4 WHERE id = ?1;

-- name: knowledge.collection_removing
UPDATE collections SET removing = 1 WHERE id = ?1;

-- name: knowledge.collection_remove
DELETE FROM collections WHERE id = ?1;

-- name: knowledge.document_find
SELECT id, size, changed, mark, validators, error, taint FROM documents WHERE collection = ?1 AND name = ?2;

-- name: knowledge.document_make
INSERT INTO documents (collection, name, size, changed, synced_at) VALUES (?1, ?2, -1, 0, ?3)
ON CONFLICT (collection, name) DO UPDATE SET synced_at = excluded.synced_at RETURNING id;

-- name: knowledge.document_same
UPDATE documents SET size = ?2, changed = ?3, synced_at = ?4 WHERE id = ?1;

-- name: knowledge.document_failed
UPDATE documents SET size = ?2, changed = ?3, mark = ?4, error = ?5, synced_at = ?6, items = CASE WHEN ?7 THEN 0 ELSE items END
WHERE id = ?1;

-- name: knowledge.document_read
UPDATE documents SET size = ?2, changed = ?3, mark = ?4, validators = ?5, taint = ?6, items = ?7, error = ?8, synced_at = ?9 WHERE id = ?1;

-- name: knowledge.document_remove
DELETE FROM documents WHERE id = ?1;

-- name: knowledge.documents_between
SELECT id, name, items FROM documents WHERE collection = ?1 AND name > ?2 AND name < ?3 ORDER BY name LIMIT ?4;

-- name: knowledge.documents_last
SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM documents;

-- name: knowledge.documents_list
SELECT id, name, size, items, error, synced_at FROM documents WHERE collection = ?1 AND name > ?2 ORDER BY name LIMIT ?3;

-- name: knowledge.documents_failed
SELECT id, name, size, items, error, synced_at FROM documents WHERE collection = ?1 AND error <> '' AND name > ?2 ORDER BY name LIMIT ?3;

-- name: knowledge.items_of
SELECT id, hash, place, opened(fields), taint FROM items WHERE document = ?1 ORDER BY id;

-- name: knowledge.item_moved
UPDATE items SET place = ?2, fields = sealed((SELECT name FROM partition_names n WHERE n.id = ?1 >> 40), ?3), taint = ?4
WHERE id = ?1;

-- name: knowledge.item_remove
DELETE FROM items WHERE id = ?1;

-- name: knowledge.items_remove
DELETE FROM items WHERE document = ?1;
