-- SPDX-License-Identifier: Apache-2.0
-- Items.  Whole ones are rows of the view items_whole, whose order item_of_row() knows.

-- One more in the partition ?1, with its next number.
-- name: item.add
INSERT INTO items (id, kind, origin, title, text, place, fields, terms, person, session_id, inbox_id, document, taint, confidence,
                   importance, pinned, created_at, expires_at, hash)
SELECT p.id << 40 | p.next, ?2, ?3, sealed(n.name, ?4), sealed(n.name, ?5), ?6, sealed(n.name, ?7), terms_of(n.name, ?4 || char(10) || ?5),
       ?8, ?9, ?10, nullif(?11, 0), ?12, ?13, ?14, ?15, ?16, nullif(?17, 0), ?18
FROM partitions p JOIN partition_names n ON n.id = p.id WHERE p.id = ?1 RETURNING id;

-- The same unless its words are there, in an item of the same sort that holds at ?19.
-- name: item.add_new
INSERT INTO items (id, kind, origin, title, text, place, fields, terms, person, session_id, inbox_id, document, taint, confidence,
                   importance, pinned, created_at, expires_at, hash)
SELECT p.id << 40 | p.next, ?2, ?3, sealed(n.name, ?4), sealed(n.name, ?5), ?6, sealed(n.name, ?7), terms_of(n.name, ?4 || char(10) || ?5),
       ?8, ?9, ?10, nullif(?11, 0), ?12, ?13, ?14, ?15, ?16, nullif(?17, 0), ?18
FROM partitions p JOIN partition_names n ON n.id = p.id WHERE p.id = ?1 AND NOT EXISTS (
    SELECT 1 FROM items i
    WHERE i.hash = ?18 AND i.id > ?1 << 40 AND i.id < (?1 + 1) << 40 AND i.replaced_by IS NULL AND coalesce(i.expires_at > ?19, 1)
      AND (i.kind = ?2 OR (i.kind NOT IN ('exchange', 'summary', 'passage', 'row') AND ?2 NOT IN ('exchange', 'summary', 'passage', 'row'))))
RETURNING id;

-- The one that was there.
-- name: item.same_words
SELECT i.id FROM items i
WHERE i.hash = ?2 AND i.id > ?1 << 40 AND i.id < (?1 + 1) << 40 AND i.replaced_by IS NULL AND coalesce(i.expires_at > ?4, 1)
  AND (i.kind = ?3 OR (i.kind NOT IN ('exchange', 'summary', 'passage', 'row') AND ?3 NOT IN ('exchange', 'summary', 'passage', 'row')))
ORDER BY i.id LIMIT 1;

-- Said again: it lasts as long, and counts as much, as the one of both that does more.
-- name: item.said_again
UPDATE items SET pinned = max(pinned, ?2), importance = max(importance, ?3), confidence = max(confidence, ?4),
                 expires_at = nullif(max(coalesce(expires_at, 9223372036854775807),
                                         coalesce(nullif(?5, 0), 9223372036854775807)), 9223372036854775807)
WHERE id = ?1;

-- The item that was added last in the partition ?2 takes the place of ?1, which is of a partition of the same scope.
-- name: item.replace
UPDATE items SET replaced_by = (SELECT p.id << 40 | (p.next - 1) FROM partitions p WHERE p.id = ?2)
WHERE id = ?1 AND replaced_by IS NULL
  AND (SELECT 1 FROM partitions old, partitions new
       WHERE old.id = items.id >> 40 AND new.id = ?2 AND old.scope = new.scope AND old.scope_key = new.scope_key);

-- name: item.get
SELECT * FROM items_whole WHERE id = ?1;

-- name: item.get_many
SELECT * FROM items_whole WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id;

-- name: item.pin
UPDATE items SET pinned = ?2 WHERE id = ?1;

-- A page from the id ?1 down to ?2.  ?3: kinds, JSON; '': all.  ?4: a person; '': anybody.  ?5 to ?6: when it came.
-- ?7: now; 0: those that do not hold any more too.
-- name: item.list
SELECT * FROM items_whole
WHERE id < ?1 AND id > ?2 AND (?3 = '' OR kind IN (SELECT value FROM json_each(?3))) AND (?4 = '' OR person = ?4)
  AND created_at >= ?5 AND created_at < ?6 AND (?7 = 0 OR (replaced_by IS NULL AND coalesce(expires_at > ?7, 1)))
ORDER BY id DESC LIMIT ?8;

-- Of one session, ?9.
-- name: item.list_session
SELECT * FROM items_whole
WHERE id IN (SELECT i.id FROM items i WHERE i.session_id = ?9 AND i.session_id <> '') AND id < ?1 AND id > ?2
  AND (?3 = '' OR kind IN (SELECT value FROM json_each(?3))) AND (?4 = '' OR person = ?4)
  AND created_at >= ?5 AND created_at < ?6 AND (?7 = 0 OR (replaced_by IS NULL AND coalesce(expires_at > ?7, 1)))
ORDER BY id DESC LIMIT ?8;

-- name: item.add_source
INSERT OR IGNORE INTO item_sources (item, inbox_id, source) VALUES (?1, ?2, ?3);

-- name: item.count
SELECT coalesce(sum(items), 0) FROM partitions;
