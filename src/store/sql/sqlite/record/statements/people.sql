-- SPDX-License-Identifier: Apache-2.0
-- Who somebody is, and what was said for always.

-- name: policy.list
SELECT id, body FROM policy_rows ORDER BY id;

-- name: person.list
SELECT id, role, name FROM people ORDER BY created_at, id;

-- In the batch before user.add, by the same conditions.
-- name: person.pair
INSERT INTO people(id, role, name, created_at)
SELECT ?1, ?2, ?3, ?4
WHERE (?5 OR EXISTS (SELECT 1 FROM users WHERE person = 'owner'))
  AND NOT EXISTS (SELECT 1 FROM users WHERE platform = ?6 AND user_id = ?7);

-- name: person.add
INSERT INTO people(id, role, name, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE SET role = excluded.role;

-- name: person.remove
DELETE FROM people WHERE id = ?1;

-- name: user.remove_of
DELETE FROM users WHERE person = ?1;

-- name: user.link
INSERT INTO users(platform, user_id, person, paired_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT(platform, user_id) DO UPDATE SET person = excluded.person;

-- name: user.unlink
DELETE FROM users WHERE platform = ?1 AND user_id = ?2;
