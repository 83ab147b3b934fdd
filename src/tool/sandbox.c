// SPDX-License-Identifier: Apache-2.0
#include "tool/sandbox.h"

#include <string.h>

#include "tool/backend.h"
#include "tool/sandbox_command.h"
#include "tool/workspace.h"

enum { REPORT_MS = 10000 };

const struct sandbox_limits sandbox_limits_default = {
    .memory = 512 << 20, .tmp_size = 64 << 20, .file_size = 256 << 20, .output = 64 << 10,
    .cpu_ms = 60000, .wall_ms = 60000, .processes = 64,
};

static const struct sandbox_backend *const backends[] = {
    &sandbox_bubblewrap, &sandbox_docker, &sandbox_podman, &sandbox_none,
};
static struct { const struct sandbox_backend *backend; char image[256]; } chosen = { &sandbox_bubblewrap, "" };

enum err sandbox_choose(const char *backend, const char *image)
{
    for (size_t i = 0; i < N_ELEMENTS(backends); i++) {
        if (strcmp(backends[i]->name, backend) != 0)
            continue;
        if (strlen(image) >= sizeof chosen.image || image[0] == '-')
            return failed(ERR_INPUT, "sandbox.image: no name of an image");
        chosen.backend = backends[i];
        memcpy(chosen.image, image, strlen(image) + 1);
        sandbox_forget();
        return OK;
    }
    return failed(ERR_INPUT, "sandbox.backend: there is no \"%s\"", backend);
}

const struct sandbox_backend *sandbox_backend(void)
{
    return chosen.backend;
}

const char *sandbox_image(void)
{
    return chosen.image;
}

const char *sandbox_warning(void)
{
    if (chosen.backend != &sandbox_none)
        return NULL;
    return "commands run without a sandbox, with all rights of the gateway's user (sandbox.backend is none)";
}

static enum err run_plan(const struct sandbox_plan *plan, struct sandbox_outcome *out) AWAITS
{
    CLEANUP(sandbox_command_freep) struct sandbox_command *c = NULL;

    TRY(sandbox_start_plan(plan, &c));
    return sandbox_follow(c, out);
}

/* Every guarantee that is demanded, or nothing runs. */
static enum err demand(unsigned required) AWAITS
{
    const struct sandbox_report *report;

    TRY(sandbox_probe(&report));
    if (report->failure[0])
        return failed(ERR_AUTH, "no command can be run here: %s", report->failure);
    for (unsigned g = 0; g < N_GUARANTEES; g++)
        if ((required & GUARANTEE_BIT(g)) && !report->states[g].held)
            return failed(ERR_AUTH, "no command is run: sandbox.require demands \"%s\", and here %s",
                          guarantee_name(g), report->states[g].by);
    return OK;
}

static enum err check_cwd(const char *cwd)
{
    str rest = str_from(cwd), part;

    if (cwd[0] == '/')
        return failed(ERR_INPUT, "%s: not relative to the workspace", cwd);
    while (str_split(&rest, '/', &part))
        if (str_eq(part, S("..")))
            return failed(ERR_INPUT, "%s: leads out of the workspace", cwd);
    return OK;
}

/* Where and whether it may run. */
static enum err make_plan(const struct sandbox_job *job, struct sandbox_plan *out) AWAITS
{
    struct sandbox_plan plan = { .job = job, .cwd = job->workspace };

    TRY(workspace_check(job->workspace));
    if (job->cwd && job->cwd[0] && strcmp(job->cwd, ".")) {
        TRY(check_cwd(job->cwd));
        plan.cwd = arena_printf(job->arena, "%s/%s", job->workspace, job->cwd);
    }
    TRY(demand(job->require));
    *out = plan;
    return OK;
}

static void limit_wall_time(struct sandbox_job *job, uint64_t most)
{
    if (job->limits.wall_ms == 0 || job->limits.wall_ms > most)
        job->limits.wall_ms = most;
}

enum err sandbox_run(const struct sandbox_job *asked, struct sandbox_outcome *out)
{
    struct sandbox_job job = *asked;
    struct sandbox_plan plan;

    limit_wall_time(&job, SANDBOX_WALL_MAX_MS);
    TRY(make_plan(&job, &plan));
    return run_plan(&plan, out);
}

enum err sandbox_start(const struct sandbox_job *asked, struct sandbox_command **out)
{
    struct sandbox_job job = *asked;
    struct sandbox_plan plan;

    limit_wall_time(&job, SANDBOX_BACKGROUND_MAX_MS);
    TRY(make_plan(&job, &plan));
    return sandbox_start_plan(&plan, out);
}

enum err sandbox_run_report(struct arena *a, str *ret_text)
{
    struct sandbox_job job = { .arena = a, .limits = sandbox_limits_default };
    struct sandbox_plan plan = { .job = &job, .cwd = "/", .report = true };
    struct sandbox_outcome outcome;

    job.limits.wall_ms = REPORT_MS;
    TRY(run_plan(&plan, &outcome));
    if (outcome.timed_out || outcome.exit_code != 0)
        return failed(ERR_IO, "the sandbox's report ended with %d: %.*s", outcome.exit_code, STR(outcome.output));
    *ret_text = outcome.output;
    return OK;
}
