// SPDX-License-Identifier: Apache-2.0
/* crash.c: what the process says before it dies: which fiber overflowed its stack, and for any abort (a failed
 * assertion, no memory) what every fiber was doing. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/internal.h"

static char             handler_stack[64 << 10];    /* never touched unless it is needed */
static stack_t          stack_before;
static struct sigaction fault_before, abort_before;

static void say(const char *s)
{
    ssize_t ignored = write(STDERR_FILENO, s, strlen(s));

    (void)ignored;
}

static void on_fault(int signal_number, siginfo_t *info, void *machine)
{
    const struct fiber *f = fiber_self();

    (void)machine;
    if (f == NULL || f->context == NULL || !context_overflowed(f->context, info->si_addr)) {
        sigaction(signal_number, &fault_before, NULL);  /* the instruction faults again, for whoever was here first */
        return;
    }
    say("clawdbot: fiber ");
    say(f->name);
    say(" overflowed its stack\n");
    abort();
}

static void on_abort(int signal_number)
{
    fibers_dump(STDERR_FILENO);
    sigaction(signal_number, &abort_before, NULL);
    raise(signal_number);
}

void crash_watch(void)
{
    stack_t mine = { .ss_sp = handler_stack, .ss_size = sizeof handler_stack };
    struct sigaction on_segv = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    struct sigaction on_abrt = { .sa_handler = on_abort, .sa_flags = SA_ONSTACK };

    sigaltstack(NULL, &stack_before);
    if (stack_before.ss_flags & SS_DISABLE)     /* a sanitizer's is as good */
        sigaltstack(&mine, NULL);
    sigaction(SIGSEGV, &on_segv, &fault_before);
    sigaction(SIGABRT, &on_abrt, &abort_before);
}

void crash_unwatch(void)
{
    sigaction(SIGSEGV, &fault_before, NULL);
    sigaction(SIGABRT, &abort_before, NULL);
    if (stack_before.ss_flags & SS_DISABLE)
        sigaltstack(&stack_before, NULL);
}
