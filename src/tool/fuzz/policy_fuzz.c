// SPDX-License-Identifier: Apache-2.0
/* Rows and a command that somebody else wrote: a row that denies behind others allows nothing more, one before them denies
 * everything, and who holds no role gets nothing.  The input is rows as JSON, a line end, and a command. */
#include <assert.h>

#include "tool/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct tool exec = { .name = "exec", .schema = "{}", .risk = RISK_EXECUTE };

static struct policy_answer decide(struct arena *a, const json_t *rows, const char *role, str command)
{
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:o}", "command", json_from_str(command));
    struct person who = { S("bob"), str_from(role) };
    struct policy_facts f = { .person = &who, .platform = S("rest"), .tool = &exec, .arguments = arguments, .workspace = "/w" };
    struct policy_answer answer = { .decision = DECISION_DENY };
    struct policy *p = NULL;

    if (policy_new(rows, NULL, &p) != OK)
        return answer;
    CLEANUP(json_decrefp) json_t *row = policy_row_for(&f);

    policy_decide(p, a, &f, &answer);
    answer.rule = arena_printf(a, "%s", answer.rule);
    (void)policy_may_approve(p, &who, &f);
    (void)policy_may_use(p, &f);
    policy_free(p);
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *rows = NULL;
    CLEANUP(json_decrefp) json_t *all = json_pack("{s:s}", "decision", "deny");
    str command = str_of(data, n), text;
    struct policy *p;

    if (!str_split(&command, '\n', &text) || json_parse(text, &rows) != OK || !json_is_array(rows) || policy_new(rows, NULL, &p) != OK)
        return 0;
    policy_free(p);
    assert(decide(a, rows, "", command).decision == DECISION_DENY);
    struct policy_answer before = decide(a, rows, "operator", command);

    json_array_append(rows, all);
    struct policy_answer after = decide(a, rows, "operator", command);

    assert(after.decision >= before.decision);
    json_array_insert(rows, 0, all);
    assert(decide(a, rows, "operator", command).decision == DECISION_DENY);
    return 0;
}
