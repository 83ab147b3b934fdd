-- SPDX-License-Identifier: Apache-2.0
-- What happens at its time (flow/timers.h).

-- name: timers.add
INSERT INTO timers(kind, scope, person, session_id, text, taint, language, first_at, rule, zone, next_at, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING id;

-- The columns of timers.list.
-- name: timers.due
SELECT id, kind, scope, person, session_id, text, taint, language, first_at, rule, zone, next_at, state, fired, last_due, last_fired,
       coalesce(error, ''), created_at
FROM timers WHERE state = 'active' AND next_at <= ?1 ORDER BY next_at, id LIMIT ?2;

-- name: timers.is_due
SELECT 1 FROM timers WHERE id = ?1 AND next_at = ?2 AND state = 'active';

-- name: timers.next
SELECT min(next_at) FROM timers WHERE state = 'active';

-- ?2: when it was due when it was read.  ?3: 0 is never again.
-- name: timers.claim
UPDATE timers SET next_at = nullif(?3, 0), state = ?4, fired = fired + (?7 IS NULL), last_due = ?5, last_fired = ?6, error = ?7
WHERE id = ?1 AND next_at = ?2 AND state = 'active';

-- name: timers.list
SELECT id, kind, scope, person, session_id, text, taint, language, first_at, rule, zone, next_at, state, fired, last_due, last_fired,
       coalesce(error, ''), created_at
FROM timers WHERE (?1 = '' OR scope = ?1) AND state <> 'done' ORDER BY next_at IS NULL, next_at, id LIMIT 5000;

-- What was told or has failed is kept a while, for whoever asks what became of it.
-- name: timers.expire
DELETE FROM timers WHERE state <> 'active' AND last_fired < ?1;
