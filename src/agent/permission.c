// SPDX-License-Identifier: Apache-2.0
#include "agent/permission.h"

#include "tool/policy.h"

/* What the model made up (no such tool, no JSON) is refused by tool_call_run(), in words that help it. */
static bool is_nonsense(const struct tool *t, str arguments, json_t **ret_arguments)
{
    return t == NULL || json_parse(str_trim(arguments).len ? arguments : S("{}"), ret_arguments) != OK
           || tool_check_arguments(t, *ret_arguments) != OK;
}

static str decision_text(struct arena *a, const struct policy_answer *p)
{
    return str_from(arena_printf(a, "%s by %s", decision_name(p->decision), p->rule));
}

/* While others' words are about, nothing is granted beyond the one call that was shown. */
static str grant_for(const struct permission_facts *f, const struct policy_facts *facts)
{
    CLEANUP(json_decrefp) json_t *row = f->taint.len ? NULL : policy_row_for(facts);

    return row ? json_print(f->arena, row) : NO_STR;
}

/* Has the person allowed the like of it for the whole conversation? */
static enum err find_session_grant(const struct permission_facts *f, struct permission *out) AWAITS
{
    struct rows r;

    if (out->grant.len == 0)
        return OK;
    TRY(store_read(f->store, f->arena, &r, "approval.session_grant", "sss", f->session_id, f->person->id, out->grant));
    if (r.n == 0)
        return OK;
    out->permit = PERMIT_RUN;
    out->approval = row_int(&r, 0, 0);
    return OK;
}

static enum err take_answer(const struct permission_facts *f, const struct rows *r, struct permission *out)
{
    str state = row_str(r, 0, 1), by = row_str(r, 0, 2);

    out->is_asked = true;
    if (str_eq(state, S("cancelled")))
        return failed(ERR_CANCELLED, "stopped");
    out->decision = str_from(arena_printf(f->arena, "%.*s, %.*s%s%.*s", STR(out->decision), STR(state), by.len ? " by " : "",
                                          STR(by)));
    if (str_eq(state, S("granted"))) {
        out->permit = PERMIT_RUN;
        out->approval = row_int(r, 0, 0);
    } else if (str_eq(state, S("refused"))) {
        out->permit = PERMIT_REFUSE;
        out->why = str_from(arena_printf(f->arena, "%.*s said no. Do not try it another way; ask what to do instead.", STR(by)));
    } else if (str_eq(state, S("expired"))) {
        out->permit = PERMIT_REFUSE;
        out->why = S("it had to be asked for, and nobody answered in time");
    }
    return OK;
}

static enum err ask(const struct permission_facts *f, const struct policy_facts *facts, const struct tool_call *call,
                    struct permission *out) AWAITS
{
    struct rows r;

    out->permit = PERMIT_WAIT;
    out->is_own = policy_may_approve(policy_now(), f->person, facts);
    out->grant = grant_for(f, facts);
    TRY(store_read(f->store, f->arena, &r, "approval.of_call", "isss", f->inbox_id, call->id, call->name, call->arguments));
    return r.n ? take_answer(f, &r, out) : find_session_grant(f, out);
}

enum err permission_of(const struct permission_facts *f, const struct tool *t, const struct tool_call *call, struct permission *out)
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    struct policy_answer answer;

    *out = (struct permission){ .permit = PERMIT_RUN, .taint = f->taint };
    if (is_nonsense(t, call->arguments, &arguments))
        return OK;
    struct policy_facts facts = {
        .person = f->person, .platform = f->platform, .chat_id = f->chat_id, .tool = t, .arguments = arguments,
        .workspace = f->workspace, .taint = f->taint,
    };

    policy_decide(policy_now(), f->arena, &facts, &answer);
    out->decision = decision_text(f->arena, &answer);
    out->rule = str_from(answer.rule);
    out->why = str_from(answer.why);
    if (answer.decision == DECISION_DENY)
        out->permit = PERMIT_REFUSE;
    return answer.decision == DECISION_ASK ? ask(f, &facts, call, out) : OK;
}
