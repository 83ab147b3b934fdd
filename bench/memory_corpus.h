// SPDX-License-Identifier: Apache-2.0
/* memory_corpus.h: notes and questions that nobody wrote, for the memory's benches: English and Chinese, words as frequent as words are
 * (Zipf), the same for the same seed.  The i-th note can be asked for without those before it. */
#pragma once
#include "base/buf.h"

struct corpus;

struct corpus *corpus_new(uint64_t seed);
void           corpus_free(struct corpus *);
/* 20 to 40 words: of ten notes five are English, four Chinese, one both. */
void           corpus_note(const struct corpus *, uint64_t i, struct buf *out);
/* 5 to 15 words, a third to a half of them from one of the first `notes` notes, whose number comes back. */
uint64_t       corpus_question(const struct corpus *, uint64_t i, uint64_t notes, struct buf *out);
