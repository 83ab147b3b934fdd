// SPDX-License-Identifier: Apache-2.0
/* rule_internal.h: a rule as rule_read.c makes it and rule.c goes by it. */
#pragma once
#include "nlu/rule.h"
#include "nlu/rule_pattern.h"

struct words_list { str *items; size_t n; };

/* Minutes of the day; until < from: past midnight.  days: bit 0 is Sunday; 0: any. */
struct rule_hours { bool is_set; uint8_t days; int from, until; };

/* Of `when`: -1 where nothing is said. */
struct rule_state { str chat, language, project; int attachments, model; };

struct rule {
    str      name;
    int64_t  priority;
    size_t   place;             /* in the file */
    bool     stops;
    struct words_list exact, channels, users, intents, any, all, none;
    struct rule_pattern *pattern;       /* NULL: none */
    struct rule_hours hours;
    struct rule_state state;
    enum rule_action action;
    str      text, to;          /* with {names} in them */
    json_t  *plan;
};

struct rules { struct arena *arena; struct rule *rules; size_t n; bool by_intent; };
