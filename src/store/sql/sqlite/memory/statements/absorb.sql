-- SPDX-License-Identifier: Apache-2.0

-- name: absorbed.up_to
SELECT up_to FROM absorbed WHERE session_id = ?1;

-- Steps on from ?2, where it stood.
-- name: absorbed.step
INSERT INTO absorbed (session_id, up_to, at) VALUES (?1, ?3, ?4)
ON CONFLICT (session_id) DO UPDATE SET up_to = excluded.up_to, at = excluded.at WHERE absorbed.up_to = ?2;
