// SPDX-License-Identifier: Apache-2.0
/* policy_pattern.h: patterns in the rows of a policy.  "*" stands for any characters, "?" for one, "\" takes the next
 * as it is.
 *
 * A row that allows has to be sure that it fits; one that asks or denies must not be slipped past.  So everything here
 * comes in two strengths: strict ("*" does not cross "/", and only "*" alone fits what holds ".." or becomes something
 * else in the shell) and loose (when in doubt it fits). */
#pragma once
#include "base/buf.h"
#include "tool/shell_words.h"

enum strength { STRICT, LOOSE };

bool pattern_matches(str pattern, str text, enum strength);

/* A command, word by word: "git push *".  "*" alone is one word, "**", and "*" at the end, any number of them, also
 * none; "" is an empty word; a blank inside a word has "\" before it. */
struct word_pattern { const str *words; size_t n; };
struct word_pattern word_pattern_new(struct arena *, str pattern);
bool word_pattern_matches(const struct word_pattern *, const struct shell_word *words, size_t n, enum strength);

/* The text as a pattern of nothing else. */
void pattern_add_literal(struct buf *, str text);
