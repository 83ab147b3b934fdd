-- SPDX-License-Identifier: Apache-2.0
-- Which agent answers where (gateway/agents.h).

-- name: agent.chats
SELECT platform, chat_id, thread_id, agent FROM chat_agents;

-- name: agent.set_chat
INSERT INTO chat_agents(platform, chat_id, thread_id, agent, chosen_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT(platform, chat_id, thread_id) DO UPDATE SET agent = excluded.agent, chosen_at = excluded.chosen_at;

-- name: agent.set_session
UPDATE sessions SET agent = ?2 WHERE id = ?1;
