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

-- By id, or by platform and chat; of several threads the main one.
-- name: recipient.places
SELECT id, platform, chat_id, thread_id, agent FROM sessions WHERE id = ?1 OR (platform = ?2 AND chat_id = ?3)
ORDER BY id <> ?1, thread_id <> '', agent <> '', updated_at DESC LIMIT 1;

-- Private chats, the one used last first; behind them the owner's conversation on a surface of ours.
-- name: recipient.people
SELECT platform, user_id, name, chat_id FROM (
    SELECT u.platform, u.user_id, u.name, u.chat_id, 0 AS own,
           coalesce((SELECT max(s.updated_at) FROM sessions s WHERE s.platform = u.platform AND s.chat_id = u.chat_id), 0) AS used
    FROM users u WHERE u.chat_id <> ''
    UNION ALL
    SELECT * FROM (SELECT platform, 'owner', 'owner', chat_id, 1, updated_at FROM sessions WHERE platform IN ('web', 'rest', 'ws', 'cli', 'openai')
                   ORDER BY updated_at DESC LIMIT 1))
ORDER BY own, used DESC;

-- The answer to a message without words, which a tool stored in the same transaction; nothing when it was there before.
-- name: send.reply
INSERT INTO outbox(inbox_id, session_id, platform, chat_id, thread_id, reply_to, part, body, state, attempts, next_at,
                   created_at, sent_at)
SELECT i.id, i.session_id, s.platform, s.chat_id, s.thread_id, '', ?3, ?4, ?5, 0, ?6, ?6, ?7
FROM inbox i JOIN sessions s ON s.id = i.session_id WHERE i.platform = ?1 AND i.external_id = ?2
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.inbox_id = i.id AND o.part = ?3)
RETURNING id;

-- What became of it.
-- name: send.rows
SELECT o.id, o.state, coalesce(o.error, ''), coalesce(o.remote_id, ''), o.attempts
FROM inbox i JOIN outbox o ON o.inbox_id = i.id WHERE i.platform = ?1 AND i.external_id = ?2 ORDER BY o.part, o.id;

-- name: send.journal
INSERT INTO journal(inbox_id, seq, kind, call_id, body, at)
SELECT i.id, 0, 'reply', '', ?3, ?4 FROM inbox i WHERE i.platform = ?1 AND i.external_id = ?2
ON CONFLICT(inbox_id, seq) DO NOTHING;

-- name: send.touch
UPDATE sessions SET updated_at = ?3 WHERE id = (SELECT session_id FROM inbox WHERE platform = ?1 AND external_id = ?2);
