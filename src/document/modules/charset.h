// SPDX-License-Identifier: Apache-2.0
/* modules/charset.h: the module that guesses in which charset a text is written, by uchardet (the statistics of Mozilla). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct charset_module {
    /* False: it cannot tell.  The name is one that iconv knows: "GB18030", "BIG5", "SHIFT_JIS", "WINDOWS-1251". */
    bool (*guess)(const char *bytes, size_t len, char *name, size_t size);
};
extern const struct charset_module clawdbot_module_charset;
