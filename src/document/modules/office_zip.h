// SPDX-License-Identifier: Apache-2.0
/* modules/office_zip.h: one file out of a ZIP in memory, piece by piece and within limits. */
#pragma once
#include "base/str.h"

/* on_piece's error ends it.  *ret_found: false if there is no such file, which is no error. */
enum err office_unzip(str zip, const char *name, enum err (*on_piece)(void *arg, str), void *arg, bool *ret_found) MUST_USE;
