// SPDX-License-Identifier: Apache-2.0
/* guard.h: signs in a text that it does not simply ask for one thing to be done now.  A second opinion beside the classifier's: what it
 * finds makes nothing happen, it only keeps something from happening unasked. */
#pragma once
#include "base/str.h"

enum guard {
    GUARD_NONE,
    GUARD_NOT,          /* "don't restart it", 先别删 */
    GUARD_IF,           /* "if the disk is full …", 如果 */
    GUARD_SEVERAL,      /* "… and then …", 然后 */
    GUARD_HOW,          /* "how do I …", 怎么 */
};

const char *guard_name(enum guard);     /* "negation" */
/* In a normalised text (normal.h); whoever calls it has blanked out the words of slots. */
enum guard guard_of(str normal);
