-- SPDX-License-Identifier: Apache-2.0

-- name: absorbed.up_to
SELECT up_to FROM absorbed WHERE session_id = ?1;

-- Steps on from ?2, where it stood.
-- name: absorbed.step
INSERT INTO absorbed (session_id, up_to, at) VALUES (?1, ?3, ?4)
ON CONFLICT (session_id) DO UPDATE SET up_to = excluded.up_to, at = excluded.at WHERE absorbed.up_to = ?2;

-- name: memory_meta.get
SELECT value FROM memory_meta WHERE key = ?1;

-- name: memory_meta.set
INSERT INTO memory_meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value;
