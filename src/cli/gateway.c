// SPDX-License-Identifier: Apache-2.0
/* gateway: runs the assistant until it is told to stop. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/setup.h"
#include "cli/version.h"
#include "gateway/start.h"
#include "runtime/loop.h"

static enum err open_log(const struct config *c)
{
    enum log_level level;

    TRY(log_level_parse(str_from(c->log_level), &level));
    log_set_level(level);
    if (c->log_file[0] == '\0')
        return OK;
    int fd = open(c->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return failed(ERR_IO, "log.file %s: %s", c->log_file, strerror(errno));
    log_set_fd(fd);
    return OK;
}

static enum err serve(void *options) AWAITS
{
    return gateway_run(options);
}

enum err command_gateway(struct cli *c)
{
    struct gateway_options options = { .version = CLAWDBOT_VERSION, .quiet = cli_flag(c, "quiet") != NULL,
                                       .print_link = isatty(STDOUT_FILENO) };

    TRY(cli_want_words(c, 0, 0));
    TRY(cli_load_config(c));
    if (!options.quiet)
        TRY(setup_offer(c));
    TRY(cli_check_startable());
    TRY(open_log(config_now()));
    struct loop_options loop = { .workers = (unsigned)config_now()->server_workers };

    return loop_run(&loop, serve, &options);
}
