// SPDX-License-Identifier: Apache-2.0
/* permission.h: may this call of a turn run now?  The policy says; and where it says "ask", what a person answered.
 *
 * A question is a row of the table approvals, by (message, call): the turn that asked ends there and holds nothing; it is
 * run again when the answer is stored, finds it here, and goes on. */
#pragma once
#include "domain/prompt.h"
#include "domain/tool.h"
#include "store/store.h"

enum permit { PERMIT_RUN, PERMIT_REFUSE, PERMIT_WAIT };

struct permission {
    enum permit permit;
    int64_t     approval;       /* the answer that lets it through; 0: the policy alone does */
    bool        is_own;         /* whoever it is for may allow it themselves */
    bool        is_asked;       /* the question is stored already */
    str         decision;       /* for the audit: "allow by default read", "ask by policy row 3, granted by bob" */
    str         why;            /* for whom it is refused, or who is asked */
    str         rule;           /* the policy's row that decided */
    str         taint;          /* whose words are about */
    str         grant;          /* the narrow row that would allow the like again, JSON; "": only this once may be granted */
};

/* Who asks, in which conversation, with whose words about. */
struct permission_facts {
    struct arena        *arena;
    struct store        *store;
    int64_t              inbox_id;
    str                  session_id, platform, chat_id;
    const struct person *person;
    const char          *workspace;
    str                  taint;
};

/* The call's id tells it from every other of the message.  ERR_CANCELLED: the question was taken back (/stop). */
enum err permission_of(const struct permission_facts *, const struct tool *, const struct tool_call *,
                       struct permission *out) AWAITS MUST_USE;
