-- SPDX-License-Identifier: Apache-2.0
-- Who somebody is: one person may have accounts on several platforms.  And what they said once for always.

CREATE TABLE people (
    id         TEXT PRIMARY KEY,                -- a short name: bob
    role       TEXT NOT NULL,                   -- owner, admin, operator, user, guest, or one of the configuration's
    name       TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE users ADD COLUMN person TEXT NOT NULL DEFAULT '';

-- Rows of the policy that an approval "always" or the command line added; the configuration's come first.
CREATE TABLE policy_rows (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    body       TEXT NOT NULL,                   -- as a row of the configuration's `policy`, JSON
    made_by    TEXT NOT NULL,                   -- a person's id
    created_at INTEGER NOT NULL
) STRICT;
