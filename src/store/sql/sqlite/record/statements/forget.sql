-- SPDX-License-Identifier: Apache-2.0
-- Forgetting what was said: words go, ids, states and times stay.  ?1, where nothing else is said: ids of messages (JSON).

-- These and the turns that answered them, which have their words too.
-- name: forget.turns
SELECT id, session_id, state FROM inbox WHERE id IN (SELECT value FROM json_each(?1))
UNION SELECT t.id, t.session_id, t.state FROM inbox i JOIN inbox t ON t.id = i.absorbed_by
WHERE i.id IN (SELECT value FROM json_each(?1)) ORDER BY 1;

-- Of an imported memory: is the message it names one of this conversation here?
-- name: forget.is_message_of
SELECT 1 FROM inbox WHERE id = ?1 AND session_id = ?2;

-- What is pinned of them, or by them.
-- name: forget.pins
DELETE FROM pins WHERE inbox_id IN (SELECT value FROM json_each(?1)) OR EXISTS (
    SELECT 1 FROM inbox i WHERE i.id IN (SELECT value FROM json_each(?1)) AND i.session_id = pins.session_id
    AND ((i.text <> '' AND (instr(i.text, pins.text) OR instr(pins.text, i.text)))
         OR EXISTS (SELECT 1 FROM outbox o WHERE o.inbox_id = i.id AND instr(json_extract(o.body, '$.text'), pins.text))));

-- A plan may have been made when one of them was read.
-- name: forget.plans
DELETE FROM plans WHERE EXISTS (
    SELECT 1 FROM inbox i WHERE i.id IN (SELECT value FROM json_each(?1)) AND i.session_id = plans.session_id AND plans.inbox_id >= i.id);

-- Summaries that stand for one of them, and those that were made from such a summary.
-- name: forget.compactions
DELETE FROM compactions WHERE EXISTS (
    SELECT 1 FROM inbox i WHERE i.id IN (SELECT value FROM json_each(?1)) AND i.session_id = compactions.session_id
    AND compactions.up_to >= i.id);

-- Their attachments, unless another message has the same: past their time now.
-- name: forget.blobs
UPDATE blobs SET expires_at = 1
WHERE hash IN (SELECT t.value FROM inbox i, json_tree(i.body) t WHERE i.id IN (SELECT value FROM json_each(?1)) AND t.key = 'blob'
               UNION SELECT t.value FROM outbox o, json_tree(o.body) t
               WHERE o.inbox_id IN (SELECT value FROM json_each(?1)) AND t.key = 'blob')
  AND NOT EXISTS (SELECT 1 FROM inbox i WHERE instr(i.body, blobs.hash) AND i.id NOT IN (SELECT value FROM json_each(?1)))
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE instr(o.body, blobs.hash)
                  AND coalesce(o.inbox_id NOT IN (SELECT value FROM json_each(?1)), 1));

-- name: forget.approvals
UPDATE approvals SET arguments = '{}', question = '[forgotten]', grant_row = ''
WHERE inbox_id IN (SELECT value FROM json_each(?1)) AND state <> 'pending';

-- What was asked before it was done belongs to no message: what was told while one of them was worked on.
-- name: forget.questions
UPDATE outbox SET body = '{"text":"[forgotten]"}', error = NULL, state = CASE state WHEN 'ready' THEN 'dropped' ELSE state END
WHERE inbox_id IS NULL AND EXISTS (
    SELECT 1 FROM inbox i WHERE i.id IN (SELECT value FROM json_each(?1)) AND i.session_id = outbox.session_id
    AND outbox.created_at BETWEEN i.received_at AND coalesce(i.ended_at, outbox.created_at));

-- name: forget.outbox
UPDATE outbox SET body = '{"text":"[forgotten]"}', error = NULL, state = CASE state WHEN 'ready' THEN 'dropped' ELSE state END
WHERE inbox_id IN (SELECT value FROM json_each(?1));

-- Of what was done the last reply's place stays, so that the message is not taken for one without an answer.
-- name: forget.steps
DELETE FROM journal WHERE inbox_id IN (SELECT value FROM json_each(?1))
AND seq <> coalesce((SELECT max(x.seq) FROM journal x WHERE x.inbox_id = journal.inbox_id AND x.kind = 'reply'), -1);

-- name: forget.journal
UPDATE journal SET body = '{"text":"[forgotten]","stop":"end"}' WHERE inbox_id IN (SELECT value FROM json_each(?1));

