-- SPDX-License-Identifier: Apache-2.0

-- name: channel_state.get
SELECT value FROM channel_state WHERE channel = ?1 AND key = ?2;

-- name: channel_state.set
INSERT INTO channel_state (channel, key, value) VALUES (?1, ?2, ?3)
ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value;
