// SPDX-License-Identifier: Apache-2.0
/* memory_import.h: memories that were written elsewhere (item_to_json()), taken in.  The same words are not taken twice; what is wrong
 * with one is noted, and the rest goes on. */
#pragma once
#include "base/json.h"
#include "memory/memory.h"

struct memory_import {
    struct memory      *memory;
    struct store       *record;
    struct arena       *arena;
    const struct scope *scope;      /* all go there; NULL: each where it says, user:owner when it says nothing */
    json_t             *errors;     /* gets {"line", "error"} for each that is not taken */
    size_t              n;          /* gets how many are there now */
};
/* items: [{"line": 17, "item": {...}}].  A message that one names as its source is kept only when it is that one here. */
enum err memory_import(struct memory_import *, const json_t *items) AWAITS MUST_USE;

/* An expression of FTS5 for what has all these words; "" when there is none in it. */
str memory_words_expression(struct arena *, str words);
