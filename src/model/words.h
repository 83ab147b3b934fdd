// SPDX-License-Identifier: Apache-2.0
/* words.h: what a server said, made fit for one line of an error: no control bytes, no runs of blanks, short. */
#pragma once
#include "base/buf.h"

enum { WORDS_MAX = 240 };       /* bytes */

void words_shorten(struct buf *out, str text);
void words_of_page(struct buf *out, str body);  /* of an HTML page its title, else its text without tags; of all else itself */
