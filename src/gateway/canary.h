// SPDX-License-Identifier: Apache-2.0
/* canary.h: a share of the conversations tries another model or prompt (models.canary), and how it goes there is counted beside how it
 * goes elsewhere.  A conversation stays where it is, over restarts too; a larger share takes new ones in and lets none go. */
#pragma once
#include "base/str.h"
#include "domain/prompt.h"

struct turn;

bool        canary_is_on(void);                     /* by the settings now in force */
bool        canary_takes(str session_id);
/* "canary" or "main", for metrics; NULL: nothing is tried. */
const char *canary_variant(str session_id);
/* What the settings say that cannot be: ERR_INPUT with the path. */
enum err    canary_check(void) MUST_USE;
/* A turn has ended, well or not; one that its person stopped says nothing. */
void        canary_count(const char *variant, enum err, uint64_t us, const struct usage *);
