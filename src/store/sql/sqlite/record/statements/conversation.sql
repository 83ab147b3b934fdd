-- SPDX-License-Identifier: Apache-2.0
-- What stands beside a conversation's messages: summaries of its older part.

-- name: compaction.add
INSERT INTO compactions(session_id, up_to, summary, focus, user_id, taint, messages, tokens_before, tokens_after, model, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- Of the messages between two, for whoever reads the conversation.
-- name: compaction.between
SELECT id, up_to, summary, messages, tokens_before, tokens_after, model, at FROM compactions
WHERE session_id = ?1 AND up_to >= ?2 AND up_to <= ?3 ORDER BY up_to, id;

-- name: compaction.latest
SELECT c.messages, c.tokens_before, c.tokens_after, c.model, c.at FROM compactions c JOIN sessions s ON s.id = c.session_id
WHERE c.session_id = ?1 AND c.up_to > s.context_from ORDER BY c.up_to DESC, c.id DESC LIMIT 1;

-- A summary is not kept longer than what it was made of.
-- name: retention.compactions
DELETE FROM compactions WHERE NOT EXISTS (
    SELECT 1 FROM inbox i WHERE i.session_id = compactions.session_id AND i.id <= compactions.up_to);

-- name: notes.pins
SELECT p.id, p.text, p.user_id, p.taint, p.at FROM pins p JOIN sessions s ON s.id = p.session_id
WHERE p.session_id = ?1 AND p.inbox_id > s.context_from ORDER BY p.id;

-- name: notes.plan
SELECT p.steps, p.taint, p.at FROM plans p JOIN sessions s ON s.id = p.session_id
WHERE p.session_id = ?1 AND p.inbox_id > s.context_from;

-- name: notes.pin
INSERT INTO pins(session_id, inbox_id, text, user_id, taint, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: notes.unpin
DELETE FROM pins WHERE session_id = ?1 AND id = ?2;

-- name: notes.set_plan
INSERT INTO plans(session_id, inbox_id, steps, taint, at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT(session_id) DO UPDATE SET inbox_id = excluded.inbox_id, steps = excluded.steps, taint = excluded.taint, at = excluded.at;

-- What was said last before a message, newest first: texts of people and of the assistant, and whose words the latter had read.
-- name: notes.said
SELECT i.id, i.user_id, i.text,
       (SELECT group_concat(t, '') FROM (SELECT json_extract(o.body, '$.text') AS t FROM outbox o
                                         WHERE o.inbox_id = i.id AND o.state <> 'dropped' ORDER BY o.part, o.id)),
       coalesce((SELECT json_extract(j.body, '$.taint') FROM journal j
                 WHERE j.inbox_id = i.id AND j.kind = 'result' AND json_extract(j.body, '$.taint') IS NOT NULL LIMIT 1), '')
FROM inbox i JOIN sessions s ON s.id = i.session_id
WHERE i.session_id = ?1 AND i.id < ?2 AND i.id > s.context_from AND i.state = 'done' AND i.text NOT LIKE '/%'
ORDER BY i.id DESC LIMIT ?3;
