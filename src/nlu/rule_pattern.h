// SPDX-License-Identifier: Apache-2.0
/* rule_pattern.h: a regular expression of a rule (PCRE2, UTF-8, letter case ignored), with limits: what takes too long fits nothing. */
#pragma once
#include "base/json.h"

struct rule_pattern;

/* ERR_INPUT: what is wrong, and where in the pattern. */
enum err rule_pattern_new(str pattern, struct rule_pattern **out) MUST_USE;
void     rule_pattern_free(struct rule_pattern *);
/* True: it is found in the text, which is UTF-8; its groups are put into `groups` by number ("0" is all of it) and by name. */
bool     rule_pattern_find(const struct rule_pattern *, str text, json_t *groups, bool *ret_limit);
