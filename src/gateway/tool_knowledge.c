// SPDX-License-Identifier: Apache-2.0
/* tool_knowledge.c: the collections of knowledge, for the owner's assistant.  It reads in what is in the workspace and nothing else: other
 * folders, and the web, are the owner's to add (`clawdbot knowledge add`), or a model could be talked into reading in any file of this
 * machine.  What it adds is never trusted. */
#include <string.h>

#include "gateway/knowledge_host.h"
#include "gateway/tool_host.h"
#include "memory/knowledge.h"
#include "tool/file_job.h"
#include "tool/provenance.h"

/* There may be several owners: each has their own. */
static struct scope own(const struct tool_context *cx)
{
    return (struct scope){ SCOPE_USER, cx->person.id };
}

static void say_collection(struct buf *b, const struct knowledge_collection *c)
{
    buf_addf(b, "- %.*s: %s %.*s, %lld documents, %lld passages", STR(c->name), collection_kind_name(c->kind), STR(c->source),
             (long long)c->documents, (long long)c->items);
    if (c->failed)
        buf_addf(b, ", %lld not read", (long long)c->failed);
    if (c->progress.state != KNOWLEDGE_IDLE)
        buf_addf(b, "; being read in: %llu of %llu", (unsigned long long)c->progress.done, (unsigned long long)c->progress.total);
    if (c->error.len)
        buf_addf(b, "; %.*s", STR(c->error));
    buf_add_char(b, '\n');
}

static enum err list(const struct tool_context *cx, struct tool_result *out) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = FILE_JOB_TEXT_MAX };
    const struct knowledge_collection *all;
    struct scope mine = own(cx);
    size_t n;

    TRY(knowledge_list(cx->host->gateway->knowledge, cx->arena, &mine, 1, &all, &n));
    for (size_t i = 0; i < n; i++)
        say_collection(&b, &all[i]);
    *out = (struct tool_result){ .text = n ? arena_str(cx->arena, buf_str(&b)) : S("there are no collections") };
    return OK;
}

static enum err describe(const struct tool_context *cx, int64_t id, struct tool_result *out) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = FILE_JOB_TEXT_MAX };
    struct knowledge_collection c;

    TRY(knowledge_get(cx->host->gateway->knowledge, cx->arena, id, &c));
    say_collection(&b, &c);
    *out = (struct tool_result){ .text = arena_str(cx->arena, buf_str(&b)) };
    return OK;
}

/* What the model can mend is said to it. */
static enum err or_refusal(const struct tool_context *cx, enum err e, struct tool_result *out)
{
    if (e != ERR_INPUT && e != ERR_NOT_FOUND && e != ERR_CONFLICT && e != ERR_AUTH)
        return e;
    *out = tool_refusal(cx, "%s", failed_text());
    return OK;
}

static enum err add(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    str path = json_text_str(arguments, "path");
    const char *below = path.len ? provenance_resolve(cx->arena, cx->workspace, path) : ".";
    const char *top = knowledge_real_workspace(cx->host->gateway, cx->workspace);
    int64_t id;

    if (top == NULL || strcmp(below, ".") == 0) {
        *out = tool_refusal(cx, "path must be a file or folder of the workspace, and not all of it; other places are for the owner to add: "
                                "clawdbot knowledge add NAME PATH");
        return OK;
    }
    struct knowledge_source s = {
        .scope = own(cx), .name = json_text_str(arguments, "name"), .source = str_from(arena_printf(cx->arena, "%s/%s", top, below)),
        .within = top, .rows = json_flag(arguments, "rows"), .watched = json_flag(arguments, "watch"), .added_by = cx->person.id,
    };
    enum err e = knowledge_add(cx->host->gateway->knowledge, &s, &id);

    return e ? or_refusal(cx, e, out) : describe(cx, id, out);
}

static enum err sync_one(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct knowledge *k = cx->host->gateway->knowledge;
    struct scope mine = own(cx);
    int64_t id;
    enum err e = knowledge_find(k, json_text_str(arguments, "name"), &mine, 1, &id);

    if (e == OK)
        e = knowledge_sync(k, id, KNOWLEDGE_CHANGED);
    return e ? or_refusal(cx, e, out) : describe(cx, id, out);
}

static enum err knowledge_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    const char *action = json_text(arguments, "action");

    if (!person_is_owner(&cx->person)) {
        *out = tool_refusal(cx, "collections of knowledge are the owner's");
        return OK;
    }
    if (strcmp(action, "add") == 0)
        return add(cx, arguments, out);
    return strcmp(action, "sync") == 0 ? sync_one(cx, arguments, out) : list(cx, out);
}

const struct tool tool_knowledge = {
    .name = "knowledge",
    .description = "Collections of documents that are searched with the memory: lists them, reads a file or folder of the workspace in as "
                   "a new one, or reads one in again.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"list\",\"add\",\"sync\"]},"
              "\"name\":{\"type\":\"string\",\"description\":\"The collection's name\"},"
              "\"path\":{\"type\":\"string\",\"description\":\"add: a file or folder, relative to the workspace\"},"
              "\"watch\":{\"type\":\"boolean\",\"description\":\"add: keep it up to date as files change\"},"
              "\"rows\":{\"type\":\"boolean\",\"description\":\"add: a table, CSV or JSON, whose rows are kept as rows\"}}}",
    .risk = RISK_WRITE, .reads = READS_NOTHING, .run = knowledge_run,
};
