// SPDX-License-Identifier: Apache-2.0
/* policy_command.h: what is known of commands by their names (policy_commands.def): which delete, which write where,
 * which reach out, and which run something else that their words do not show (those are complex). */
#pragma once
#include "tool/policy_act.h"

/* Adds to the act's effects and paths, or says why it is complex, from its words.  Something that only lends another
 * command its surroundings (env, nice, timeout) is taken off: the words are then that command's. */
void command_judge(const struct act_place *, struct policy_act *);
