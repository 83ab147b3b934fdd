// SPDX-License-Identifier: Apache-2.0
/* stem.h: light English stems: "deployments", "deploying" and "deployed" become "deploy", "caching" and "cached" are "cach" as "cache" is.
 * What comes out is for comparing, not for reading.  After the first step of Porter (1980), and less of it: two words of different meaning
 * are seldom made one.  Words with anything but a-z in them are left alone. */
#pragma once
#include <stddef.h>

size_t stem_english(char *folded, size_t len);      /* in place; the new length */
