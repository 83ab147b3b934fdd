// SPDX-License-Identifier: Apache-2.0
/* sandbox_fixture.h: for tests: a workspace of their own, and commands run in it. */
#pragma once
#include "tool/sandbox.h"

struct fixture {
    struct arena *arena;
    char          root[64];         /* a folder of the test's own; beside the workspace, so that there is an outside */
    const char   *workspace;        /* root/workspace */
    struct sandbox_limits limits;
};

void fixture_open(struct fixture *);
void fixture_done(struct fixture *);        /* removes the folders */

/* False where this machine cannot run commands at all; it says so on stderr, with what the probe says. */
bool fixture_can_run(void) AWAITS;
bool fixture_holds(enum guarantee) AWAITS;       /* the same for one guarantee */

/* Runs a line of shell; a failure to run it fails the test. */
struct sandbox_outcome fixture_run(struct fixture *, const char *command) AWAITS;
/* root/name with this content. */
const char *fixture_outside(struct fixture *, const char *name, const char *content);
const char *fixture_inside(struct fixture *, const char *name, const char *content);
