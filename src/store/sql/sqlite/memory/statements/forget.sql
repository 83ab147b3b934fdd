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

-- ---- where things come from ----

-- The messages that the items of ?1 (JSON) come from; of a summary, those that it stands for.
-- name: forget.origins
WITH RECURSIVE meant(id) AS (
    SELECT value FROM json_each(?1) UNION SELECT i.id FROM meant m JOIN items i ON i.replaced_by = m.id)
SELECT i.inbox_id FROM meant m JOIN items i ON i.id = m.id WHERE i.inbox_id <> 0
UNION SELECT s.inbox_id FROM meant m JOIN item_sources s ON s.item = m.id WHERE s.inbox_id <> 0 ORDER BY 1;

-- What was taken in of the messages ?1, of the conversations ?2 (JSON both), word for word.
-- name: forget.exchanges
SELECT id FROM items WHERE session_id <> '' AND session_id IN (SELECT value FROM json_each(?2))
AND inbox_id IN (SELECT value FROM json_each(?1)) AND kind = 'exchange';

-- With all the words of ?1 (an expression of FTS5), from the id ?2 to ?3.
-- name: forget.matching
SELECT rowid FROM items_text
WHERE items_text MATCH searched((SELECT name FROM partition_names WHERE id = ?2 >> 40), ?1) AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid LIMIT ?4;

-- name: forget.of_partition
SELECT id FROM items WHERE id > ?1 << 40 AND id < (?1 + 1) << 40 ORDER BY id LIMIT ?2;

-- name: forget.of_person
SELECT id FROM items WHERE person = ?1 LIMIT ?2;

-- name: forget.of_session
SELECT id FROM items WHERE session_id = ?1 AND session_id <> '' LIMIT ?2;

-- name: forget.absorbed
DELETE FROM absorbed WHERE session_id = ?1;

-- name: forget.rebuilds
DELETE FROM rebuilds WHERE session_id = ?1 AND session_id <> '';

-- name: forget.scope_rebuilds
DELETE FROM rebuilds WHERE summary >> 40 IN (SELECT id FROM partitions WHERE scope = 'user' AND scope_key = ?1);

-- name: forget.collections
DELETE FROM collections WHERE partition IN (SELECT id FROM partitions WHERE scope = 'user' AND scope_key = ?1)
AND kind <> 'workspace';

-- name: forget.added_by
UPDATE collections SET added_by = 'forgotten' WHERE added_by = ?1;
