-- SPDX-License-Identifier: Apache-2.0
-- Forgetting.  `doomed` are the items of ?1 (JSON), the summaries that stand on them or on the messages they come from, and what they
-- took the place of.

-- Before the items go: what the summaries that were not meant stood on besides.
-- name: forget.note_rebuilds
INSERT OR IGNORE INTO rebuilds (summary, session_id, inbox_id, source)
WITH RECURSIVE doomed(id) AS (
    SELECT value FROM json_each(?1)
    UNION SELECT s.item FROM doomed d JOIN item_sources s ON s.source = d.id
    UNION SELECT s.item FROM doomed d JOIN items i ON i.id = d.id AND i.inbox_id <> 0 JOIN item_sources s ON s.inbox_id = i.inbox_id
    UNION SELECT i.id FROM doomed d JOIN items i ON i.replaced_by = d.id)
SELECT s.item, i.session_id, s.inbox_id, s.source FROM doomed d JOIN item_sources s ON s.item = d.id JOIN items i ON i.id = d.id
WHERE d.id NOT IN (SELECT value FROM json_each(?1)) AND s.source NOT IN (SELECT id FROM doomed)
  AND (s.inbox_id = 0 OR s.inbox_id NOT IN (SELECT x.inbox_id FROM doomed e JOIN items x ON x.id = e.id));

-- What is forgotten is no source of a summary that is still to be made.
-- name: forget.rebuild_sources
DELETE FROM rebuilds
WHERE (source <> 0 AND source IN (SELECT value FROM json_each(?1)))
   OR (inbox_id <> 0 AND inbox_id IN (SELECT i.inbox_id FROM items i WHERE i.id IN (SELECT value FROM json_each(?1))));

-- name: forget.items
DELETE FROM items WHERE id IN (
    WITH RECURSIVE doomed(id) AS (
        SELECT value FROM json_each(?1)
        UNION SELECT s.item FROM doomed d JOIN item_sources s ON s.source = d.id
        UNION SELECT s.item FROM doomed d JOIN items i ON i.id = d.id AND i.inbox_id <> 0 JOIN item_sources s ON s.inbox_id = i.inbox_id
        UNION SELECT i.id FROM doomed d JOIN items i ON i.replaced_by = d.id)
    SELECT id FROM doomed);

-- These alone: to make room, not to forget.
-- name: forget.drop
DELETE FROM items WHERE id IN (SELECT value FROM json_each(?1));

-- name: purge.list
SELECT id FROM purges ORDER BY id LIMIT ?1;

-- name: purge.done
DELETE FROM purges WHERE id IN (SELECT value FROM json_each(?1));

-- name: purge.of
SELECT id FROM purges WHERE id IN (SELECT value FROM json_each(?1));

-- name: purge.add
INSERT OR IGNORE INTO purges (id) SELECT value FROM json_each(?1);

-- name: purge.count
SELECT count(*) FROM purges;

-- ---- summaries to be made anew ----

-- name: rebuild.list
SELECT summary, session_id, inbox_id, source FROM rebuilds ORDER BY summary, inbox_id, source LIMIT ?1;

-- name: rebuild.done
DELETE FROM rebuilds WHERE summary = ?1;
