-- SPDX-License-Identifier: Apache-2.0
-- Care: what has had its time, what is there twice, what is old and long.

-- What came before ?1 (0: nothing is too old) or has expired at ?2, and is not pinned.  Knowledge stays as long as its source.
-- name: care.expired
SELECT id FROM items WHERE pinned = 0 AND kind NOT IN ('passage', 'row') AND (created_at < ?1 OR expires_at <= ?2) ORDER BY id LIMIT ?3;

-- name: merge.replace
UPDATE items SET replaced_by = ?2
WHERE id = ?1 AND replaced_by IS NULL AND EXISTS (SELECT 1 FROM items w WHERE w.id = ?2 AND w.replaced_by IS NULL);

-- Conversations with exchanges from before ?1 that are still whole, by partition.
-- name: compress.sessions
SELECT id >> 40, session_id, count(*) FROM items
WHERE kind = 'exchange' AND created_at < ?1 AND pinned = 0 AND replaced_by IS NULL AND session_id <> '' AND inbox_id <> 0
GROUP BY id >> 40, session_id HAVING count(*) >= ?2 ORDER BY 1, 2 LIMIT ?3;

-- Those of one, oldest first.
-- name: compress.exchanges
SELECT w.* FROM items_whole w JOIN items i ON i.id = w.id
WHERE i.session_id = ?2 AND i.session_id <> '' AND i.id > ?1 << 40 AND i.id < (?1 + 1) << 40 AND i.kind = 'exchange' AND i.created_at < ?3
  AND i.pinned = 0 AND i.replaced_by IS NULL AND i.inbox_id <> 0 ORDER BY i.inbox_id LIMIT ?4;

-- Of the item that was added last in the partition ?1: it stands for these messages, ?2 (JSON).
-- name: compress.sources
INSERT OR IGNORE INTO item_sources (item, inbox_id, source)
SELECT p.id << 40 | (p.next - 1), m.value, 0 FROM partitions p JOIN json_each(?2) m WHERE p.id = ?1;

-- ---- summaries on messages that are forgotten: ?1 (JSON) ----

-- name: forget.note_summaries
INSERT OR IGNORE INTO rebuilds (summary, session_id, inbox_id, source)
SELECT s.item, i.session_id, s.inbox_id, s.source FROM item_sources s JOIN items i ON i.id = s.item
WHERE s.item IN (SELECT x.item FROM item_sources x WHERE x.inbox_id <> 0 AND x.inbox_id IN (SELECT value FROM json_each(?1)))
  AND s.inbox_id NOT IN (SELECT value FROM json_each(?1));

-- name: forget.rebuild_messages
DELETE FROM rebuilds WHERE inbox_id IN (SELECT value FROM json_each(?1));

-- name: forget.summaries
SELECT DISTINCT item FROM item_sources WHERE inbox_id <> 0 AND inbox_id IN (SELECT value FROM json_each(?1));

-- The partition of a summary that is to be made anew, when there is one still.
-- name: rebuild.partition
SELECT scope, scope_key, collection FROM partitions WHERE id = ?1 >> 40;
