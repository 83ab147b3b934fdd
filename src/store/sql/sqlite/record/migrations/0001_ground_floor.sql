-- SPDX-License-Identifier: Apache-2.0
-- The ground floor: conversations, what came in, what was done about it, what goes out.
-- Times are milliseconds since 1970 UTC.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One conversation: platform + chat + thread + agent.
CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,              -- uuid
    platform     TEXT NOT NULL,
    chat_id      TEXT NOT NULL,
    thread_id    TEXT NOT NULL DEFAULT '',
    agent        TEXT NOT NULL DEFAULT '',
    title        TEXT NOT NULL DEFAULT '',
    model        TEXT NOT NULL DEFAULT '',      -- '' : the agent's
    context_from INTEGER NOT NULL DEFAULT 0,    -- inbox id from which the context counts: /new moves it
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (platform, chat_id, thread_id, agent)
) STRICT;
CREATE INDEX sessions_by_update ON sessions (updated_at);

CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id  TEXT NOT NULL UNIQUE,           -- uuid
    session_id  TEXT NOT NULL REFERENCES sessions (id),
    platform    TEXT NOT NULL,
    external_id TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    text        TEXT NOT NULL DEFAULT '',
    body        TEXT NOT NULL,                  -- the whole public message, JSON
    state       TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'running', 'done', 'failed', 'expired')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    error       TEXT,
    created_at  INTEGER NOT NULL,               -- by the platform's clock
    received_at INTEGER NOT NULL,
    started_at  INTEGER,
    ended_at    INTEGER,
    UNIQUE (platform, external_id)
) STRICT;
CREATE INDEX inbox_open ON inbox (session_id, id) WHERE state IN ('ready', 'running');
CREATE INDEX inbox_by_session ON inbox (session_id, id);

-- What a turn has done so far; written before it takes effect.
CREATE TABLE journal (
    inbox_id INTEGER NOT NULL REFERENCES inbox (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('reply', 'call', 'result')),
    call_id  TEXT,
    body     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (inbox_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    inbox_id   INTEGER REFERENCES inbox (id) ON DELETE SET NULL,    -- NULL: not an answer
    session_id TEXT REFERENCES sessions (id),
    platform   TEXT NOT NULL,
    chat_id    TEXT NOT NULL,
    thread_id  TEXT NOT NULL DEFAULT '',
    reply_to   TEXT NOT NULL DEFAULT '',
    part       INTEGER NOT NULL DEFAULT 0,
    body       TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'sending', 'sent', 'unknown', 'dead', 'dropped')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL DEFAULT 0,
    remote_id  TEXT,
    error      TEXT,
    created_at INTEGER NOT NULL,
    sent_at    INTEGER
) STRICT;
CREATE INDEX outbox_open ON outbox (platform, chat_id, id) WHERE state IN ('ready', 'sending');
CREATE INDEX outbox_by_inbox ON outbox (inbox_id);
CREATE INDEX outbox_by_session ON outbox (session_id, id);

CREATE TABLE users (
    platform  TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    name      TEXT NOT NULL DEFAULT '',
    role      TEXT NOT NULL,
    chat_id   TEXT NOT NULL DEFAULT '',         -- where to reach them privately
    paired_at INTEGER NOT NULL,
    PRIMARY KEY (platform, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pairings (
    code       TEXT PRIMARY KEY,
    platform   TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL DEFAULT '',
    chat_id    TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (platform, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    hash         TEXT PRIMARY KEY,              -- hex SHA-256; the token itself is nowhere
    name         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

-- What a channel remembers: an update offset, a bot's own name.
CREATE TABLE channel_state (
    channel TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (channel, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    hash       TEXT PRIMARY KEY,                -- hex SHA-256 of the content
    size       INTEGER NOT NULL,
    mime       TEXT NOT NULL DEFAULT '',
    name       TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER                          -- NULL: kept
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_expiry ON blobs (expires_at) WHERE expires_at IS NOT NULL;
