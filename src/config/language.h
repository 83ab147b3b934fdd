// SPDX-License-Identifier: Apache-2.0
/* language.h: in which language the assistant says its own words.  The setting `language` decides; where it is auto,
 * the message that is answered does: any Han character means Chinese. */
#pragma once
#include <stdbool.h>

#include "base/str.h"

bool language_is_chinese(str message_text);
