-- SPDX-License-Identifier: Apache-2.0
-- Who may talk to the assistant: API tokens, paired users, pairing codes, browser logins.

-- name: token.add
INSERT INTO tokens(hash, name, created_at) VALUES (?1, ?2, ?3);

-- name: token.revoke_all
UPDATE tokens SET revoked_at = ?1 WHERE revoked_at IS NULL;

-- name: token.valid
SELECT hash, name FROM tokens WHERE revoked_at IS NULL ORDER BY name DESC, created_at;

-- name: token.keep_browsers
DELETE FROM tokens WHERE name = 'browser' AND hash NOT IN (
    SELECT hash FROM tokens WHERE name = 'browser' AND revoked_at IS NULL ORDER BY created_at DESC LIMIT ?1);

-- name: user.list
SELECT platform, user_id, name, person FROM users;

-- ?6 is who they become unless they are the first and become the owner; ?7: there is one already.
-- name: user.add
INSERT INTO users(platform, user_id, name, person, chat_id, paired_at) VALUES (?1, ?2, ?3,
    CASE WHEN ?7 OR EXISTS (SELECT 1 FROM users WHERE person = 'owner') THEN ?6 ELSE 'owner' END, ?4, ?5)
ON CONFLICT(platform, user_id) DO UPDATE SET name = excluded.name
RETURNING person;

-- name: pairing.of
SELECT code, created_at FROM pairings WHERE platform = ?1 AND user_id = ?2 AND expires_at > ?3;

-- name: pairing.count
SELECT count(*) FROM pairings WHERE expires_at > ?1;

-- name: pairing.expire
DELETE FROM pairings WHERE expires_at <= ?1;

-- name: pairing.add
INSERT INTO pairings(code, platform, user_id, user_name, chat_id, created_at, expires_at, attempts)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0);

-- name: pairing.get
SELECT platform, user_id, user_name, chat_id FROM pairings WHERE code = ?1 AND expires_at > ?2;

-- name: pairing.list
SELECT code, platform, user_id, user_name, created_at, expires_at FROM pairings WHERE expires_at > ?1 ORDER BY created_at;

-- name: pairing.remove
DELETE FROM pairings WHERE (platform = ?1 AND user_id = ?2) OR expires_at <= ?3;

-- name: channel.remember
INSERT INTO channel_state(channel, key, value) VALUES (?1, ?2, ?3)
ON CONFLICT(channel, key) DO UPDATE SET value = excluded.value;

-- name: channel.recall
SELECT value FROM channel_state WHERE channel = ?1 AND key = ?2;

-- name: pairing.tell
INSERT INTO outbox(inbox_id, session_id, platform, chat_id, thread_id, reply_to, part, body, state, attempts, next_at,
                   created_at)
SELECT i.id, i.session_id, ?1, ?2, ?3, ?4, 0, ?5, 'ready', 0, ?6, ?6
FROM inbox i WHERE i.platform = ?1 AND i.external_id = ?4
  AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.inbox_id = i.id);
