-- SPDX-License-Identifier: Apache-2.0
-- What the agent spends, what it remembers of long conversations, and how conversations queue.

-- What calls of models took: a row each.  Costs are millionths of `currency`.
CREATE TABLE usage (
    at         INTEGER NOT NULL,                -- when it began
    call       INTEGER NOT NULL,                -- a random number
    person     TEXT NOT NULL,                   -- '': nobody's, the assistant's own
    session_id TEXT NOT NULL,
    agent      TEXT NOT NULL,
    model      TEXT NOT NULL,                   -- its label: provider/name
    purpose    TEXT NOT NULL,                   -- turn, agent, summary, compaction, api
    inbox_id   INTEGER NOT NULL,                -- 0: none
    input      INTEGER NOT NULL,
    output     INTEGER NOT NULL,
    cached     INTEGER NOT NULL DEFAULT 0,      -- parts of input
    written    INTEGER NOT NULL DEFAULT 0,
    reasoning  INTEGER NOT NULL DEFAULT 0,      -- a part of output
    cost       INTEGER,                         -- NULL: nobody knows the price
    currency   TEXT NOT NULL,
    estimated  INTEGER NOT NULL,                -- 1: not as the provider counted, or not at its price
    state      TEXT NOT NULL CHECK (state IN ('reserved', 'settled')),
    PRIMARY KEY (at, call)                      -- in the order of time: the sums of a day or a month are one range
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_person ON usage (person, at);
CREATE INDEX usage_by_session ON usage (session_id, at);
CREATE INDEX usage_open ON usage (at) WHERE state = 'reserved';

-- Which warnings about a limit were given: once a period.
CREATE TABLE budget_warnings (
    budget     TEXT NOT NULL,                   -- scope, period and name
    begins_at  INTEGER NOT NULL,                -- of the period
    percent    INTEGER NOT NULL,
    PRIMARY KEY (budget, begins_at, percent)
) STRICT, WITHOUT ROWID;

-- ---- how conversations queue ----

-- The turn in which a message was answered that came while it ran (its journal has a row "steer").  NULL: its own.
ALTER TABLE inbox ADD COLUMN absorbed_by INTEGER;

-- '' : queue.mode of the configuration.
ALTER TABLE sessions ADD COLUMN queue_mode TEXT NOT NULL DEFAULT '' CHECK (queue_mode IN ('', 'queue', 'steer', 'interrupt', 'collect'));

-- SQLite cannot change a CHECK in place.
CREATE TABLE journal_of_more_kinds (
    inbox_id INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('reply', 'call', 'result', 'steer')),
    call_id  TEXT,
    body     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (inbox_id, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_of_more_kinds SELECT inbox_id, seq, kind, call_id, body, at FROM journal ORDER BY inbox_id, seq;
DROP TABLE journal;
ALTER TABLE journal_of_more_kinds RENAME TO journal;

-- Where a conversation stands (domain/dialog.h).
ALTER TABLE sessions ADD COLUMN state TEXT NOT NULL DEFAULT 'idle'
    CHECK (state IN ('idle', 'running', 'awaiting_approval', 'collecting', 'paused'));
-- What it has been told of the values it asked for, JSON; '' : it asks for none.
ALTER TABLE sessions ADD COLUMN slots TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_by_state ON sessions (state) WHERE state <> 'idle';
CREATE INDEX approvals_open_by_session ON approvals (session_id) WHERE state = 'pending';

-- ---- long conversations ----

-- Long conversations: what stands for their older part when a model is asked.  The messages themselves stay.
CREATE TABLE compactions (
    id            INTEGER PRIMARY KEY,
    session_id    TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    up_to         INTEGER NOT NULL,             -- inbox id: it stands for this message and all before it
    summary       TEXT NOT NULL,
    focus         TEXT NOT NULL DEFAULT '',     -- what the person said matters
    user_id       TEXT NOT NULL DEFAULT '',     -- who wrote it all; '' : several did
    taint         TEXT NOT NULL DEFAULT '',     -- whose words are in it besides
    messages      INTEGER NOT NULL,
    tokens_before INTEGER NOT NULL,
    tokens_after  INTEGER NOT NULL,
    model         TEXT NOT NULL DEFAULT '',     -- that wrote it; '' : none, sentences were chosen
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX compactions_by_session ON compactions (session_id, up_to);

-- What a conversation keeps in view word for word.  What is not behind the latest /new (sessions.context_from) counts no more.
CREATE TABLE pins (
    id         INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    inbox_id   INTEGER NOT NULL,                -- of the message that pinned it
    text       TEXT NOT NULL,
    user_id    TEXT NOT NULL,                   -- whose words they are; '' : the assistant's
    taint      TEXT NOT NULL DEFAULT '',
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX pins_by_session ON pins (session_id, id);

CREATE TABLE plans (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    inbox_id   INTEGER NOT NULL,                -- of the message in whose turn it was changed
    steps      TEXT NOT NULL,                   -- JSON: [{"step", "state"}]
    taint      TEXT NOT NULL DEFAULT '',
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- ---- several agents ----

-- Who answers in a chat because somebody there said so (/agent); '' : the one of the main settings.
CREATE TABLE chat_agents (
    platform  TEXT NOT NULL,
    chat_id   TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    agent     TEXT NOT NULL,
    chosen_at INTEGER NOT NULL,
    PRIMARY KEY (platform, chat_id, thread_id)
) STRICT, WITHOUT ROWID;

-- ---- speech ----

-- What is said in an attachment, so that a model that hears is asked once.
CREATE TABLE transcripts (
    blob TEXT PRIMARY KEY REFERENCES blobs (hash) ON DELETE CASCADE,
    text TEXT NOT NULL,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
