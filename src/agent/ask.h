// SPDX-License-Identifier: Apache-2.0
/* ask.h: one call of the model with the timeouts and tries that the configuration gives it, counted in the metrics. */
#pragma once
#include "model/complete.h"

/* p: what is asked; temperature and the longest answer are set here.  on_delta may be NULL. */
enum err ask_model(struct model *, struct arena *, struct prompt *p, void (*on_delta)(void *arg, str text), void *arg,
                   struct reply *out) AWAITS MUST_USE;
