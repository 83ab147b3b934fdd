-- SPDX-License-Identifier: Apache-2.0
-- Where conversations stand (domain/dialog.h, gateway/dialog_rows.h).

-- ?3: ",idle,collecting,": the states in which the event may come.
-- name: dialog.event
UPDATE sessions SET state = ?2 WHERE id = ?1 AND instr(?3, ',' || state || ',') > 0;

-- name: dialog.slots
UPDATE sessions SET slots = ?2 WHERE id = ?1;

-- Between turns the state follows from what is open.
-- name: dialog.rest
UPDATE sessions SET state = CASE
    WHEN EXISTS (SELECT 1 FROM approvals p WHERE p.session_id = ?1 AND p.state = 'pending') THEN ?3
    WHEN slots <> '' THEN ?4 ELSE ?2 END
WHERE id = ?1 AND state <> ?5;

-- name: dialog.answered
UPDATE sessions SET state = CASE WHEN slots <> '' THEN ?3 ELSE ?2 END
WHERE (?1 = '' OR id = ?1) AND state <> 'idle' AND state = ?4
  AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.session_id = sessions.id AND p.state = 'pending');

-- name: dialog.reconcile
UPDATE sessions SET state = CASE
    WHEN EXISTS (SELECT 1 FROM approvals p WHERE p.session_id = sessions.id AND p.state = 'pending') THEN ?2
    WHEN slots <> '' THEN ?3 ELSE ?1 END
WHERE state <> ?4 AND state <> CASE
    WHEN EXISTS (SELECT 1 FROM approvals p WHERE p.session_id = sessions.id AND p.state = 'pending') THEN ?2
    WHEN slots <> '' THEN ?3 ELSE ?1 END;

-- name: dialog.paused
SELECT id FROM sessions WHERE state <> 'idle' AND state = ?1;

-- name: dialog.get
SELECT state, slots, (SELECT count(*) FROM inbox i WHERE i.session_id = ?1 AND i.state IN ('ready', 'running'))
FROM sessions WHERE id = ?1;

-- name: dialog.counts
SELECT state, count(*) FROM sessions WHERE state <> 'idle' GROUP BY state;
