// SPDX-License-Identifier: Apache-2.0
/* intent.h: what can be asked: the intents of data/intents/GROUP.yaml, built into the program and read when they are first needed. */
#pragma once
#include "base/json.h"

struct bilingual { str en, zh; };

/* What a slot takes: how its words become a value is decided in bind.c. */
struct slot {
    str  name, type;
    bool required;
    struct bilingual ask;       /* the question for it */
};

enum { INTENT_SLOTS_MAX = 8 };

struct intent {
    str  name, group;
    str  as;                    /* the name that it is shown by: "execute_command" for run_tests */
    struct bilingual summary;
    struct bilingual say;       /* an example of what is said */
    const struct slot *slots;
    size_t n_slots;
    const json_t *plan;         /* plan.h */
};

struct intent_group { str name; struct bilingual title; const struct intent *intents; size_t n; };

/* In the order of data/intents/order; the same at every call. */
const struct intent_group *intent_groups(size_t *ret_n);
const struct intent *intent_find(str name);             /* NULL: unknown */
const struct slot   *intent_slot(const struct intent *, str name);
