// SPDX-License-Identifier: Apache-2.0
/* breaker.h: a circuit breaker: what fails again and again is left alone for a while, so that nobody waits for it and it can recover.
 *
 *   closed     asked as ever; so many failures in a row open it
 *   open       not asked until its pause is over, which doubles with each opening in a row
 *   half-open  one request may try; it closes the circuit, or opens it again
 *
 * (M. Nygard, "Release It!", 2007.)  One for each model, by its label, for as long as the process lives: models of a new
 * configuration go on where those of the old one were, unless breakers_reset() forgets.  The loop thread's. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

struct breaker;

struct breaker *breaker_of(const char *label);
/* May it be asked now?  True in half-open state takes the one try, which has to end with one of the three below. */
bool            breaker_allows(struct breaker *);
/* How a request went.  What the prompt or the caller is to blame for says nothing about the model. */
void            breaker_ended(struct breaker *, enum err);          /* failed_text() says why */
enum breaker_state breaker_state(const struct breaker *);
const char     *breaker_state_name(enum breaker_state);     /* "closed", "half-open", "open" */
/* Why it is open, for people: "failed 5 times in a row (HTTP 503: ...), asked again in 12 s".  In a buffer of the breaker's own. */
const char     *breaker_why(struct breaker *);
void            breakers_reset(void);                       /* settings were changed: every circuit is closed */
