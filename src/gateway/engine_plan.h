// SPDX-License-Identifier: Apache-2.0
/* engine_plan.h: a plan (nlu/plan.h) carried out: as a turn whose steps it is, as a chat command, or as words. */
#pragma once
#include "gateway/answer.h"
#include "nlu/plan.h"

enum err engine_run_plan(struct gateway *, struct answer *, const struct plan *) AWAITS MUST_USE;
/* The plan of a turn that an earlier try began; its n_steps 0: none of the engine's.  *ret_begun: the message has a journal at all. */
enum err engine_plan_begun(struct gateway *, const struct answer *, struct plan *out, bool *ret_begun) AWAITS MUST_USE;
