// SPDX-License-Identifier: Apache-2.0
/* ssh_visit.h: one call of the tool ssh on one host.  The library only blocks, so it has a thread of its own; whatever ends
 * the turn shuts its socket down, or wakes it so that it can kill the command there, and waits the moment that takes. */
#pragma once
#include "base/buf.h"
#include "tool/capture.h"
#include "tool/ssh_target.h"

/* One call of the tool: what its hosts share. */
struct ssh_errand {
    const struct tool_context *cx;
    const struct ssh_module   *module;
    enum ssh_action action;
    const char     *command, *remote_path, *path;   /* path: in the workspace */
    str             content;        /* to put */
    unsigned        mode;
    uint64_t        timeout_ms;
};

/* One host of it.  Set errand, target, report, output.max and content.max. */
struct ssh_visit {
    const struct ssh_errand *errand;
    struct ssh_target     target;
    struct remote_report *report;       /* how it went; not for a file that was fetched whole */
    struct capture        output;       /* of a command */
    struct buf            content;      /* of a file */
    struct ssh_call       call;
    int                   fd, agent_fd; /* private: the call's, once more: to shut down */
    uint64_t              began_ms;     /* private */
};

/* For fiber_spawn().  What goes wrong over there is in the report; an error is the end of the turn. */
enum err ssh_visit(void *visit) AWAITS;
void     ssh_visit_done(struct ssh_visit *);
/* A line behind what the report says already. */
void     ssh_visit_say(struct ssh_visit *, bool is_error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
