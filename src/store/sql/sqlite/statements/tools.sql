-- SPDX-License-Identifier: Apache-2.0
-- What the gateway's own tools look at and send.  gateway/tools.def.

-- Senders first and last by name: the same when only one person wrote.  A message without a sender is one that was sent
-- by a tool.
-- name: tool.sessions
SELECT s.id, s.platform, s.chat_id, s.thread_id, s.title, s.updated_at,
       coalesce((SELECT substr(text, 1, 300) FROM inbox i WHERE i.session_id = s.id AND i.text <> '' ORDER BY i.id DESC LIMIT 1), ''),
       coalesce((SELECT min(user_id) FROM inbox i WHERE i.session_id = s.id AND user_id <> ''), ''),
       coalesce((SELECT max(user_id) FROM inbox i WHERE i.session_id = s.id AND user_id <> ''), ''),
       (SELECT count(*) FROM inbox i WHERE i.session_id = s.id)
FROM sessions s WHERE (?1 = '' OR s.platform = ?1) ORDER BY s.updated_at DESC, s.id LIMIT ?2 OFFSET ?3;

-- The same columns for one.
-- name: tool.session
SELECT s.id, s.platform, s.chat_id, s.thread_id, s.title, s.updated_at, '',
       coalesce((SELECT min(user_id) FROM inbox i WHERE i.session_id = s.id AND user_id <> ''), ''),
       coalesce((SELECT max(user_id) FROM inbox i WHERE i.session_id = s.id AND user_id <> ''), ''), 0
FROM sessions s WHERE s.id = ?1;

-- name: tool.session_messages
SELECT i.id, i.user_id, coalesce(json_extract(i.body, '$.sender.user_name'), ''), i.text, i.created_at, i.state, o.body
FROM (SELECT * FROM inbox WHERE session_id = ?1 ORDER BY id DESC LIMIT ?2) i
LEFT JOIN outbox o ON o.inbox_id = i.id AND o.state <> 'dropped' AND i.state IN ('done', 'failed')
ORDER BY i.id DESC, o.part DESC, o.id DESC;
