-- SPDX-License-Identifier: Apache-2.0
-- The life of a message: intake, its session's queue, its turn's journal, its end.  ARCHITECTURE.md section 5.

-- name: session.ensure
INSERT INTO sessions(id, platform, chat_id, thread_id, agent, title, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
ON CONFLICT(platform, chat_id, thread_id, agent) DO NOTHING;

-- The same for a message, unless it is known: a duplicate may be in another session.  ?9: what is told of the chat.
-- name: session.ensure_for
INSERT INTO sessions(id, platform, chat_id, thread_id, agent, title, created_at, updated_at, chat_type)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?9 WHERE NOT EXISTS (SELECT 1 FROM inbox WHERE platform = ?2 AND external_id = ?8)
ON CONFLICT(platform, chat_id, thread_id, agent) DO UPDATE SET chat_type = excluded.chat_type
WHERE excluded.chat_type NOT IN ('', sessions.chat_type) AND sessions.chat_type <> 'group';

-- name: session.get
SELECT id, platform, chat_id, thread_id, agent, title, model, context_from, created_at, updated_at, queue_mode,
       chat_type, project, recall, mode, zone, language, last_file
FROM sessions WHERE id = ?1;

-- name: session.list
SELECT s.id, s.platform, s.chat_id, s.thread_id, s.agent, s.title, s.model, s.created_at, s.updated_at,
       (SELECT substr(text, 1, 300) FROM inbox i WHERE i.session_id = s.id ORDER BY i.id DESC LIMIT 1),
       (SELECT count(*) FROM inbox i WHERE i.session_id = s.id AND i.state IN ('ready', 'running')), s.state, s.queue_mode
FROM sessions s WHERE (?1 = '' OR s.platform = ?1) ORDER BY s.updated_at DESC, s.id LIMIT ?2;

-- name: session.set_model
UPDATE sessions SET model = ?2 WHERE id = ?1;

-- name: session.set_queue_mode
UPDATE sessions SET queue_mode = ?2 WHERE id = ?1;

-- name: session.set_mode
UPDATE sessions SET mode = ?2 WHERE id = ?1;

-- name: session.set_zone
UPDATE sessions SET zone = ?2 WHERE id = ?1;

-- name: session.set_language
UPDATE sessions SET language = ?2 WHERE id = ?1;

-- name: session.set_last_file
UPDATE sessions SET last_file = ?2 WHERE id = ?1;

-- name: session.set_project
UPDATE sessions SET project = ?2 WHERE id = ?1;

-- name: session.set_recall
UPDATE sessions SET recall = ?2 WHERE id = ?1;

-- name: session.forget_context
UPDATE sessions SET context_from = ?2 WHERE id = ?1;

-- name: inbox.insert
INSERT INTO inbox(message_id, session_id, platform, external_id, user_id, text, body, state, error, created_at,
                  received_at, ended_at)
SELECT ?1, s.id, ?2, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14
FROM sessions s WHERE s.platform = ?2 AND s.chat_id = ?3 AND s.thread_id = ?4 AND s.agent = ?5
ON CONFLICT(platform, external_id) DO NOTHING
RETURNING id, session_id;

-- name: inbox.by_external
SELECT id, session_id, message_id, state, error FROM inbox WHERE platform = ?1 AND external_id = ?2;

-- One that waits for somebody's word is taken up when that comes (approval.sql).
-- name: inbox.pending
SELECT id, message_id, body, state, attempts FROM inbox
WHERE session_id = ?1 AND state IN ('ready', 'running') AND id > ?2
  AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.inbox_id = inbox.id AND p.state = 'pending') ORDER BY id LIMIT ?3;

-- name: inbox.open
SELECT id, message_id, body, state, attempts FROM inbox
WHERE session_id = ?1 AND id = ?2 AND state IN ('ready', 'running')
  AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.inbox_id = inbox.id AND p.state = 'pending');

-- What is known of a message whose body cannot be read.
-- name: inbox.columns
SELECT i.platform, i.external_id, s.chat_id, s.thread_id, s.agent, i.user_id, i.text
FROM inbox i JOIN sessions s ON s.id = i.session_id WHERE i.id = ?1;

-- name: inbox.pending_sessions
SELECT session_id FROM inbox WHERE state IN ('ready', 'running')
  AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.inbox_id = inbox.id AND p.state = 'pending') GROUP BY session_id ORDER BY min(id);

