-- SPDX-License-Identifier: Apache-2.0

-- name: speech.find
SELECT text FROM transcripts WHERE blob = ?1;

-- Nothing where the attachment is gone meanwhile.
-- name: speech.keep
INSERT INTO transcripts (blob, text, at) SELECT hash, ?2, ?3 FROM blobs WHERE hash = ?1 ON CONFLICT DO NOTHING;
