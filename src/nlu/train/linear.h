// SPDX-License-Identifier: Apache-2.0
/* linear.h: what the network must beat: softmax over hashed words, pairs of words and pieces of letters. */
#pragma once
#include "nlu/train/sentence.h"

struct linear;

struct linear *linear_train(struct arena *, const struct corpus *, unsigned seed, size_t sentences);
size_t linear_intent(const struct linear *, const struct tokens *);
str    linear_name(const struct linear *, size_t intent);
