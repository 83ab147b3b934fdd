// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/backend.h"

#ifndef CLAWDBOT_LIBEXECDIR
#define CLAWDBOT_LIBEXECDIR "/usr/libexec/clawdbot"
#endif

static bool find_inside(char *out, size_t size)
{
    static const char *const beside[] = { "", "../", "../libexec/clawdbot/" };
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    self[n > 0 ? n : 0] = '\0';
    if (strrchr(self, '/'))
        strrchr(self, '/')[1] = '\0';
    for (size_t i = 0; n > 0 && i < N_ELEMENTS(beside); i++) {
        if ((size_t)snprintf(out, size, "%s%sclawdbot-inside", self, beside[i]) < size && access(out, X_OK) == 0)
            return true;
    }
    snprintf(out, size, "%s/clawdbot-inside", CLAWDBOT_LIBEXECDIR);
    return access(out, X_OK) == 0;
}

enum err inside_path(const char **ret_path)
{
    static char found[2 * PATH_MAX];

    if ((!found[0] || access(found, X_OK) != 0) && !find_inside(found, sizeof found)) {
        found[0] = '\0';
        return failed(ERR_IO, "clawdbot-inside is neither beside the program nor in %s: install it again",
                      CLAWDBOT_LIBEXECDIR);
    }
    *ret_path = found;
    return OK;
}
