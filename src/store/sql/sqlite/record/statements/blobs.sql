-- SPDX-License-Identifier: Apache-2.0

-- The same content again lives as long as the longer of the two; 0 is for ever.
-- name: blobs.put
INSERT INTO blobs (hash, size, mime, name, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0))
ON CONFLICT (hash) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at);

-- name: blobs.get
SELECT size, mime, name, created_at, ifnull(expires_at, 0) FROM blobs WHERE hash = ?1;

-- name: blobs.expired
SELECT hash FROM blobs WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2;

-- name: blobs.delete_expired
DELETE FROM blobs WHERE hash = ?1 AND expires_at <= ?2;
