-- SPDX-License-Identifier: Apache-2.0
-- What stands beside a conversation's messages: summaries of its older part.

-- name: compaction.add
INSERT INTO compactions(session_id, up_to, summary, focus, user_id, taint, messages, tokens_before, tokens_after, model, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- Of the messages between two, for whoever reads the conversation.
-- name: compaction.between
SELECT id, up_to, summary, messages, tokens_before, tokens_after, model, at FROM compactions
WHERE session_id = ?1 AND up_to >= ?2 AND up_to <= ?3 ORDER BY up_to, id;

-- A summary is not kept longer than what it was made of.
-- name: retention.compactions
DELETE FROM compactions WHERE NOT EXISTS (
    SELECT 1 FROM inbox i WHERE i.session_id = compactions.session_id AND i.id <= compactions.up_to);
