// SPDX-License-Identifier: Apache-2.0
/* fault.h: places where tests, and the debug socket, can make the program fail.
 * Every point is a row of faults.def.  At the point: `if (FAULT(store_commit)) return failed(...)`, or a bare
 * `FAULT(intake_stored);` where only a crash or a delay makes sense.  Unarmed, a point costs one load. */
#pragma once
#include <stdatomic.h>

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

extern atomic_bool faults_armed;
bool fault_hit(enum fault);
static inline bool fault_passed(enum fault f)
{
    return __builtin_expect(atomic_load_explicit(&faults_armed, memory_order_relaxed), 0) && fault_hit(f);
}

/* "point:action", "point:action:n" (from the n-th time on, n > 0) or "point:action:n:once"; actions: off, fail, crash,
 * sleep.  Several are separated by commas: all are armed, or none.  CLAWDBOT_FAULT in the environment is given here
 * by main. */
enum err    fault_arm(str spec) MUST_USE;
void        fault_disarm_all(void);
const char *fault_name(enum fault);
const char *fault_doc(enum fault);
uint64_t    fault_count(enum fault);        /* times passed since armed */
