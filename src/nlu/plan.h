// SPDX-License-Identifier: Apache-2.0
/* plan.h: what is done about an intent: calls of tools, a chat command, or words; as its `plan` in data/intents says.  Pure.
 *
 * A plan is a list of alternatives, or one alone; the first whose conditions hold is taken.
 *
 *     plan:
 *       - if: [host]                          # names of values that must be there; "!host": must not
 *         tool: ssh
 *         arguments: {host: $host, command: {line: [systemctl, restart, $service]}}
 *       - tool: service
 *         arguments: {action: restart, name: $service}
 *
 * An alternative is one step or has `steps: [...]`, one after the other.  A step is `tool` with `arguments`, `command` (a chat command's
 * name) with `arguments` (a text), or `say` ({en, zh}).  With `show: text` what the last tool said is the answer as it stands; else it is
 * shown as a block, below `title` ({en, zh}) where there is one.
 *
 * In arguments a text that begins with $ is a value by its path ($service, $time.at, $result of the step before, $found: its lines);
 * $x|word or $x|$y has a default, $x? leaves its key or its place in an array out; $$ is a dollar.  {join: [...]} is one text of several;
 * {line: [...]} is a line of shell, in which each word is quoted, so that nothing in a value is more than a word; {if: x, then: [...]} in
 * an array are more of its items.  In arrays under `argv` and in `line` numbers become texts.  Nothing else is ever put together from
 * what a person wrote. */
#pragma once
#include "base/json.h"
#include "nlu/intent.h"

enum plan_kind { PLAN_TOOL, PLAN_COMMAND, PLAN_SAY };

struct plan_step { enum plan_kind kind; str name; json_t *arguments; str text; };

struct plan {
    str     intent;
    json_t *alternative;        /* borrowed of the intent, or of the JSON that it was read from */
    json_t *values;             /* an object; results are added as they come */
    size_t  n_steps;
};

/* `values`: what the conditions and arguments name; the plan takes a reference that goes with the arena.  ERR_INPUT: none fits. */
enum err plan_make(struct arena *, const struct intent *, json_t *values, struct plan *out) MUST_USE;
/* The step with its values filled in; arguments go with the arena.  ERR_INPUT: a value that it needs is not there. */
enum err plan_step_at(struct arena *, const struct plan *, size_t i, struct plan_step *out) MUST_USE;
/* What the step before it brought: $result and $found of the steps behind it. */
void     plan_add_result(struct plan *, str text);
/* How the answer is made of what the last step brought. */
struct plan_shown { struct bilingual title, say; bool as_text; };
struct plan_shown plan_shown(const struct plan *);

/* As kept between the steps of a turn. */
json_t  *plan_to_json(const struct plan *);
enum err plan_from_json(struct arena *, const json_t *, struct plan *out) MUST_USE;
