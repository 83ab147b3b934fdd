// SPDX-License-Identifier: Apache-2.0
/* sandbox_fixture.h: for tests: a workspace of their own, and commands run in it. */
#pragma once
#include "tool/sandbox.h"

struct fixture {
    struct arena *arena;
    char          root[64];         /* a folder of the test's own; beside the workspace, so that there is an outside */
    const char   *workspace;        /* root/workspace */
    struct sandbox_limits limits;
    unsigned      require;          /* of fixture_run(): GUARANTEES_DEFAULT */
};

/* Chooses what runs commands, until fixture_done().  False where it cannot be had here; it says why on stderr.  The engines
 * get a small image of this machine's programs, and podman a store of the tests' own, removed at exit. */
bool fixture_use(const char *backend) AWAITS;

void fixture_open(struct fixture *);
void fixture_done(struct fixture *);        /* removes the folders, and bubblewrap runs commands again */
void fixture_close(struct fixture *);       /* only removes the folders */

/* False where this machine cannot run commands at all; it says so on stderr, with what the probe says. */
bool fixture_can_run(void) AWAITS;
bool fixture_holds(enum guarantee) AWAITS;       /* the same for one guarantee */

/* Runs a line of shell; a failure to run it fails the test. */
struct sandbox_outcome fixture_run(struct fixture *, const char *command) AWAITS;
/* root/name with this content. */
const char *fixture_outside(struct fixture *, const char *name, const char *content);
const char *fixture_inside(struct fixture *, const char *name, const char *content);
