// SPDX-License-Identifier: Apache-2.0
/* lexicon.h: the commonest Chinese words, so that it is known where one may begin and end.
 *
 * A Bloom filter of words of two to LEXICON_LETTERS_MAX characters, data/nlu/lexicon.bin, made by tools/lexicon from jieba's dictionary
 * (github.com/fxsjy/jieba, MIT): a word that is in it is known, of others one in some hundreds is, too. */
#pragma once
#include "base/str.h"

enum { LEXICON_LETTERS_MAX = 5 };

bool lexicon_knows(str word);       /* simplified characters in UTF-8 */
