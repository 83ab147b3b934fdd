// SPDX-License-Identifier: Apache-2.0
#include "runtime/program_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef CLAWDBOT_LIBEXECDIR
#define CLAWDBOT_LIBEXECDIR "/usr/libexec/clawdbot"
#endif

enum err program_file(const char *name, int mode, char *out, size_t size)
{
    static const char *const beside[] = { "", "../", "../libexec/clawdbot/" };
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    self[n > 0 ? n : 0] = '\0';
    if (strrchr(self, '/'))
        strrchr(self, '/')[1] = '\0';
    for (size_t i = 0; n > 0 && i < N_ELEMENTS(beside); i++)
        if ((size_t)snprintf(out, size, "%s%s%s", self, beside[i], name) < size && access(out, mode) == 0)
            return OK;
    if ((size_t)snprintf(out, size, "%s/%s", CLAWDBOT_LIBEXECDIR, name) < size && access(out, mode) == 0)
        return OK;
    return failed(ERR_IO, "%s is neither beside the program nor in %s: install Clawdbot again", name, CLAWDBOT_LIBEXECDIR);
}
