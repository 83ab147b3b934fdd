// SPDX-License-Identifier: Apache-2.0
/* start.h: a whole gateway, from nothing to serving, and back. */
#pragma once
#include <stdbool.h>

#include "base/err.h"

struct gateway_options {
    const char *version;
    bool        quiet;          /* prints nothing on stdout */
    bool        print_link;     /* a login link beside the URL: somebody sits in front of it */
};

/* Runs until SIGTERM or SIGINT (then drains), or until it cannot start.  SIGHUP reloads configuration and
 * certificate.  Prints the URL, and the API token when it is made, on stdout; systemd is told (sd_notify) when ready. */
enum err gateway_run(const struct gateway_options *) AWAITS MUST_USE;
