// SPDX-License-Identifier: Apache-2.0
/* quirks.h: in what servers that speak OpenAI's APIs differ: bits of model_target.quirks, the rows of quirks.def.  What is not known
 * beforehand is learned from the words of a refusal; nothing of it has to be configured.  Other APIs have bits of their own, learned
 * the same way. */
#pragma once
#include "base/str.h"

enum quirk_number {
#define QUIRK(id, name, words, doc) QUIRK_NUMBER_##id,
#include "model/quirks.def"
#undef QUIRK
};

enum quirk {
#define QUIRK(id, name, words, doc) QUIRK_##id = 1 << QUIRK_NUMBER_##id,
#include "model/quirks.def"
#undef QUIRK
};

/* What a refusal says ('|' between the words; NULL: nothing), and the bit that is learned from it. */
struct refusal { const char *words; unsigned bit; };
/* The bits of the rows whose words this answer has in what it says of the request.  Only 400, 413 and 422 teach. */
unsigned refusals_in(const struct refusal *rows, size_t n, int status, str body);
/* The bits to set so that the same request may pass after this answer of such a server; 0: none. */
unsigned quirks_learned(int status, str body);
/* The bit of a name such as "no_stream_options"; 0: there is none. */
unsigned quirk_named(str name);
