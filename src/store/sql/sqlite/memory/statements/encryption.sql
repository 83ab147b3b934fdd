-- SPDX-License-Identifier: Apache-2.0
-- Texts that were there are encrypted, or put into the clear again, some at a time.

-- The ?2 items after ?1: the last of them, and how many they are.
-- name: encryption.next
SELECT max(id), count(*) FROM (SELECT id FROM items WHERE id > ?1 ORDER BY id LIMIT ?2);

-- name: encryption.seal
UPDATE items
SET terms = terms_of((SELECT name FROM partition_names n WHERE n.id = items.id >> 40), title || char(10) || text),
    title = sealed((SELECT name FROM partition_names n WHERE n.id = items.id >> 40), title),
    text = sealed((SELECT name FROM partition_names n WHERE n.id = items.id >> 40), text),
    fields = sealed((SELECT name FROM partition_names n WHERE n.id = items.id >> 40), fields)
WHERE id > ?1 AND id <= ?2 AND terms IS NULL;

-- What has no key any more stays as it is.
-- name: encryption.unseal
UPDATE items SET terms = NULL, title = opened(title), text = opened(text), fields = opened(fields)
WHERE id > ?1 AND id <= ?2 AND terms IS NOT NULL AND can_open(text);

-- name: encryption.state
SELECT value FROM memory_meta WHERE key = 'encryption';
