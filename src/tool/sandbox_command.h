// SPDX-License-Identifier: Apache-2.0
/* sandbox_command.h: a command under way.  sandbox_run() is all of its life in one call; whoever lets it live on starts
 * it, follows it, and meanwhile others may look at what it wrote, write to it and end it.
 *
 * One fiber starts it, follows it and frees it: a job dies with the thread that started it, and on the thread engine that
 * is the fiber's.  The job's arena lives as long as the command. */
#pragma once
#include "runtime/fiber.h"
#include "tool/capture.h"
#include "tool/sandbox.h"

struct sandbox_command;

/* Fails as sandbox_run() does; what the sandbox itself finds wrong is told by sandbox_follow(). */
enum err sandbox_start(const struct sandbox_job *, struct sandbox_command **out) AWAITS MUST_USE;
/* Keeps its output until it ends, its time is over, or we are cancelled; once.  After that only the output is left of it. */
enum err sandbox_follow(struct sandbox_command *, struct sandbox_outcome *out) AWAITS MUST_USE;
/* Whatever still runs of it dies.  Nobody may wait on its news or write to it; accepts NULL. */
void     sandbox_command_free(struct sandbox_command *);
void     sandbox_command_freep(struct sandbox_command **);

const struct capture *sandbox_output(const struct sandbox_command *);      /* so far */
str                   sandbox_reached(const struct sandbox_command *);     /* the hosts so far: "a, b"; good until the next await */
struct waiters       *sandbox_news(struct sandbox_command *);   /* woken when output came, and when it has ended */
/* For a job with input_later or a terminal.  *bytes is moved past what was taken, also when a deadline or a cancellation ends the wait.
 * One fiber at a time.  ERR_CONFLICT: it does not read any more, or its input was closed. */
enum err sandbox_write(struct sandbox_command *, str *bytes) AWAITS MUST_USE;
void     sandbox_close_input(struct sandbox_command *);         /* it reads the end; nobody may be writing */
/* To the processes of the command that were not moved to a group of their own; on a terminal, to those in its foreground.
 * SIGKILL ends all of it.  ERR_CONFLICT: it has ended; ERR_NOT_FOUND: it cannot be reached (try SIGKILL). */
enum err sandbox_signal(struct sandbox_command *, int signal_number) AWAITS MUST_USE;
