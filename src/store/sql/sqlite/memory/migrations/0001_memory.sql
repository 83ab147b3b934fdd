-- SPDX-License-Identifier: Apache-2.0
-- What the assistant remembers.  Times are milliseconds since 1970 UTC.

-- Whose memories they are.  An item's id begins with its partition's, so scope is part of every key there is.
CREATE TABLE partitions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,   -- 1 to 2^23 - 1; none is used twice
    scope      TEXT NOT NULL CHECK (scope IN ('user', 'agent', 'chat', 'project', 'global')),
    scope_key  TEXT NOT NULL,                   -- a person's id, an agent's name, platform/chat/thread, a project's name; '' of global
    collection TEXT NOT NULL DEFAULT '',        -- of knowledge; '' : memories
    next       INTEGER NOT NULL DEFAULT 1,      -- sequence number of the next item, counted by items_came; none is used twice
    items      INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    UNIQUE (scope, scope_key, collection)
) STRICT;

CREATE TABLE items (
    id           INTEGER PRIMARY KEY,           -- partition << 40 | sequence
    kind         TEXT NOT NULL CHECK (kind IN ('fact', 'preference', 'decision', 'person', 'project', 'task', 'note', 'exchange', 'summary',
                                               'passage', 'row')),
    title        TEXT NOT NULL DEFAULT '',      -- of a passage: the document's name and headings
    text         TEXT NOT NULL,
    place        TEXT NOT NULL DEFAULT '',      -- of a passage: "page 3", "line 120"
    fields       TEXT NOT NULL DEFAULT '',      -- of a row: JSON {"column": "value"}
    terms        TEXT,                          -- what is indexed in the place of title and text, when they are encrypted
    origin       TEXT NOT NULL CHECK (origin IN ('person', 'assistant', 'conversation', 'document', 'import')),
    person       TEXT NOT NULL DEFAULT '',      -- who said it or had it saved
    session_id   TEXT NOT NULL DEFAULT '',
    inbox_id     INTEGER NOT NULL DEFAULT 0,    -- the message it comes from; 0: none
    document     INTEGER REFERENCES documents (id) ON DELETE CASCADE,
    taint        TEXT NOT NULL DEFAULT '',      -- whose words are in it besides the person's
    confidence   REAL NOT NULL DEFAULT 1,       -- 0 to 1
    importance   REAL NOT NULL DEFAULT 0.5,     -- 0 to 1
    pinned       INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,                       -- NULL: never
    replaced_by  INTEGER,                       -- the item that says it better or newer; it is not recalled any more
    used_at      INTEGER NOT NULL DEFAULT 0,    -- when it was recalled last
    uses         INTEGER NOT NULL DEFAULT 0,
    hash         TEXT NOT NULL,                 -- of title and text: the same words have the same vector
    embedded     INTEGER NOT NULL DEFAULT 0     -- generation of its vector; 0: it has none yet; -1: it cannot have one
) STRICT;
CREATE INDEX items_by_document ON items (document, id) WHERE document IS NOT NULL;
CREATE INDEX items_by_session ON items (session_id, inbox_id) WHERE session_id <> '';
CREATE INDEX items_by_hash ON items (hash);
CREATE INDEX items_expiring ON items (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX items_replaced ON items (replaced_by) WHERE replaced_by IS NOT NULL;
-- Whose vectors are to be made, and who cannot have one.
CREATE INDEX items_pending ON items (id) WHERE embedded = 0;
CREATE INDEX items_unfit ON items (id) WHERE embedded = -1;

-- An item with whose it is.  Whoever reads whole items reads them here: item_of_row() takes the columns in this order.
CREATE VIEW items_whole AS
SELECT i.id, p.scope, p.scope_key, p.collection, i.kind, i.origin, i.title, i.text, i.place, i.fields, i.person, i.session_id, i.inbox_id,
       i.document, i.taint, i.confidence, i.importance, i.pinned, i.created_at, i.expires_at, i.replaced_by, i.used_at, i.uses, i.embedded
FROM items i JOIN partitions p ON p.id = i.id >> 40;

-- The one who adds an item takes its number, partitions.next, in the same statement.
CREATE TRIGGER items_came AFTER INSERT ON items BEGIN
    UPDATE partitions SET items = items + 1, next = max(next, (new.id & 1099511627775) + 1) WHERE id = new.id >> 40;
END;
CREATE TRIGGER items_went AFTER DELETE ON items BEGIN
    UPDATE partitions SET items = items - 1 WHERE id = old.id >> 40;
    INSERT INTO purges (id) VALUES (old.id);
END;

-- Items that are gone and whose vectors may still be there.
CREATE TABLE purges (id INTEGER PRIMARY KEY) STRICT;

-- A summary stands for these.
CREATE TABLE item_sources (
    item     INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    inbox_id INTEGER NOT NULL,                  -- a message; 0: none
    source   INTEGER NOT NULL,                  -- an item; 0: none
    PRIMARY KEY (item, inbox_id, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_sources_by_message ON item_sources (inbox_id) WHERE inbox_id <> 0;
CREATE INDEX item_sources_by_source ON item_sources (source) WHERE source <> 0;

-- What a summary that was deleted with one of its sources stood on besides: to be summarised anew.
CREATE TABLE rebuilds (
    summary    INTEGER NOT NULL,                -- the id that it had
    session_id TEXT NOT NULL DEFAULT '',
    inbox_id   INTEGER NOT NULL,
    source     INTEGER NOT NULL,
    PRIMARY KEY (summary, inbox_id, source)
) STRICT, WITHOUT ROWID;

-- The full-text index, in the transaction that changes an item.  What comes is listed and goes into the index in one statement before
-- COMMIT (text.index): FTS5 writes what it has gathered at every savepoint, and each statement with triggers is one.
CREATE VIEW items_indexed AS SELECT id, coalesce(terms, title || char(10) || text) AS words FROM items;
CREATE VIRTUAL TABLE items_text USING fts5 (words, content = 'items_indexed', content_rowid = 'id', tokenize = 'clawdbot',
    detail = column, columnsize = 0);
INSERT INTO items_text (items_text, rank) VALUES ('hashsize', 8388608);     -- a thousand items are one piece of index
CREATE VIRTUAL TABLE items_terms USING fts5vocab ('items_text', 'row');
CREATE TABLE unindexed (id INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER items_inserted AFTER INSERT ON items BEGIN
    INSERT INTO unindexed (id) VALUES (new.id);
END;
CREATE TRIGGER items_changed AFTER UPDATE OF title, text, terms ON items BEGIN
    INSERT INTO items_text (items_text, rowid, words) SELECT 'delete', old.id, coalesce(old.terms, old.title || char(10) || old.text)
        WHERE NOT EXISTS (SELECT 1 FROM unindexed WHERE id = old.id);
    INSERT OR IGNORE INTO unindexed (id) VALUES (new.id);
END;
CREATE TRIGGER items_deleted AFTER DELETE ON items BEGIN
    INSERT INTO items_text (items_text, rowid, words) SELECT 'delete', old.id, coalesce(old.terms, old.title || char(10) || old.text)
        WHERE NOT EXISTS (SELECT 1 FROM unindexed WHERE id = old.id);
    DELETE FROM unindexed WHERE id = old.id;
END;

-- ---- knowledge ----

-- Where documents come from.
CREATE TABLE collections (
    id         INTEGER PRIMARY KEY,
    partition  INTEGER NOT NULL UNIQUE REFERENCES partitions (id),
    name       TEXT NOT NULL,                   -- partitions.collection
    kind       TEXT NOT NULL CHECK (kind IN ('folder', 'file', 'web', 'rows', 'workspace')),
    source     TEXT NOT NULL,                   -- a path, an address
    options    TEXT NOT NULL DEFAULT '{}',      -- JSON: {"trusted": true}
    watched    INTEGER NOT NULL DEFAULT 0,
    added_by   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    synced_at  INTEGER,                         -- NULL: never
    unfinished INTEGER NOT NULL DEFAULT 0,      -- a sync of all of it began and has not ended
    removing   INTEGER NOT NULL DEFAULT 0,      -- its documents are being deleted, then it
    error      TEXT NOT NULL DEFAULT ''         -- of the last time
) STRICT;

CREATE TABLE documents (
    id         INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,                   -- the path below the source, or an address
    size       INTEGER NOT NULL,                -- -1: not read yet
    changed    INTEGER NOT NULL,                -- when the file changed, by the kernel's clock, in ns since 1970; 0: not known
    mark       TEXT NOT NULL DEFAULT '',        -- SHA-256 of the bytes
    validators TEXT NOT NULL DEFAULT '',        -- what the server of a page gave to ask again with: JSON {"etag", "modified"}
    taint      TEXT NOT NULL DEFAULT '',        -- of its items
    items      INTEGER NOT NULL DEFAULT 0,
    error      TEXT NOT NULL DEFAULT '',        -- why it could not be read
    synced_at  INTEGER NOT NULL,
    UNIQUE (collection, name)
) STRICT;

-- ---- how far things are ----

-- What of a conversation has been taken into memory: all messages up to this one.
CREATE TABLE absorbed (
    session_id TEXT PRIMARY KEY,
    up_to      INTEGER NOT NULL,                -- inbox id
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memory_meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
