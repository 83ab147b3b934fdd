-- SPDX-License-Identifier: Apache-2.0
-- What happens at its time, what people keep (lists, notes), and what a conversation is read by.

-- What is due when: reminders and timers, and whatever kinds come later.
CREATE TABLE timers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL,                   -- reminder, timer
    scope      TEXT NOT NULL,                   -- whose: user:PERSON, or in a group chat:...
    person     TEXT NOT NULL,                   -- who set it
    session_id TEXT NOT NULL,                   -- where it is told; it may be gone by then
    text       TEXT NOT NULL,
    taint      TEXT NOT NULL DEFAULT '',        -- whose words were read when it was set
    language   TEXT NOT NULL DEFAULT '',        -- in which it is told: zh, en
    first_at   INTEGER NOT NULL,
    rule       TEXT NOT NULL DEFAULT '',        -- how it recurs (domain/recurrence.h); '' : once
    zone       TEXT NOT NULL,                   -- of the IANA database
    next_at    INTEGER,                         -- NULL: never again
    state      TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'done', 'failed')),
    fired      INTEGER NOT NULL DEFAULT 0,      -- how often
    last_due   INTEGER,                         -- when it was due the last time
    last_fired INTEGER,                         -- when it was told the last time
    error      TEXT,                            -- why the last time reached nobody
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX timers_due ON timers (next_at) WHERE state = 'active';
CREATE INDEX timers_by_scope ON timers (scope, id);
CREATE INDEX timers_by_person ON timers (person, id);

CREATE TABLE list_items (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    scope      TEXT NOT NULL,
    person     TEXT NOT NULL,                   -- who added it
    list       TEXT NOT NULL,
    text       TEXT NOT NULL,
    taint      TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    done_at    INTEGER                          -- NULL: open
) STRICT;
CREATE INDEX list_items_by_list ON list_items (scope, list, id);
CREATE INDEX list_items_by_person ON list_items (person, id);

CREATE TABLE notes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    scope      TEXT NOT NULL,
    person     TEXT NOT NULL,
    text       TEXT NOT NULL,
    taint      TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_by_scope ON notes (scope, id);
CREATE INDEX notes_by_person ON notes (person, id);

-- What a call that changed one of these answered, stored with the change: one that runs again after a crash answers the same and
-- changes nothing.
CREATE TABLE call_answers (
    inbox_id INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,                     -- the call, and what it was about
    text     TEXT NOT NULL,
    PRIMARY KEY (inbox_id, key)
) STRICT, WITHOUT ROWID;

-- Who reads what is written there first: '' : as configured; rules, engine and model; no model; the model alone.
ALTER TABLE sessions ADD COLUMN mode TEXT NOT NULL DEFAULT '' CHECK (mode IN ('', 'auto', 'rules', 'model'));
ALTER TABLE sessions ADD COLUMN zone TEXT NOT NULL DEFAULT '';          -- of the IANA database; '' : this machine's
ALTER TABLE sessions ADD COLUMN language TEXT NOT NULL DEFAULT '';      -- of answers: zh, en; '' : as written
ALTER TABLE sessions ADD COLUMN last_file TEXT NOT NULL DEFAULT '';     -- the file that was spoken of last
