-- SPDX-License-Identifier: Apache-2.0
-- Questions that a person has to answer before something runs, and files whose words are not the owner's.

CREATE TABLE approvals (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    code       TEXT NOT NULL,                   -- four digits: "yes 4821"
    inbox_id   INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    call_id    TEXT NOT NULL,                   -- its place in the turn: round.index
    session_id TEXT NOT NULL,
    platform   TEXT NOT NULL,
    chat_id    TEXT NOT NULL,
    thread_id  TEXT NOT NULL,
    person     TEXT NOT NULL,                   -- for whom it would run
    role       TEXT NOT NULL,                   -- theirs when it was asked
    tool       TEXT NOT NULL,
    arguments  TEXT NOT NULL,                   -- exactly what will run
    question   TEXT NOT NULL,
    rule       TEXT NOT NULL,                   -- the policy's row that asks
    grant_row  TEXT NOT NULL,                   -- the policy row that would allow the like again; '' : only this once
    state      TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'granted', 'refused', 'expired', 'cancelled')),
    scope      TEXT NOT NULL DEFAULT '' CHECK (scope IN ('', 'once', 'session', 'always')),
    decided_by TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decided_at INTEGER,
    decided_in INTEGER,                         -- inbox id of the message that answers; 0: another way
    UNIQUE (inbox_id, call_id)
) STRICT;
CREATE INDEX approvals_pending ON approvals (expires_at) WHERE state = 'pending';
CREATE UNIQUE INDEX approvals_by_code ON approvals (code) WHERE state = 'pending';
CREATE INDEX approvals_by_answer ON approvals (decided_in) WHERE decided_in IS NOT NULL;
CREATE INDEX approvals_by_session ON approvals (session_id, id);

CREATE TABLE foreign_files (
    path   TEXT PRIMARY KEY,                    -- relative to the workspace; with a '/' at its end, all below it
    origin TEXT NOT NULL,                       -- "web page https://...", "attachment of telegram/42"
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
