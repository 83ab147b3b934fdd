-- SPDX-License-Identifier: Apache-2.0
-- Who somebody is: one person may have accounts on several platforms.  And what they said once for always.

CREATE TABLE people (
    id         TEXT PRIMARY KEY,                -- a short name: bob
    role       TEXT NOT NULL,                   -- owner, admin, operator, user, guest, or one of the configuration's
    name       TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE users ADD COLUMN person TEXT NOT NULL DEFAULT '';

-- Whoever holds this machine's token is somebody from the beginning; those who were paired get names of their accounts.
INSERT INTO people(id, role, created_at) VALUES ('owner', 'owner', 0);
UPDATE users SET person = CASE role WHEN 'owner' THEN 'owner' ELSE platform || '-' || user_id END;
INSERT INTO people(id, role, name, created_at)
SELECT person, role, name, paired_at FROM users WHERE person <> 'owner';
ALTER TABLE users DROP COLUMN role;
CREATE INDEX users_by_person ON users (person);

-- Rows of the policy that an approval "always" or the command line added; the configuration's come first.
CREATE TABLE policy_rows (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    body       TEXT NOT NULL,                   -- as a row of the configuration's `policy`, JSON
    made_by    TEXT NOT NULL,                   -- a person's id
    created_at INTEGER NOT NULL
) STRICT;
