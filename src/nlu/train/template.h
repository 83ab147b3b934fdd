// SPDX-License-Identifier: Apache-2.0
/* template.h: the little grammar that utterances are written in (data/intents/README.md): [perhaps], (one|or another), {slot},
 * {slot=words}, <list>. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct templates;

enum template_kind { TEMPLATE_TEXT, TEMPLATE_ALL, TEMPLATE_ONE, TEMPLATE_MAYBE, TEMPLATE_SLOT, TEMPLATE_LIST };

struct template {
    enum template_kind kind;
    str    text;                    /* of a text; the name of a slot or a list */
    struct template *first, *next;  /* children; of a slot: its words, if they stand right there */
    const struct templates *filled_by;  /* of a slot or a list without words: found by whoever loads them */
    size_t least;                   /* bytes without what may be left out, a word to be filled in counting TEMPLATE_WORD; of the whole */
};
enum { TEMPLATE_WORD = 6 };

struct templates { struct template **p; size_t n; };

enum err template_parse(struct arena *, str, struct template **out) MUST_USE;
