// SPDX-License-Identifier: Apache-2.0
#include "tool/run.h"

#include "config/config.h"
#include "runtime/fiber.h"
#include "tool/file_job.h"
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

/* May this be run at all, before anything of its arguments is looked at?  True: `out` says why not. */
static bool is_refused(const struct tool_context *cx, const struct tool *t, struct tool_result *out)
{
    if (!tool_is_enabled(t->name))
        *out = tool_refusal(cx, "%s is switched off (sandbox.enabled)", t->name);
    else if (!person_is_owner(&cx->person))     /* until there are roles; reading shows the owner's files, so it counts too */
        *out = tool_refusal(cx, "%s: only the owner may use tools", t->name);
    else
        return false;
    return true;
}

/* A model that needs no argument may write nothing at all. */
static enum err parse(str text, json_t **out)
{
    return json_parse(str_trim(text).len ? text : S("{}"), out);
}

enum err tool_call_run(const struct tool_context *cx, str name, str arguments_json, struct tool_result *out)
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    const struct tool *t = tool_find(name);

    TRY(fiber_check());
    if (!t) {
        *out = no_such_tool(cx, name);
        return OK;
    }
    if (is_refused(cx, t, out))
        return OK;
    if (parse(arguments_json, &arguments) != OK) {
        *out = tool_refusal(cx, "the arguments of %s are not JSON: %s", t->name, failed_text());
        return OK;
    }
    if (tool_check_arguments(t, arguments) != OK) {
        *out = tool_refusal(cx, "%s: %s", t->name, failed_text());
        return OK;
    }
    TRY(workspace_check_apart(cx->workspace, config_now()->home));
    return t->run(cx, arguments, out);
}
