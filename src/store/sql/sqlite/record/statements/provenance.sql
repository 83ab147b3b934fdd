-- SPDX-License-Identifier: Apache-2.0
-- Files of the workspace that hold words of others (tool/provenance.h).

-- name: foreign.list
SELECT path, origin FROM foreign_files ORDER BY path;

-- name: foreign.mark
INSERT INTO foreign_files(path, origin, at) VALUES (?1, ?2, ?3) ON CONFLICT(path) DO UPDATE SET origin = excluded.origin;

-- name: foreign.remove
DELETE FROM foreign_files WHERE path = ?1;
