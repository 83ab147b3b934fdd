-- SPDX-License-Identifier: Apache-2.0
-- What nobody may read (store/secrets.h).

-- name: secret.list
SELECT name, key_id, nonce, value FROM secrets ORDER BY name;

-- name: secret.put
INSERT INTO secrets(name, key_id, nonce, value, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
ON CONFLICT(name) DO UPDATE SET key_id = excluded.key_id, nonce = excluded.nonce, value = excluded.value,
    updated_at = excluded.updated_at;

-- name: secret.remove
DELETE FROM secrets WHERE name = ?1;

-- The id of the master key that something was encrypted with.
-- name: secret.master
SELECT key_id FROM secrets UNION SELECT master FROM data_keys LIMIT 1;

-- ---- keys of texts (store/data_keys.h) ----

-- name: data_key.list
SELECT id, name, nonce, wrapped FROM data_keys ORDER BY id;

-- name: data_key.add
INSERT INTO data_keys (name, master, nonce, wrapped, created_at) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id;

-- name: data_key.wrap
UPDATE data_keys SET master = ?2, nonce = ?3, wrapped = ?4 WHERE id = ?1;

-- A page keeps the bytes of a row that was deleted.
-- name: data_key.overwrite
UPDATE data_keys SET nonce = zeroblob(length(nonce)), wrapped = zeroblob(length(wrapped)) WHERE name = ?1;

-- name: data_key.drop
DELETE FROM data_keys WHERE name = ?1;
