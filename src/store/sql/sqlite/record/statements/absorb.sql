-- SPDX-License-Identifier: Apache-2.0
-- Conversations as the memory takes them in.

-- Those that nobody has touched since ?2, after the place ?1 (a time) and ?3 (an id), oldest first.
-- name: absorb.sessions
SELECT id, updated_at FROM sessions
WHERE updated_at <= ?2 AND (updated_at > ?1 OR (updated_at = ?1 AND id > ?3)) ORDER BY updated_at, id LIMIT ?4;

-- What was said after the message ?2, oldest first: texts of a person and of the assistant, and whose words the latter had read.  What
-- has not ended stops it.
-- name: absorb.exchanges
SELECT i.id, i.platform, i.user_id, i.text,
       coalesce((SELECT group_concat(t, '') FROM (SELECT json_extract(o.body, '$.text') AS t FROM outbox o
                                                  WHERE o.inbox_id = i.id AND o.state <> 'dropped' ORDER BY o.part, o.id)), ''),
       coalesce((SELECT json_extract(j.body, '$.taint') FROM journal j
                 WHERE j.inbox_id = i.id AND json_extract(j.body, '$.taint') IS NOT NULL LIMIT 1), ''),
       i.received_at, i.state
FROM inbox i
WHERE i.session_id = ?1 AND i.id > ?2
  AND i.id < coalesce((SELECT min(x.id) FROM inbox x WHERE x.session_id = ?1 AND x.state IN ('ready', 'running')), 9223372036854775807)
ORDER BY i.id LIMIT ?3;
