// SPDX-License-Identifier: Apache-2.0
/* file_kind.h: kinds of files by the words people have for them. */
#pragma once
#include "base/arena.h"

/* "python", "PDF", "日志": the pattern of their names, such as "*.py"; "": no kind. */
str file_kind_pattern(struct arena *, str words);
