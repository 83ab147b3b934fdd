-- SPDX-License-Identifier: Apache-2.0
-- Who somebody is, and what was said for always.

-- name: policy.list
SELECT id, body FROM policy_rows ORDER BY id;
