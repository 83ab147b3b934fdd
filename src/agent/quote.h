// SPDX-License-Identifier: Apache-2.0
/* quote.h: others' words as a model is shown them: every line is marked with "> ", so that nothing in a quote can pass for what
 * stands outside of it. */
#pragma once
#include "base/buf.h"

void quote_add(struct buf *, str text);
