// SPDX-License-Identifier: Apache-2.0
/* rule.h: rules in YAML: which messages they are for, and what is done.  Pure: the gateway does it (gateway/rule_host.h).
 *
 *     rules:
 *       - name: on-call                     # required
 *         match:                            # all that are given must hold; in a list, one of it
 *           exact: [ping, 在吗]             # the whole text, as normal.h folds it, without marks at its end
 *           regex: "^deploy (?<what>\\w+)$" # PCRE2, anywhere in the text; letter case does not matter
 *           keywords: [outage, 宕机]        # one of them, as words; or {any: [...], all: [...], none: [...]}
 *           intent: [system_disk]           # the command engine is sure of it
 *           channel: [telegram, "slack:C123"]       # platform, or platform:chat
 *           user: [anna, "role:operator"]
 *           time: {days: [mon, tue], from: "09:00", until: "18:00"}    # may go past midnight; in the conversation's zone
 *         when: {chat: private, language: zh, project: my_app, attachments: false, model: true}
 *         do:
 *           reply: "Deploying {what}, {user}."        # or tool: NAME with arguments: {...} as plans have them ($what, $text, $user), with
 *                                           # `title` and `show`; agent: NAME (answers); forward: {to, text};
 *                                           # several as steps: [{tool, arguments}, ...]
 *         priority: 10                      # higher ones first; 0 if absent; then in the order of the file
 *         then: continue                    # stop if absent.  What continues may reply or forward; its words stand before the answer
 *
 * {name} and $name: text, user, channel, chat, and the groups of the regex by name or number. */
#pragma once
#include "nlu/understand.h"

struct rules;

/* What a message is matched by. */
struct rule_facts {
    str      text, platform, chat_id, person, role;
    bool     is_private, has_attachments, has_model;
    str      language;          /* "zh" or "en" */
    str      project;           /* "": none */
    const struct nlu_context *context;
    const struct understanding *heard;      /* NULL: intents fit nothing */
};

enum rule_action { RULE_REPLY, RULE_PLAN, RULE_AGENT, RULE_FORWARD };

/* All of it in the arena, or goes with it. */
struct rule_hit {
    str         name;
    enum rule_action action;
    bool        stops;
    str         text;           /* RULE_REPLY, RULE_FORWARD: filled in */
    str         to;             /* RULE_FORWARD; RULE_AGENT: its name */
    json_t     *plan, *values;  /* RULE_PLAN: for plan_make(); go with the arena */
};

enum { RULES_MAX = 1000, RULE_HITS_MAX = 16, RULE_TEXT_MAX = 16 << 10 };

/* ERR_INPUT: "LINE:COLUMN: rules[2].match.regex: ...".  Heap; keeps what it needs of the text. */
enum err rules_read(str yaml, struct rules **out) MUST_USE;
void     rules_free(struct rules *);
size_t   rules_count(const struct rules *);
bool     rules_want_intents(const struct rules *);      /* does any of them match by intent? */
json_t  *rules_to_json(const struct rules *);           /* name, priority, what it matches and does; a new reference */

/* The rules that fire, in their order, up to and with the first that stops.  Texts longer than RULE_TEXT_MAX fit no regex. */
size_t   rules_match(struct arena *, const struct rules *, const struct rule_facts *, struct rule_hit out[RULE_HITS_MAX]);
/* Of every rule, whether it fires and what kept it: [{name, fires, why}]; those behind a stop are "not asked". */
json_t  *rules_explain(struct arena *, const struct rules *, const struct rule_facts *);
