-- SPDX-License-Identifier: Apache-2.0
-- Title, text and fields of an item may be encrypted (store/sqlite_seal.h); then `terms` is set.  Whoever reads them reads one of these
-- views, which say them in the clear.

CREATE VIEW partition_names AS SELECT id, scope || ':' || scope_key AS name FROM partitions;    -- of their keys

DROP VIEW items_whole;
CREATE VIEW items_whole AS
SELECT i.id, p.scope, p.scope_key, p.collection, i.kind, i.origin, opened(i.title) AS title, opened(i.text) AS text, i.place,
       opened(i.fields) AS fields, i.person, i.session_id, i.inbox_id, i.document, i.taint, i.confidence, i.importance, i.pinned,
       i.created_at, i.expires_at, i.replaced_by, i.used_at, i.uses, i.embedded
FROM items i JOIN partitions p ON p.id = i.id >> 40;

CREATE VIEW items_words AS SELECT id, opened(title) || char(10) || opened(text) AS words FROM items;
