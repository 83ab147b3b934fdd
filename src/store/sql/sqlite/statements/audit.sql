-- SPDX-License-Identifier: Apache-2.0
-- The chain of what was done (store/audit.h).  audit_hash() is ours: sqlite_db.c.

-- The number follows the head that is kept in meta, not the last row: a row cut off the end leaves a gap.
-- name: audit.add
INSERT INTO audit(id, at, person, platform, session_id, event, subject, decision, digest, detail, hash)
SELECT h.id, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, audit_hash(h.hash, h.id, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
FROM (SELECT coalesce(max(CAST(substr(value, 1, instr(value, ':') - 1) AS INTEGER)), 0) + 1 AS id,
             coalesce(max(substr(value, instr(value, ':') + 1)), '') AS hash FROM meta WHERE key = 'audit.head') h;

-- name: audit.head
INSERT INTO meta(key, value) SELECT 'audit.head', id || ':' || hash FROM audit ORDER BY id DESC LIMIT 1
ON CONFLICT(key) DO UPDATE SET value = excluded.value;

-- name: audit.after
SELECT id, at, person, platform, session_id, event, subject, decision, digest, detail, hash FROM audit
WHERE id > ?1 ORDER BY id LIMIT ?2;
