// SPDX-License-Identifier: Apache-2.0
/* overflow.c: a fiber that runs into its guard page says so before the process dies of it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/internal.h"

static char             handler_stack[64 << 10];    /* never touched unless it is needed */
static stack_t          before_stack;
static struct sigaction before;

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
        sigaction(signal_number, &before, NULL);    /* the instruction faults again, for whoever was here first */
        return;
    }
    say("clawdbot: fiber ");
    say(f->name);
    say(" overflowed its stack\n");
    signal(SIGABRT, SIG_DFL);
    abort();
}

void overflow_watch(void)
{
    stack_t mine = { .ss_sp = handler_stack, .ss_size = sizeof handler_stack };
    struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

    sigaltstack(NULL, &before_stack);
    if (before_stack.ss_flags & SS_DISABLE)     /* a sanitizer's is as good */
        sigaltstack(&mine, NULL);
    sigaction(SIGSEGV, &act, &before);
}

void overflow_unwatch(void)
{
    sigaction(SIGSEGV, &before, NULL);
    if (before_stack.ss_flags & SS_DISABLE)
        sigaltstack(&before_stack, NULL);
}
