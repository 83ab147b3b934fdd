// SPDX-License-Identifier: Apache-2.0
/* clock.h: what time it is.  Tests set it by hand; then sleeps and deadlines fire when the test moves it. */
#pragma once
#include <stdint.h>

uint64_t clock_ms(void);            /* monotonic, never goes back */
uint64_t clock_us(void);
int64_t  clock_wall_ms(void);       /* since 1970 UTC; may jump */

void clock_fake(int64_t wall_ms);   /* from now on both clocks stand still */
void clock_advance(uint64_t ms);    /* moves both; sleepers and deadlines due are made ready */
void clock_real(void);
