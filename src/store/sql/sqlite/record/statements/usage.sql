-- SPDX-License-Identifier: Apache-2.0
-- What calls of models took, and warnings about limits.

-- name: usage.reserve
INSERT INTO usage(at, call, person, session_id, agent, model, purpose, inbox_id, input, output, cost, currency, estimated, state)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, nullif(?11, -1), ?12, 1, 'reserved');

-- name: usage.add
INSERT INTO usage(at, call, person, session_id, agent, model, purpose, inbox_id, input, output, cached, written, reasoning,
                  cost, currency, estimated, state)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, nullif(?14, -1), ?15, ?16, 'settled');

-- name: usage.settle
UPDATE usage SET input = ?3, output = ?4, cached = ?5, written = ?6, reasoning = ?7, cost = nullif(?8, -1), estimated = ?9, state = 'settled'
WHERE at = ?1 AND call = ?2;

-- name: usage.release
DELETE FROM usage WHERE at = ?1 AND call = ?2;

-- Reservations of a process that is gone: nobody can say any more what became of them.
-- name: usage.keep_reserved
UPDATE usage SET state = 'settled' WHERE state = 'reserved';

-- Settled money and tokens, reserved money and tokens.
-- name: usage.sum
SELECT coalesce(sum(CASE WHEN state = 'settled' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'settled' THEN input + output END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' THEN input + output END), 0)
FROM usage WHERE at >= ?1 AND at < ?2;

-- name: usage.sum_of_person
SELECT coalesce(sum(CASE WHEN state = 'settled' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'settled' THEN input + output END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' THEN input + output END), 0)
FROM usage WHERE at >= ?1 AND at < ?2 AND person = ?4;

-- name: usage.sum_of_session
SELECT coalesce(sum(CASE WHEN state = 'settled' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'settled' THEN input + output END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' THEN input + output END), 0)
FROM usage WHERE at >= ?1 AND at < ?2 AND session_id = ?4;

-- name: usage.sum_of_agent
SELECT coalesce(sum(CASE WHEN state = 'settled' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'settled' THEN input + output END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' AND currency = ?3 THEN cost END), 0),
       coalesce(sum(CASE WHEN state = 'reserved' THEN input + output END), 0)
FROM usage WHERE at >= ?1 AND at < ?2 AND agent = ?4;

-- name: usage.expire
DELETE FROM usage WHERE at < ?1 AND state = 'settled';

-- name: usage.expire_warnings
DELETE FROM budget_warnings WHERE begins_at < ?1;

-- name: usage.warn
INSERT INTO budget_warnings(budget, begins_at, percent) VALUES (?1, ?2, ?3);

-- name: usage.latest
SELECT at, person, session_id, agent, model, purpose, inbox_id, input, output, cached, written, reasoning, cost, currency,
       estimated, state
FROM usage ORDER BY at DESC, call DESC LIMIT ?1;

-- ?2: the currency, ?3: the person ('': everybody), ?4: summed up by what
-- name: usage.report
SELECT CASE ?4 WHEN 'person' THEN person WHEN 'session' THEN session_id WHEN 'agent' THEN agent WHEN 'purpose' THEN purpose
               WHEN 'day' THEN date(at / 1000, 'unixepoch', 'localtime') ELSE model END AS what,
       count(*), sum(input), sum(output), sum(cached), sum(written), sum(reasoning),
       coalesce(sum(CASE WHEN currency = ?2 THEN cost END), 0) AS money, sum(cost IS NULL), sum(estimated)
FROM usage WHERE at >= ?1 AND (?3 = '' OR person = ?3)
GROUP BY what ORDER BY CASE ?4 WHEN 'day' THEN what END DESC, money DESC, sum(input + output) DESC, what;