-- One with a journal was begun, whatever its state says: the mark of a beginning may be lost in a crash.  One of a paused
-- conversation is kept for when that goes on.
-- name: inbox.expire
UPDATE inbox SET state = 'expired', error = 'older than messages.max_age when its turn came', ended_at = ?1
WHERE state = 'ready' AND created_at < ?2 AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.inbox_id = inbox.id)
  AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = inbox.session_id AND s.state = 'paused');

-- name: inbox.running
UPDATE inbox SET state = 'running', started_at = ?2, attempts = attempts + 1
WHERE id = ?1 AND state IN ('ready', 'running');

-- name: inbox.interrupted
UPDATE inbox SET attempts = attempts - 1 WHERE state = 'running' AND attempts > 0;

-- It waits for somebody's word: that was no failed try.
-- name: inbox.parked
UPDATE inbox SET attempts = max(attempts - 1, 0) WHERE id = ?1 AND state IN ('ready', 'running');

-- name: inbox.finish
UPDATE inbox SET state = ?2, error = ?3, ended_at = ?4 WHERE id = ?1 AND state IN ('ready', 'running');

-- One that nobody has begun becomes part of another's turn, which is under way.
-- name: inbox.absorb
UPDATE inbox SET state = 'done', absorbed_by = ?2, started_at = ?3, ended_at = ?3
WHERE id = ?1 AND state = 'ready' AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.inbox_id = ?1)
  AND EXISTS (SELECT 1 FROM inbox t WHERE t.id = ?2 AND t.state IN ('ready', 'running'));

-- name: session.touch
UPDATE sessions SET updated_at = ?2 WHERE id = ?1;

