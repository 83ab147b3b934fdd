// SPDX-License-Identifier: Apache-2.0
/* test_v1.h: for tests of the dialects under /v1: what a request is read as, and what an answer is written as. */
#pragma once
#include "gateway/v1.h"

/* On one line: settings that are not left open, tools in <>, then messages as "role: text" with [images], calls and what was kept.
 * "ERROR param: text" where it is refused.  In the arena. */
str test_v1_read(struct arena *, const struct v1_dialect *, const char *json);
/* The reply to a request: id is the prefix and "1", created 1000.  whole: one JSON document; else the events of its stream, with the
 * text in two pieces. */
enum test_v1_form { TEST_V1_WHOLE, TEST_V1_STREAM };
str test_v1_write(struct arena *, const struct v1_dialect *, const char *json, const struct reply *, enum test_v1_form);
