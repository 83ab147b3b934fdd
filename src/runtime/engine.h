// SPDX-License-Identifier: Apache-2.0
/* engine.h: where a fiber's frames live and how the loop gets on and off them.  Two files implement it, Meson's
 * option fiber_engine picks one: engine_switch.c (a stack a fiber), engine_thread.c (a thread a fiber, exactly
 * one of them running).  Nothing outside src/runtime/ includes this. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct context;

/* entry(arg) will run at the first resume; when it returns the context has ended. */
struct context *context_new(void (*entry)(void *), void *arg);
void   context_resume(struct context *);        /* from the loop; back when it suspends or ends */
void   context_suspend(struct context *);       /* from inside; back at the next resume */
void   context_free(struct context *);          /* from the loop, after it ended */

size_t context_stack_used(const struct context *);  /* of a suspended one, in bytes; 0 if the engine cannot tell */
void   context_trim(struct context *);              /* of a suspended one: gives back memory below its frames */
bool   context_overflowed(const struct context *, const void *fault_address);
