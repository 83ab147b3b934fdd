-- SPDX-License-Identifier: Apache-2.0
-- What was done, in a chain that shows every change of it; and what nobody may read.

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    person     TEXT NOT NULL,                   -- who; '' : the gateway itself
    platform   TEXT NOT NULL,                   -- from where
    session_id TEXT NOT NULL,
    event      TEXT NOT NULL,                   -- tool.call, tool.result, approval.given, egress.connect, ...
    subject    TEXT NOT NULL,                   -- what it is about: a tool's name, a host
    decision   TEXT NOT NULL,                   -- allow, ask, deny, and by which row; '' where nothing was decided
    digest     TEXT NOT NULL,                   -- hex SHA-256 of arguments or result; '' where there is none
    detail     TEXT NOT NULL,                   -- small JSON without contents: sizes, codes, ids
    hash       TEXT NOT NULL                    -- hex SHA-256 over the row before's hash and all columns above
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;

CREATE TABLE secrets (
    name       TEXT PRIMARY KEY,
    key_id     TEXT NOT NULL,                   -- which master key encrypted it
    nonce      BLOB NOT NULL,
    value      BLOB NOT NULL,                   -- AES-256-GCM, its tag at the end
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
