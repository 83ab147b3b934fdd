-- SPDX-License-Identifier: Apache-2.0
-- What a conversation has to do with the assistant's memory, which is a database of its own.

-- Who reads there: 'private', nobody but who writes; 'group', others too, and so it stays; '': not told, as good as a group.
ALTER TABLE sessions ADD COLUMN chat_type TEXT NOT NULL DEFAULT '' CHECK (chat_type IN ('', 'private', 'group'));
UPDATE sessions SET chat_type = CASE WHEN platform = 'telegram' AND chat_id LIKE '-%' THEN 'group' ELSE 'private' END
WHERE platform IN ('telegram', 'rest', 'ws', 'web', 'cli');

-- The project whose memories are shown there (/project); '': none.
ALTER TABLE sessions ADD COLUMN project TEXT NOT NULL DEFAULT '';

-- 'off': no memories are shown to the model there without being asked for (/memory off).
ALTER TABLE sessions ADD COLUMN recall TEXT NOT NULL DEFAULT '' CHECK (recall IN ('', 'off'));
