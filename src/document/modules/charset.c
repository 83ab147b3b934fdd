// SPDX-License-Identifier: Apache-2.0
#include "document/modules/charset.h"

#include <stdio.h>
#include <uchardet/uchardet.h>

#include "runtime/module.h"

static bool guess(const char *bytes, size_t len, char *name, size_t size)
{
    uchardet_t u = uchardet_new();
    bool known = false;

    if (u == NULL)
        return false;
    if (uchardet_handle_data(u, bytes, len) == 0) {
        uchardet_data_end(u);
        int n = snprintf(name, size, "%s", uchardet_get_charset(u));

        known = n > 0 && (size_t)n < size;
    }
    uchardet_delete(u);
    return known;
}

MODULE_TABLE const struct charset_module clawdbot_module_charset = { .guess = guess };
