-- SPDX-License-Identifier: Apache-2.0
-- Delivery: what becomes of a reply once it is stored.  channel/deliver.h.
-- "state IN ('ready', 'sending')" beside "state = ..." is what lets the partial index serve.

-- Rows that a crash left in the middle of a send.  A new message may be with its platform or not; an edit is
-- repeated; a streamed text that has its message belongs to its turn, which ends it, if that has not ended itself.
-- name: outbox.sweep
UPDATE outbox SET state = CASE WHEN remote_id IS NOT NULL OR ?1 = 'resend' THEN 'ready' ELSE 'unknown' END,
                  error = CASE WHEN remote_id IS NOT NULL THEN error ELSE 'stopped in the middle of sending' END, next_at = 0
WHERE state = 'sending' AND NOT (remote_id IS NOT NULL AND coalesce(json_extract(body, '$.streaming'), 0)
      AND EXISTS (SELECT 1 FROM inbox i WHERE i.id = outbox.inbox_id AND i.state IN ('ready', 'running')))
RETURNING id, state;

-- name: outbox.claimed
SELECT id, platform FROM outbox WHERE state IN ('ready', 'sending') AND state = 'sending' AND remote_id IS NULL;

-- A reply that was to be shown while it grows is begun anew by its turn.
-- name: outbox.not_begun
UPDATE outbox SET state = CASE WHEN coalesce(json_extract(body, '$.streaming'), 0) THEN 'dropped' ELSE 'ready' END,
                  attempts = max(attempts - 1, 0), next_at = 0
WHERE id = ?1 AND state = 'sending';

-- Where sending twice shows it once.
-- name: outbox.send_again
UPDATE outbox SET state = 'ready', next_at = 0 WHERE id = ?1 AND state = 'sending' AND NOT coalesce(json_extract(body, '$.streaming'), 0);

-- name: outbox.chats
SELECT DISTINCT platform, chat_id FROM outbox WHERE state IN ('ready', 'sending') AND state = 'ready';

-- The first row of a chat, if it is due: a row that waits holds back those behind it.
-- name: outbox.claim
UPDATE outbox SET state = 'sending', attempts = attempts + 1
WHERE next_at <= ?3 AND id = (SELECT id FROM outbox WHERE state IN ('ready', 'sending') AND state = 'ready'
                              AND platform = ?1 AND chat_id = ?2 ORDER BY id LIMIT 1)
RETURNING id, coalesce(session_id, ''), thread_id, reply_to, body, attempts, coalesce(remote_id, ''),
          coalesce((SELECT message_id FROM inbox WHERE inbox.id = outbox.inbox_id), '');

-- name: outbox.due
SELECT next_at FROM outbox WHERE state IN ('ready', 'sending') AND state = 'ready' AND platform = ?1 AND chat_id = ?2
ORDER BY id LIMIT 1;

-- name: outbox.sent
UPDATE outbox SET state = 'sent', remote_id = coalesce(nullif(?2, ''), remote_id), sent_at = ?3, error = NULL
WHERE id = ?1 AND state = 'sending';

-- name: outbox.again
UPDATE outbox SET state = 'ready', next_at = ?2, error = ?3 WHERE id = ?1 AND state = 'sending';

-- name: outbox.end
UPDATE outbox SET state = ?2, error = ?3 WHERE id = ?1 AND state = 'sending';

-- A reply that dies goes elsewhere, once: what was carried there, or was carried before, is not carried on.
-- name: outbox.fall_back
INSERT INTO outbox (session_id, platform, chat_id, part, body, state, created_at)
SELECT session_id, ?2, ?3, ?4, ?5, 'ready', ?6 FROM outbox
WHERE id = ?1 AND state = 'sending' AND json_extract(body, '$.fallback_of') IS NULL AND json_extract(body, '$.fell_back') IS NULL;

-- name: outbox.fell_back
UPDATE outbox SET body = json_set(body, '$.fell_back', json('true')) WHERE id = ?1 AND state = 'sending';

-- name: outbox.resend
UPDATE outbox SET state = 'ready', attempts = 0, next_at = 0, error = NULL
WHERE id = ?1 AND state IN ('unknown', 'dead', 'dropped')
RETURNING platform, chat_id;

-- name: outbox.drop
UPDATE outbox SET state = 'dropped' WHERE id = ?1 AND state IN ('ready', 'unknown', 'dead')
RETURNING platform, chat_id, coalesce(session_id, ''), thread_id, coalesce(remote_id, ''), attempts,
          coalesce((SELECT message_id FROM inbox WHERE inbox.id = outbox.inbox_id), '');

-- A streamed reply: its row is there before its first text is sent.
-- name: outbox.stream_begin
INSERT INTO outbox (inbox_id, session_id, platform, chat_id, thread_id, reply_to, body, state, attempts, created_at)
VALUES (nullif(?1, 0), ?2, ?3, ?4, ?5, ?6, ?7, 'sending', 1, ?8)
RETURNING id;

-- name: outbox.stream_opened
UPDATE outbox SET remote_id = ?2 WHERE id = ?1 AND state = 'sending';

-- The turn's end gives the row its whole text; delivery then edits the message.  'sent', 'dead': what was begun before
-- a crash was taken for the whole by delivery.unknown = resend.
-- name: outbox.stream_end
UPDATE outbox SET body = ?2, state = 'ready', attempts = 0, next_at = 0
WHERE id = ?1 AND state IN ('sending', 'ready', 'sent', 'dead');
