// SPDX-License-Identifier: Apache-2.0
#include "tool/run.h"

#include "base/log.h"
#include "config/config.h"
#include "runtime/fiber.h"
#include "tool/attempt.h"
#include "tool/file_job.h"
#include "tool/policy.h"
#include "tool/provenance.h"
#include "tool/registry.h"
#include "tool/settings.h"

static struct tool_result no_such_tool(const struct tool_context *cx, str name)
{
    const struct tool *closest = tool_closest(name);

    name = str_take(name, 64);
    if (closest)
        return tool_refusal(cx, "there is no tool \"%.*s\"; did you mean \"%s\"?", STR(name), closest->name);
    return tool_refusal(cx, "there is no tool \"%.*s\"", STR(name));
}

/* Whoever asks a person before a call brings the approval along; here it is only looked whether there is one. */
static bool is_refused(const struct tool_context *cx, const struct tool *t, const json_t *arguments, struct tool_result *out)
{
    struct policy_facts f = { .person = &cx->person, .platform = cx->platform, .chat_id = cx->chat_id, .tool = t,
                              .arguments = arguments, .workspace = cx->workspace, .taint = cx->taint };
    struct policy_answer a;

    policy_decide(policy_now(), cx->arena, &f, &a);
    if (a.decision == DECISION_DENY)
        *out = tool_refusal(cx, "%s: not allowed: %s (%s)", t->name, a.why, a.rule);
    else if (a.decision == DECISION_ASK && cx->approval == 0)
        *out = tool_refusal(cx, "%s: needs an approval: %s (%s)", t->name, a.why, a.rule);
    else
        return false;
    return true;
}

/* A model that needs no argument may write nothing at all. */
static enum err parse(str text, json_t **out)
{
    return json_parse(str_trim(text).len ? text : S("{}"), out);
}

/* Whose words of the workspace a call may bring in. */
static str words_of_files(const struct tool_context *cx, const struct tool *t, const json_t *arguments) AWAITS
{
    if (t->reads == READS_NOTHING || provenance_of(cx->arena, ".").len == 0)
        return NO_STR;
    if (provenance_prune(cx->workspace))
        log_event(LOG_DEBUG, "provenance.kept", F("error", failed_text()));
    str named = t->reads == READS_PATH ? json_text_str(arguments, "path") : NO_STR;
    const char *path = named.len ? provenance_resolve(cx->arena, cx->workspace, named) : ".";
    str whose = provenance_of(cx->arena, path);

    return whose.len ? str_from(arena_printf(cx->arena, "file %.*s", STR(whose))) : NO_STR;
}

static void end_doubt(const bool *doubt)
{
    if (*doubt)
        provenance_end();
}

/* Runs it, and keeps account of whose words it read, and where it may have written them. */
static enum err run_accounted(const struct tool_context *cx, const struct tool *t, const json_t *arguments, struct tool_result *out) AWAITS
{
    int64_t since = provenance_now();
    str whose = words_of_files(cx, t, arguments);
    CLEANUP(end_doubt) bool doubt = t->risk != RISK_READ;

    if (doubt)
        provenance_begin();
    enum err e = tool_attempt(cx, t, arguments, out);

    if (e == OK && out->taint.len == 0)
        out->taint = whose;
    str about = cx->taint.len ? cx->taint : out->taint.len ? out->taint : whose;

    if (about.len == 0 || t->risk == RISK_READ)
        return e;
    enum err marked = provenance_mark_changed(cx->workspace, since, about);

    return e ? e : marked;
}

/* The same of another tool, if the policy lets it through as it is: an approval was given for the first. */
static enum err run_alternative(const struct tool_context *cx, const struct tool *first, const struct tool *t, const json_t *arguments,
                                struct tool_result *out) AWAITS
{
    struct tool_context own = *cx;
    struct tool_result r;

    own.approval = 0;
    if (is_refused(&own, t, arguments, &r))
        return OK;
    log_event(LOG_INFO, "tool.fallback", F("tool", first->name), F("to", t->name));
    TRY(run_accounted(&own, t, arguments, &r));
    r.text = str_from(arena_printf(cx->arena, "[%s failed; %s answers instead (tools.fallback)]\n%.*s", first->name, t->name,
                                STR(r.text)));
    *out = r;
    return OK;
}

static enum err run_or_alternative(const struct tool_context *cx, const struct tool *t, const json_t *arguments,
                                   struct tool_result *out) AWAITS
{
    enum err e = run_accounted(cx, t, arguments, out);
    const struct tool *other = tool_gave_up(e, out) ? tool_alternative(t, arguments) : NULL;

    if (other == NULL)
        return e;
    if (e)      /* stands, unless the other answers */
        *out = tool_refusal(cx, "%s: %s", t->name, failed_text());
    return run_alternative(cx, t, other, arguments, out);
}

static enum err call(const struct tool_context *cx, str name, str arguments_json, struct tool_result *out) AWAITS
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    const struct tool *t = tool_find(name);

    TRY(fiber_check());
    if (!t) {
        *out = no_such_tool(cx, name);
        return OK;
    }
    if (!tool_is_enabled(t->name)) {
        *out = tool_refusal(cx, "%s is switched off (sandbox.enabled)", t->name);
        return OK;
    }
    if (parse(arguments_json, &arguments) != OK) {
        *out = tool_refusal(cx, "the arguments of %s are not JSON: %s", t->name, failed_text());
        return OK;
    }
    if (tool_check_arguments(t, arguments) != OK) {
        *out = tool_refusal(cx, "%s: %s", t->name, failed_text());
        return OK;
    }
    if (is_refused(cx, t, arguments, out))
        return OK;
    TRY(workspace_check_apart(cx->workspace, config_now()->home));
    return run_or_alternative(cx, t, arguments, out);
}

static struct { bool (*fn)(void *arg, str text, struct buf *out); void *arg; } mask;

void tool_use_mask(bool (*fn)(void *, str, struct buf *), void *arg)
{
    mask.fn = fn;
    mask.arg = arg;
}

/* Before anybody keeps or shows it.  First the secrets that have a name, in any form; then what the settings hold. */
static void mask_text(struct arena *a, str *text)
{
    CLEANUP(buf_done) struct buf named = { .max = SIZE_MAX / 2 };
    CLEANUP(buf_done) struct buf rest = { .max = SIZE_MAX / 2 };

    if (mask.fn && mask.fn(mask.arg, *text, &named))
        *text = arena_str(a, buf_str(&named));
    if (log_mask_text(*text, &rest))
        *text = arena_str(a, buf_str(&rest));
}

enum err tool_call_run(const struct tool_context *cx, str name, str arguments_json, struct tool_result *out)
{
    TRY(call(cx, name, arguments_json, out));
    mask_text(cx->arena, &out->text);
    return OK;
}
