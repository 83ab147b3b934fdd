// SPDX-License-Identifier: Apache-2.0
#include "agent/turn_bounds.h"

#include "base/time.h"
#include "runtime/clock.h"

enum { RESERVE_MAX_MS = 60000, RESERVE_PART = 5 };      /* of its time: for the last answer */

static const struct { const char *name, *english, *chinese; } reasons[] = {
    [BOUND_NONE]   = { "none", "", "" },
    [BOUND_ROUNDS] = { "rounds", "this is as many model calls as one message may take (turn.rounds)",
                       "这条消息的模型调用次数已达上限（turn.rounds）" },
    [BOUND_CALLS]  = { "tool_calls", "this is as many tool calls as one message may take (turn.tool_calls)",
                       "这条消息的工具调用次数已达上限（turn.tool_calls）" },
    [BOUND_TOKENS] = { "tokens", "this is as many tokens as one message may take (turn.tokens)",
                       "这条消息的词元数已达上限（turn.tokens）" },
    [BOUND_TIME]   = { "time", "the time for one message is nearly over (turn.timeout)",
                       "这条消息的处理时间即将用完（turn.timeout）" },
    [BOUND_LOOP]   = { "loop", "I was going in circles: the same calls brought the same results (turn.repeats)",
                       "我在原地打转：同样的调用一再得到同样的结果（turn.repeats）" },
};

const char *bound_name(enum bound b)
{
    return reasons[b].name;
}

static bool time_is_short(const struct turn *t)
{
    uint64_t reserve = t->max_ms / RESERVE_PART < RESERVE_MAX_MS ? t->max_ms / RESERVE_PART : RESERVE_MAX_MS;

    return t->max_ms && clock_ms() - t->started_ms > t->max_ms - reserve;
}

enum bound turn_bound(const struct turn *t)
{
    if (t->rounds >= t->max_rounds)
        return BOUND_ROUNDS;
    if (t->looped)
        return BOUND_LOOP;
    if (t->max_calls && t->n_called >= t->max_calls)
        return BOUND_CALLS;
    if (t->max_tokens && (uint64_t)(t->usage.input + t->usage.output) >= t->max_tokens)
        return BOUND_TOKENS;
    return t->rounds && time_is_short(t) ? BOUND_TIME : BOUND_NONE;
}

str turn_last_call(const struct turn *t, enum bound bound)
{
    return str_from(arena_printf(t->arena, "[The assistant's own program says: %s. Answer now, in words and without tools: what you "
                                           "found, what was done, and what is left to do.]", reasons[bound].english));
}

str turn_done_so_far(const struct turn *t)
{
    struct { str name; unsigned n; } used[16];
    size_t n = 0;
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t i = t->own; i < t->transcript.n; i++)
        for (size_t k = 0; k < t->transcript.messages[i].n_calls; k++) {
            str name = t->transcript.messages[i].calls[k].name;
            size_t at = 0;

            while (at < n && !str_eq(used[at].name, name))
                at++;
            if (at == n && n < N_ELEMENTS(used)) {
                used[n].n = 0;
                used[n++].name = str_take(name, 64);
            }
            if (at < n)
                used[at].n++;
        }
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, used[i].n > 1 ? "%s%.*s ×%u" : "%s%.*s", i ? ", " : "", STR(used[i].name), used[i].n);
    return arena_str(t->arena, buf_str(&b));
}

str turn_end_text(const struct turn *t, enum bound bound, str answer)
{
    const char *why = t->chinese ? reasons[bound].chinese : reasons[bound].english;
    str done = turn_done_so_far(t);

    if (str_trim(answer).len)
        return str_from(arena_printf(t->arena, t->chinese ? "%.*s\n\n（我在这里停下：%s。）" : "%.*s\n\n(I stopped here: %s.)", STR(answer), why));
    if (done.len == 0)
        return str_from(arena_printf(t->arena, t->chinese ? "我在这里停下：%s。" : "I stopped here: %s.", why));
    return str_from(arena_printf(t->arena, t->chinese ? "我在这里停下：%s。到目前为止用过：%.*s。" : "I stopped here: %s. Used so far: %.*s.",
                                 why, STR(done)));
}
