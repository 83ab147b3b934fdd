// SPDX-License-Identifier: Apache-2.0
/* rule_host.h: the owner's rules (nlu/rule.h) in a conversation: read from rules.file at the start and whenever that file has changed, and
 * done.  A file that is wrong stops the start; later the rules before it stay in force, and the log says why.
 *
 * A tool that a rule uses is put to the policy for whoever wrote the message.  What it forwards is the owner's own doing. */
#pragma once
#include "gateway/answer.h"
#include "nlu/rule.h"

struct rule_host;

/* ERR_INPUT: "FILE:LINE:COLUMN: ...".  There need be no file. */
enum err rule_host_open(struct rule_host **out) MUST_USE;
void     rule_host_free(struct rule_host *);
/* What is wrong with the names in rules that can be read: "rule x: there is no tool 'y'"; "": nothing. */
str      rules_unknown_names(struct arena *, const struct gateway *, const struct rules *);

/* The rules of the file now in force, ERR_INPUT as above; NULL: there is no file.  To be freed. */
enum err rules_of_file(struct rules **out) MUST_USE;

enum rule_outcome { RULES_PASS, RULES_TAKEN, RULES_AGENT /* answer->agent is to answer, and nobody else */ };
enum err rule_host_take(struct gateway *, struct answer *, enum rule_outcome *out) AWAITS MUST_USE;
