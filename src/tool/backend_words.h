// SPDX-License-Identifier: Apache-2.0
/* backend_words.h: builds a backend's command line, word by word, in an arena. */
#pragma once
#include "tool/backend.h"

struct words { struct arena *arena; const char **items; size_t n; };

/* ERR_LIMIT: the job has more words or variables than fit. */
enum err    words_open(struct words *, struct arena *, const struct sandbox_plan *) MUST_USE;
void        words_add(struct words *, const char *word);
void        words_add_all(struct words *, const char *const *words);   /* NULL-terminated; NULL: none */
#define WORDS(w, ...) words_add_all((w), (const char *const[]){ __VA_ARGS__, NULL })
const char *words_number(struct words *, uint64_t);

/* What every clawdbot-inside is told last: limits, the job's variables, and the command or --report.  `count`: its
 * processes are counted apart from others of our user, so that RLIMIT_NPROC is the job's own. */
void        words_add_job(struct words *, const struct sandbox_plan *, bool count);
