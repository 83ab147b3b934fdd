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
