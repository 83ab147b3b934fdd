// SPDX-License-Identifier: Apache-2.0
/* tool_memory_save.c: remembers something beyond this conversation. */
#include "base/utf8.h"
#include "gateway/tool_memory.h"
#include "runtime/clock.h"
#include "tool/file_job.h"

enum { SHOWN_MAX = 200 };

static enum err wish_of(const json_t *arguments, struct memory_wish *out)
{
    str kind = json_text_str(arguments, "kind");

    *out = (struct memory_wish){ .text = json_text_str(arguments, "text"), .kind = ITEM_FACT, .scope = json_text_str(arguments, "scope"),
                                 .replaces = json_int(arguments, "replaces", 0), .pinned = json_flag(arguments, "pin") };
    if (kind.len && (!item_kind_parse(kind, &out->kind) || out->kind >= ITEM_EXCHANGE))
        return failed(ERR_INPUT, "there is no kind \"%.*s\" to save", STR(str_take(kind, 40)));
    TRY(tool_memory_time(json_text_str(arguments, "expires"), MEMORY_FUTURE, &out->expires_at));
    if (out->expires_at && out->expires_at <= clock_wall_ms())
        return failed(ERR_INPUT, "it would have expired already");
    return OK;
}

static str describe(const struct memory_actor *m, const struct memory_wish *w, const struct memory_item *saved)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_addf(&b, "remembered as %lld for %.*s", (long long)saved->id, STR(scope_text(m->arena, saved->scope)));
    if (w->replaces)
        buf_addf(&b, ", in the place of %lld", (long long)w->replaces);
    if (saved->taint.len)
        buf_addf(&b, "; marked, because words that are not this person's are in this conversation (%.*s)",
                 STR(utf8_take(saved->taint, SHOWN_MAX)));
    return arena_str(m->arena, buf_str(&b));
}

static enum err memory_save_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct memory_item saved;
    struct memory_actor m;
    struct memory_wish w;

    TRY(tool_memory_actor(cx, &m));
    enum err e = wish_of(arguments, &w);

    if (e == OK)
        e = memory_act_save(&m, &w, &saved);
    if (e && !memory_act_refused(e))
        return e;
    *out = e ? tool_refusal(cx, "%s", failed_text()) : (struct tool_result){ .text = describe(&m, &w, &saved) };
    return OK;
}

const struct tool tool_memory_save = {
    .name = "memory_save",
    .description = "Remembers one thing beyond this conversation: a fact, a preference, a decision, a task. One sentence that can be "
                   "understood alone, with names and dates instead of \"he\" and \"tomorrow\". No secrets.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"text\"],\"properties\":{"
              "\"text\":{\"type\":\"string\"},"
              "\"kind\":{\"type\":\"string\",\"enum\":[\"fact\",\"preference\",\"decision\",\"person\",\"project\",\"task\",\"note\"],"
              "\"description\":\"fact if absent\"},"
              "\"scope\":{\"type\":\"string\",\"enum\":[\"user\",\"chat\",\"agent\",\"project\",\"global\"],"
              "\"description\":\"Who is to be shown it; if absent this person in private, in a group the group\"},"
              "\"replaces\":{\"type\":\"integer\",\"description\":\"Id of the memory that this one takes the place of\"},"
              "\"expires\":{\"type\":\"string\",\"description\":\"When it is of no use any more: a date (2026-01-31), or after how long "
              "(30d)\"},"
              "\"pin\":{\"type\":\"boolean\",\"description\":\"It comes first, and never expires\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = memory_save_run,
};