-- What a call of theirs that is not known to have run answered.
-- name: forget.answers
DELETE FROM call_answers WHERE inbox_id IN (SELECT value FROM json_each(?1));

-- name: forget.titles
UPDATE sessions SET title = '', slots = CASE state WHEN 'collecting' THEN slots ELSE '' END
WHERE id IN (SELECT i.session_id FROM inbox i WHERE i.id IN (SELECT value FROM json_each(?1)));

-- name: forget.messages
UPDATE inbox SET text = '[forgotten]', error = NULL,
    body = json_set(body, '$.content', json('{"text":"[forgotten]","attachments":[]}'), '$.context', json('{"prev_messages":[]}'))
WHERE id IN (SELECT value FROM json_each(?1));

-- ---- what was begun, to be ended after a crash ----

-- name: forget.begun
SELECT key, value FROM meta WHERE key >= 'forget.' AND key < 'forget/' ORDER BY key LIMIT 1;

-- name: forget.ended
DELETE FROM meta WHERE key = ?1;

-- ---- somebody: ?1 is their accounts, [["telegram", "123"]] (JSON) ----

-- Their private conversations.
-- name: forget.private_sessions
SELECT s.id, s.platform, s.chat_id, s.thread_id, s.title, s.created_at FROM sessions s
WHERE s.chat_type = 'private' AND (
    EXISTS (SELECT 1 FROM json_each(?1) a WHERE a.value ->> 0 = s.platform AND a.value ->> 1 = 'owner')
    OR EXISTS (SELECT 1 FROM inbox i JOIN json_each(?1) a ON a.value ->> 0 = i.platform AND a.value ->> 1 = i.user_id
               WHERE i.session_id = s.id)
    OR EXISTS (SELECT 1 FROM users u JOIN json_each(?1) a ON a.value ->> 0 = u.platform AND a.value ->> 1 = u.user_id
               WHERE u.platform = s.platform AND u.chat_id = s.chat_id AND u.chat_id <> ''))
ORDER BY s.id;

-- Conversations in which a message of theirs has not ended.
-- name: forget.at_work
SELECT DISTINCT i.session_id FROM inbox i JOIN json_each(?1) a ON a.value ->> 0 = i.platform AND a.value ->> 1 = i.user_id
WHERE i.state IN ('ready', 'running');

-- Their messages behind ?2, wherever they are.
-- name: forget.messages_of
SELECT i.id, i.session_id, i.platform, i.user_id, i.body, i.state, i.received_at
FROM inbox i JOIN json_each(?1) a ON a.value ->> 0 = i.platform AND a.value ->> 1 = i.user_id
WHERE i.id > ?2 ORDER BY i.id LIMIT ?3;

-- ?1: messages.  They are nobody's from now on.
-- name: forget.senders
UPDATE inbox SET user_id = 'forgotten',
    body = json_set(body, '$.sender', json_object('platform', platform, 'user_id', 'forgotten'))
WHERE id IN (SELECT value FROM json_each(?1));

-- A whole conversation, ?1.
-- name: forget.session_blobs
UPDATE blobs SET expires_at = 1
WHERE hash IN (SELECT t.value FROM inbox i, json_tree(i.body) t WHERE i.session_id = ?1 AND t.key = 'blob'
               UNION SELECT t.value FROM outbox o, json_tree(o.body) t WHERE o.session_id = ?1 AND t.key = 'blob')
  AND NOT EXISTS (SELECT 1 FROM inbox i WHERE instr(i.body, blobs.hash) AND i.session_id <> ?1)
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE instr(o.body, blobs.hash) AND coalesce(o.session_id <> ?1, 1));

-- name: forget.session_outbox
DELETE FROM outbox WHERE session_id = ?1 OR inbox_id IN (SELECT i.id FROM inbox i WHERE i.session_id = ?1);

-- name: forget.session_approvals
DELETE FROM approvals WHERE session_id = ?1;

-- name: forget.session_inbox
DELETE FROM inbox WHERE session_id = ?1;

-- name: forget.session_usage
UPDATE usage SET person = '', session_id = '', inbox_id = 0 WHERE session_id = ?1;

-- name: forget.session_agent
DELETE FROM chat_agents WHERE EXISTS (
    SELECT 1 FROM sessions s WHERE s.id = ?1 AND s.platform = chat_agents.platform AND s.chat_id = chat_agents.chat_id
    AND s.thread_id = chat_agents.thread_id);

-- name: forget.session
DELETE FROM sessions WHERE id = ?1;

