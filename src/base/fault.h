// SPDX-License-Identifier: Apache-2.0
/* fault.h: places where tests, and the debug socket, can make the program fail.
 * Every point is a row of faults.def.  At the point: `if (FAULT(store_commit)) return failed(...)`, or a bare
 * `FAULT(intake_stored);` where only a crash or a delay makes sense.  Unarmed, a point costs one load. */
#pragma once
#include "base/str.h"

enum fault {
#define FAULT_POINT(name, doc) FAULT_##name,
#include "base/faults.def"
#undef FAULT_POINT
    N_FAULTS
};

enum fault_action { FAULT_OFF, FAULT_FAIL, FAULT_CRASH, FAULT_SLEEP };  /* SLEEP blocks the thread for 100 ms */

/* True: behave as if this had failed.  CRASH does not return: SIGKILL to ourselves. */
#define FAULT(name) fault_passed(FAULT_##name)

extern bool faults_armed;
bool fault_hit(enum fault);
static inline bool fault_passed(enum fault f) { return __builtin_expect(faults_armed, 0) && fault_hit(f); }

/* "point:action" or "point:action:n": from the n-th time on (crash, sleep, fail), or "point:action:n:once".
 * Several are separated by commas; CLAWDBOT_FAULT in the environment is given here by main. */
enum err    fault_arm(str spec) MUST_USE;
void        fault_disarm_all(void);
const char *fault_name(enum fault);
const char *fault_doc(enum fault);
uint64_t    fault_count(enum fault);        /* times passed since armed */
