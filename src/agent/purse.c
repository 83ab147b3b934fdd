// SPDX-License-Identifier: Apache-2.0
#include "agent/purse.h"

#include "model/tokens.h"

enum { LEAST_ANSWER = 256, LONGEST_ANSWER = 8192 /* put aside where nobody has said */ };

/* Of an outer purse one call gets half of what is left: others draw on it too. */
static int64_t room_in(const struct purse *purse, int64_t input)
{
    int64_t room = INT64_MAX;
    bool is_outer = false;

    for (const struct purse *p = purse; p; p = p->outer, is_outer = true) {
        int64_t left = p->tokens - p->spent - p->held - input;

        if (p->tokens == 0)
            continue;
        if (is_outer && left / 2 > LEAST_ANSWER)
            left /= 2;
        room = left < room ? left : room;
    }
    return room;
}

static enum err refuse(const struct purse *purse, int64_t input)
{
    const struct purse *tightest = NULL;

    for (const struct purse *p = purse; p; p = p->outer)
        if (p->tokens && (tightest == NULL || p->tokens - p->spent < tightest->tokens - tightest->spent))
            tightest = p;
    return failed(ERR_BUDGET, "the tokens of the task are used up: %lld of %lld are spent, and the next call takes %lld at the least",
                  (long long)tightest->spent, (long long)tightest->tokens, (long long)(input + LEAST_ANSWER));
}

enum err purse_open(struct purse *purse, struct prompt *p, int64_t *ret_held)
{
    *ret_held = 0;
    if (purse == NULL)
        return OK;
    int64_t input = (int64_t)tokens_in_prompt(p), room = room_in(purse, input);
    int64_t longest = p->max_tokens ? p->max_tokens : LONGEST_ANSWER;

    if (room < (longest < LEAST_ANSWER ? longest : LEAST_ANSWER))
        return refuse(purse, input);
    if (room < longest)
        p->max_tokens = longest = room;
    *ret_held = input + longest;
    for (struct purse *at = purse; at; at = at->outer)
        at->held += *ret_held;
    return OK;
}

static int64_t taken(const struct prompt *p, const struct reply *r)
{
    if (r == NULL)
        return 0;
    if (r->usage.input || r->usage.output)
        return r->usage.input + r->usage.output;
    return (int64_t)(tokens_in_prompt(p) + tokens_in_reply(r));
}

void purse_close(struct purse *purse, int64_t held, const struct prompt *p, const struct reply *r)
{
    int64_t n = purse ? taken(p, r) : 0;

    for (; purse; purse = purse->outer) {
        purse->held -= held;
        purse->spent += n;
    }
}
