// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <unistd.h>

#include "runtime/program_file.h"
#include "tool/backend.h"

enum err inside_path(const char **ret_path)
{
    static char found[2 * PATH_MAX];

    if (!found[0] || access(found, X_OK) != 0) {
        found[0] = '\0';
        TRY(program_file("clawdbot-inside", X_OK, found, sizeof found));
    }
    *ret_path = found;
    return OK;
}
