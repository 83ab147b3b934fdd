-- SPDX-License-Identifier: Apache-2.0
-- What people keep: reminders (as their tool sees them), lists, notes.  Each scope is a person or a group (gateway/kept.h).

-- name: kept.answered
SELECT text FROM call_answers WHERE inbox_id = ?1 AND key = ?2;

-- name: kept.answer
INSERT INTO call_answers(inbox_id, key, text) VALUES (?1, ?2, ?3);

-- Right behind the statement that puts in the row whose number the answer has.
-- name: kept.answer_timer
INSERT INTO call_answers(inbox_id, key, text) SELECT ?1, ?2, ?3 || max(id) || ?4 FROM timers;

-- name: kept.answer_note
INSERT INTO call_answers(inbox_id, key, text) SELECT ?1, ?2, ?3 || max(id) || ?4 FROM notes;

-- name: kept.zone
SELECT zone FROM sessions WHERE id = ?1;

-- name: timers.count
SELECT count(*) FROM timers WHERE scope = ?1 AND state <> 'done';

-- ?2 '': anybody's.
-- name: timers.remove
DELETE FROM timers WHERE id = ?1 AND (?2 = '' OR scope = ?2) AND state <> 'done' RETURNING kind, text;

-- name: lists.items
SELECT id, person, list, text, taint, done_at FROM list_items WHERE scope = ?1 ORDER BY list, id;

-- name: lists.add
INSERT INTO list_items(scope, person, list, text, taint, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: lists.done
UPDATE list_items SET done_at = ?3 WHERE id = ?1 AND scope = ?2;

-- name: lists.remove
DELETE FROM list_items WHERE id = ?1 AND scope = ?2;

-- name: notes.list
SELECT id, person, text, taint, created_at FROM notes WHERE scope = ?1 ORDER BY id DESC;

-- name: notes.add
INSERT INTO notes(scope, person, text, taint, created_at) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id;

-- name: notes.remove
DELETE FROM notes WHERE id = ?1 AND scope = ?2;
