// SPDX-License-Identifier: Apache-2.0
#include "config/language.h"

#include <string.h>

#include "base/utf8.h"
#include "config/config.h"

bool language_is_chinese(str text)
{
    const char *language = config_now()->language;

    if (strcmp(language, "auto") != 0)
        return strcmp(language, "zh") == 0;
    return utf8_has_han(text);
}