-- What was spent stays in the sums, without whose it was.  ?1: a person.
-- name: forget.usage
UPDATE usage SET person = '', session_id = '', inbox_id = 0 WHERE person = ?1;

-- name: forget.approvals_of
UPDATE approvals SET person = '', arguments = '{}', question = '[forgotten]', grant_row = '' WHERE person = ?1;

-- name: forget.decisions
UPDATE approvals SET decided_by = '' WHERE decided_by = ?1;

-- ---- what a person keeps; ?1: the person ----

-- name: forget.timers
DELETE FROM timers WHERE person = ?1 OR scope = 'user:' || ?1;

-- name: forget.lists
DELETE FROM list_items WHERE person = ?1 OR scope = 'user:' || ?1;

-- name: forget.keepsakes
DELETE FROM notes WHERE person = ?1 OR scope = 'user:' || ?1;

-- Rows that are about nobody else.
-- name: forget.policy
DELETE FROM policy_rows WHERE EXISTS (SELECT 1 FROM json_each(policy_rows.body, '$.person') p WHERE p.value = ?1)
AND (SELECT count(*) FROM json_each(policy_rows.body, '$.person')) = 1;

-- name: forget.policy_made
UPDATE policy_rows SET made_by = 'forgotten' WHERE made_by = ?1;

-- name: forget.warnings
DELETE FROM budget_warnings WHERE instr(budget, ?1);

-- What a chat was told outside of any conversation.  ?1: accounts.
-- name: forget.told
DELETE FROM outbox WHERE session_id IS NULL AND EXISTS (
    SELECT 1 FROM users u JOIN json_each(?1) a ON a.value ->> 0 = u.platform AND a.value ->> 1 = u.user_id
    WHERE u.platform = outbox.platform AND u.chat_id = outbox.chat_id AND u.chat_id <> '');

-- name: forget.pairings
DELETE FROM pairings WHERE EXISTS (SELECT 1 FROM json_each(?1) a WHERE a.value ->> 0 = platform AND a.value ->> 1 = user_id);

-- name: forget.users
DELETE FROM users WHERE EXISTS (SELECT 1 FROM json_each(?1) a WHERE a.value ->> 0 = platform AND a.value ->> 1 = user_id);

-- ---- the same, to be handed over ----

-- name: forget.export_session
SELECT i.id, i.user_id, i.body, i.state, i.received_at FROM inbox i WHERE i.session_id = ?1 AND i.id > ?2 ORDER BY i.id LIMIT ?3;

-- name: forget.export_replies
SELECT o.inbox_id, o.body, o.state, o.created_at FROM outbox o
WHERE o.inbox_id IN (SELECT value FROM json_each(?1)) ORDER BY o.id;

-- name: forget.export_usage
SELECT at, model, purpose, input, output, cost, currency FROM usage WHERE person = ?1 ORDER BY at;

-- name: forget.export_approvals
SELECT created_at, tool, arguments, question, state FROM approvals WHERE person = ?1 ORDER BY id;

-- name: forget.export_kept
SELECT kind, text, created_at, state, first_at, rule, zone, '' FROM timers WHERE person = ?1 OR scope = 'user:' || ?1
UNION ALL SELECT 'list item', text, created_at, CASE WHEN done_at IS NULL THEN 'open' ELSE 'done' END, 0, '', '', list FROM list_items
WHERE person = ?1 OR scope = 'user:' || ?1
UNION ALL SELECT 'note', text, created_at, '', 0, '', '', '' FROM notes WHERE person = ?1 OR scope = 'user:' || ?1;

-- name: forget.export_notes
SELECT 'summary', summary, at FROM compactions WHERE session_id = ?1
UNION ALL SELECT 'pin', text, at FROM pins WHERE session_id = ?1
UNION ALL SELECT 'plan', steps, at FROM plans WHERE session_id = ?1;

-- ---- what summaries are made of ----

-- What was said in these messages (JSON) and is not forgotten, oldest first.
-- name: rebuild.messages
SELECT i.id, i.text,
       coalesce((SELECT group_concat(t, '') FROM (SELECT json_extract(o.body, '$.text') AS t FROM outbox o
                                                  WHERE o.inbox_id = i.id AND o.state <> 'dropped' ORDER BY o.part, o.id)), ''),
       i.received_at
FROM inbox i WHERE i.id IN (SELECT value FROM json_each(?1)) AND i.text <> '[forgotten]' AND i.state = 'done' ORDER BY i.id;
