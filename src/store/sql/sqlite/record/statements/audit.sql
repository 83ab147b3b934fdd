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

-- What the head says, and what the table itself says.
-- name: audit.outline
SELECT (SELECT value FROM meta WHERE key = 'audit.head'), (SELECT count(*) FROM audit), (SELECT min(id) FROM audit),
       (SELECT max(id) FROM audit);

-- Oldest first, behind an id.
-- name: audit.page
SELECT id, at, person, platform, session_id, event, subject, decision, digest, detail, hash FROM audit
WHERE id > ?1 AND (?2 = '' OR person = ?2) AND (?3 = '' OR event = ?3 OR substr(event, 1, length(?3) + 1) = ?3 || '.') AND at >= ?4
ORDER BY id LIMIT ?5;

-- name: audit.latest
SELECT id, at, person, platform, session_id, event, subject, decision, digest, detail, hash FROM audit
WHERE (?1 = '' OR person = ?1) AND (?2 = '' OR event = ?2 OR substr(event, 1, length(?2) + 1) = ?2 || '.') AND at >= ?3
ORDER BY id DESC LIMIT ?4;
