// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "tool/file_job.h"

static enum err write_whole(struct file_job *job)
{
    str content = json_text_str(job->arguments, "content");
    int fd = -1;
    bool existed = workspace_open_at(&job->workspace, job->path, O_PATH, &fd) == OK;

    if (existed)
        close(fd);
    TRY(workspace_replace(&job->workspace, job->path, content));
    buf_addf(&job->text, "%s %s: %zu bytes", existed ? "replaced" : "created", job->path, content.len);
    return OK;
}

static enum err write_file_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, write_whole, out);
}

/* Repeatable: a second run writes the same bytes again. */
const struct tool tool_write_file = {
    .name = "write_file",
    .description = "Writes a whole text file in the workspace, replacing what was there; folders on the way are created.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\",\"content\"],\"properties\":{"
              "\"path\":{\"type\":\"string\",\"description\":\"Path of the file, relative to the workspace\"},"
              "\"content\":{\"type\":\"string\",\"description\":\"The whole new content\"}}}",
    .risk = RISK_WRITE, .repeatable = true, .run = write_file_run,
};
