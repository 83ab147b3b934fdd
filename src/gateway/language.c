// SPDX-License-Identifier: Apache-2.0
#include "gateway/language.h"

#include <string.h>

#include "base/utf8.h"
#include "config/config.h"

bool language_is_chinese(str text)
{
    const char *language = config_now()->language;
    uint32_t ch = 0;

    if (strcmp(language, "auto") != 0)
        return strcmp(language, "zh") == 0;
    while (text.len) {
        size_t n = utf8_next(text, &ch);

        if (n && ch >= 0x4e00 && ch <= 0x9fff)
            return true;
        text = str_skip(text, n ? n : 1);
    }
    return false;
}
