-- SPDX-License-Identifier: Apache-2.0
-- Questions that somebody has to answer before something runs (agent/permission.h, gateway/approvals.h).

-- name: approval.of_call
SELECT id, state, decided_by FROM approvals
WHERE inbox_id = ?1 AND call_id = ?2 AND tool = ?3 AND arguments = ?4;

-- name: approval.session_grant
SELECT id FROM approvals
WHERE session_id = ?1 AND person = ?2 AND grant_row = ?3 AND state = 'granted' AND scope = 'session' ORDER BY id DESC LIMIT 1;

-- A code is good while its question is open; one that is taken fails the batch, which is tried with another.
-- name: approval.add
INSERT INTO approvals(code, inbox_id, call_id, session_id, platform, chat_id, thread_id, person, tool, arguments, question,
                      rule, grant_row, created_at, expires_at, role)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16);

-- name: approval.ask
INSERT INTO outbox(inbox_id, session_id, platform, chat_id, thread_id, reply_to, part, body, state, attempts, next_at, created_at)
VALUES (NULL, ?1, ?2, ?3, ?4, ?5, 0, ?6, 'ready', 0, ?7, ?7);

-- name: approval.pending_codes
SELECT code FROM approvals WHERE state = 'pending';

-- name: approval.open_of
SELECT count(*) FROM approvals WHERE inbox_id = ?1 AND state = 'pending';

-- name: approval.by_code
SELECT id, inbox_id, session_id, platform, chat_id, person, tool, arguments, grant_row, state, role
FROM approvals WHERE code = ?1 ORDER BY state = 'pending' DESC, id DESC LIMIT 1;

-- name: approval.decide
UPDATE approvals SET state = ?2, scope = ?3, decided_by = ?4, decided_at = ?5, decided_in = ?6 WHERE id = ?1 AND state = 'pending';

-- name: approval.always
INSERT INTO policy_rows(body, made_by, created_at) SELECT grant_row, ?2, ?3 FROM approvals WHERE id = ?1 AND grant_row <> '';

-- name: approval.expire
UPDATE approvals SET state = 'expired', decided_at = ?1 WHERE state = 'pending' AND expires_at <= ?1
RETURNING id, inbox_id, session_id, code, tool;

-- name: approval.next_expiry
SELECT min(expires_at) FROM approvals WHERE state = 'pending';

-- name: approval.cancel
UPDATE approvals SET state = 'cancelled', decided_by = ?3, decided_at = ?4
WHERE session_id = ?1 AND state = 'pending' AND (?2 = '' OR person = ?2) RETURNING id, inbox_id, session_id, code, tool;

-- name: approval.list
SELECT id, code, session_id, platform, chat_id, person, tool, arguments, question, rule, grant_row <> '', created_at, expires_at
FROM approvals WHERE state = 'pending' AND (?1 = '' OR session_id = ?1) ORDER BY id LIMIT ?2;
