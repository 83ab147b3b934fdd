// SPDX-License-Identifier: Apache-2.0
/* facts.h: what is known of a model by its name: what its maker has published (facts.def), and what the owner says in
 * models.facts, which wins field by field.  What nobody says stays unknown: nothing here is guessed. */
#pragma once
#include "model/model.h"

/* One row of facts.def.  name: exact, or a beginning with '*' behind it.  Negative numbers: not published. */
struct facts_row {
    const char *preset, *name;
    int64_t     context, max_output;
    double      input, cached, written, output;
    const char *currency;
    unsigned    caps;               /* bits of enum provider_caps; all: not published */
    const char *page, *date;        /* where that was read, and of when it is: "2026-11-20" */
};
extern const struct facts_row facts_rows[];
extern const size_t n_facts_rows;

/* The row that fits best: an exact name, else the longest beginning; NULL: none does. */
const struct facts_row *facts_row_of(const char *preset, str name);

/* Fills m->facts and m->caps for m->label ("provider/name"): preset may be NULL, owners (models.facts) too. */
void facts_apply(struct arena *, const char *preset, const json_t *owners, struct model *m);

/* Is this what models.facts may be: {"provider/name" or "provider/begin*": {"context": 64000, ...}}?  ERR_INPUT says where not. */
enum err facts_check(const json_t *owners) MUST_USE;