-- name: journal.add
INSERT INTO journal(inbox_id, seq, kind, call_id, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- What an interrupted turn had said, behind whatever it had done.
-- name: journal.append_reply
INSERT INTO journal(inbox_id, seq, kind, call_id, body, at)
SELECT ?1, coalesce(max(seq), -1) + 1, 'reply', '', ?2, ?3 FROM journal WHERE inbox_id = ?1;

-- name: journal.of
SELECT seq, kind, call_id, body FROM journal WHERE inbox_id = ?1 ORDER BY seq;

-- name: turn.context
SELECT context_from FROM sessions WHERE id = ?1;

-- What the model took part in: messages that were answered without it (commands, answers to questions) have no journal.  One that
-- another's turn has answered is in that one's journal.  ?4: what is known already.
-- name: turn.history
SELECT i.id, i.text, i.user_id FROM inbox i JOIN sessions s ON s.id = i.session_id
WHERE i.session_id = ?1 AND i.id < ?2 AND i.id > max(s.context_from, ?4,
      coalesce((SELECT max(c.up_to) FROM compactions c WHERE c.session_id = s.id AND c.up_to < ?2), 0)) AND i.absorbed_by IS NULL
  AND i.state IN ('done', 'failed') AND EXISTS (SELECT 1 FROM journal k WHERE k.inbox_id = i.id)
ORDER BY i.id DESC LIMIT ?3;

-- name: turn.history_journal
SELECT j.inbox_id, j.kind, j.call_id, j.body FROM journal j
WHERE j.inbox_id IN (
    SELECT i.id FROM inbox i JOIN sessions s ON s.id = i.session_id
    WHERE i.session_id = ?1 AND i.id < ?2 AND i.id > max(s.context_from, ?4,
      coalesce((SELECT max(c.up_to) FROM compactions c WHERE c.session_id = s.id AND c.up_to < ?2), 0)) AND i.absorbed_by IS NULL
  AND i.state IN ('done', 'failed') AND EXISTS (SELECT 1 FROM journal k WHERE k.inbox_id = i.id)
    ORDER BY i.id DESC LIMIT ?3)
ORDER BY j.inbox_id, j.seq;

-- What stands for the older part of a conversation, unless that was put behind altogether.
-- name: turn.summary
SELECT c.up_to, c.summary, c.user_id, c.taint FROM compactions c JOIN sessions s ON s.id = c.session_id
WHERE c.session_id = ?1 AND c.up_to < ?2 AND c.up_to > s.context_from ORDER BY c.up_to DESC, c.id DESC LIMIT 1;

-- name: turn.reply
INSERT INTO outbox(inbox_id, session_id, platform, chat_id, thread_id, reply_to, part, body, state, attempts, next_at,
                   created_at, sent_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?10, ?11)
RETURNING id;

-- While a message has no end, an outbox row of it is a reply that was begun to be shown.
-- name: turn.begun
SELECT id, state FROM outbox WHERE inbox_id = ?1 AND state <> 'dropped' ORDER BY id LIMIT 1;

-- name: turn.end_unknown
UPDATE outbox SET body = ?2 WHERE id = ?1;

-- The message whose turn answers this one: itself, or the one that absorbed it.
-- name: inbox.answered_by
SELECT t.id, t.state FROM inbox i JOIN inbox t ON t.id = coalesce(i.absorbed_by, i.id) WHERE i.id = ?1;

-- name: turn.replies_of
SELECT id, part, body, state, created_at FROM outbox
WHERE inbox_id = (SELECT coalesce(absorbed_by, id) FROM inbox WHERE id = ?1) ORDER BY part, id;

-- What all model calls of one message took: input, output, cached, reasoning.
-- name: turn.usage
SELECT coalesce(sum(json_extract(body, '$.usage.input')), 0), coalesce(sum(json_extract(body, '$.usage.output')), 0),
       coalesce(sum(json_extract(body, '$.usage.cached')), 0), coalesce(sum(json_extract(body, '$.usage.reasoning')), 0)
FROM journal WHERE inbox_id = ?1 AND kind = 'reply';

-- A reply is one when its message has ended: before that a row may hold the beginning of one, as a platform shows it.
-- name: session.messages
SELECT i.id, i.message_id, i.text, coalesce(json_extract(i.body, '$.content.attachments'), '[]'), i.state, i.error,
       i.created_at, o.id, o.body, o.state, o.created_at
FROM inbox i LEFT JOIN outbox o ON o.inbox_id = i.id AND o.state <> 'dropped' AND i.state IN ('done', 'failed')
WHERE i.session_id = ?1 AND i.id > ?2
ORDER BY i.id DESC, o.part DESC, o.id DESC LIMIT ?3;

-- name: session.replies_after
SELECT o.id, o.session_id, i.message_id, o.body, o.created_at, i.state FROM outbox o JOIN inbox i ON i.id = o.inbox_id
WHERE o.session_id = ?1 AND o.id > ?2 AND o.state <> 'dropped' AND i.state IN ('done', 'failed') ORDER BY o.id LIMIT ?3;

-- name: inbox.list
SELECT id, message_id, session_id, platform, user_id, substr(text, 1, 300), state, error, attempts, created_at, received_at,
       ended_at
FROM inbox WHERE (?1 = '' OR state = ?1) ORDER BY id DESC LIMIT ?2;

-- name: inbox.get
SELECT id, message_id, session_id, platform, user_id, body, state, error, attempts, created_at, received_at, ended_at, absorbed_by
FROM inbox WHERE id = ?1;

-- name: inbox.drop
UPDATE inbox SET state = 'failed', error = 'dropped by the operator', ended_at = ?2
WHERE id = ?1 AND state IN ('ready', 'running');

-- name: status.counts
SELECT 'inbox', state, count(*) FROM inbox WHERE state <> 'done' GROUP BY state
UNION ALL SELECT 'outbox', state, count(*) FROM outbox WHERE state <> 'sent' GROUP BY state;

-- name: admin.outbox_list
SELECT id, inbox_id, session_id, platform, chat_id, json_object('text', substr(json_extract(body, '$.text'), 1, 300)), state,
       error, attempts, next_at, remote_id, created_at, sent_at
FROM outbox WHERE (?1 = '' OR state = ?1) ORDER BY id DESC LIMIT ?2;

-- name: admin.outbox_get
SELECT id, inbox_id, session_id, platform, chat_id, body, state, error, attempts, next_at, remote_id, created_at, sent_at
FROM outbox WHERE id = ?1;

-- What is still waiting for delivery, or whose outcome an operator has not seen, is kept whatever its age.
-- name: retention.outbox
DELETE FROM outbox WHERE state IN ('sent', 'dropped') AND created_at < ?1
  AND inbox_id IN (SELECT id FROM inbox WHERE state IN ('done', 'failed', 'expired') AND ended_at < ?1);

-- name: retention.journal
DELETE FROM journal WHERE inbox_id IN (
    SELECT i.id FROM inbox i WHERE i.state IN ('done', 'failed', 'expired') AND i.ended_at < ?1
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.inbox_id = i.id));

-- name: retention.inbox
DELETE FROM inbox WHERE state IN ('done', 'failed', 'expired') AND ended_at < ?1
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.inbox_id = inbox.id);
