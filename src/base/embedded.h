// SPDX-License-Identifier: Apache-2.0
/* embedded.h: files of the source tree carried inside the program, written as C by tools/embed at build time.
 * HACKING.md says how a folder embeds one.  An array ends with an entry whose name is NULL. */
#pragma once
#include "base/str.h"

struct embedded_file {
    const char *name;       /* the file's name without its folder */
    str         data;       /* a NUL stands behind it, not counted */
};

/* The file of that name, or NO_STR. */
static inline str embedded_named(const struct embedded_file *files, str name)
{
    for (; files->name; files++)
        if (str_eq(name, str_from(files->name)))
            return files->data;
    return NO_STR;
}
