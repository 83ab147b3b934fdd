-- SPDX-License-Identifier: Apache-2.0

-- name: meta.get
SELECT value FROM meta WHERE key = ?1;

-- name: meta.set
INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- A key that is there already is a conflict.
-- name: meta.add
INSERT INTO meta (key, value) VALUES (?1, ?2);

-- name: meta.swap
UPDATE meta SET value = ?3 WHERE key = ?1 AND value = ?2;

-- name: meta.list
SELECT key, value FROM meta WHERE key >= ?1 AND key < ?1 || char(1114111) ORDER BY key LIMIT ?2;
