-- SPDX-License-Identifier: Apache-2.0
-- Keys of texts that are encrypted at rest (store/data_keys.h), wrapped by the master key.

CREATE TABLE data_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,   -- stands before what it encrypted; none is used twice
    name       TEXT NOT NULL UNIQUE,                -- whose: user:PERSON, chat:..., as the memory's partitions have it
    master     TEXT NOT NULL,                       -- which master key wrapped it
    nonce      BLOB NOT NULL,
    wrapped    BLOB NOT NULL,                       -- AES-256-GCM, its tag at the end
    created_at INTEGER NOT NULL
) STRICT;
