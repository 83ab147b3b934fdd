// SPDX-License-Identifier: Apache-2.0
/* random.h: unpredictable bytes from the kernel (getrandom(2)), fit for keys and tokens. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void     random_bytes(void *, size_t);
uint64_t random_below(uint64_t n);      /* uniform in [0, n); n > 0 */

enum { UUID_SIZE = 37 };                /* with the NUL */
void random_uuid(char out[UUID_SIZE]);  /* RFC 9562 version 4, lower case */
