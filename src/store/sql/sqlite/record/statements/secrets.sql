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
