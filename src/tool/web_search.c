// SPDX-License-Identifier: Apache-2.0
/* web_search.c: asks one provider after another, in the order of the configuration, until one answers. */
#include <string.h>

#include "base/utf8.h"
#include "config/config.h"
#include "runtime/fiber.h"
#include "tool/file_job.h"
#include "tool/search.h"

enum { COUNT = 8, WAIT_MS = 15000, ANSWER_MAX = 4 << 20 };

static struct search_target target_of(const struct search_provider *p)
{
    const struct config *c = config_now();

    if (strcmp(p->name, "searxng") == 0)
        return (struct search_target){ c->web_search_searxng_endpoint, "" };
    if (strcmp(p->name, "brave") == 0)
        return (struct search_target){ c->web_search_brave_endpoint, c->web_search_brave_api_key };
    if (strcmp(p->name, "tavily") == 0)
        return (struct search_target){ c->web_search_tavily_endpoint, c->web_search_tavily_api_key };
    return (struct search_target){ c->web_search_bing_endpoint, c->web_search_bing_api_key };
}

static bool is_configured(const struct search_provider *p)
{
    struct search_target t = target_of(p);

    return *t.endpoint && (!p->key_field || *t.api_key);
}

static enum err ask(const struct search_provider *p, struct arena *a, str question, unsigned count, struct buf *out) AWAITS
{
    struct search_target t = target_of(p);
    struct http_response answer;
    struct http_request rq;
    enum err e;

    TRY(search_request(p, a, &t, question, count, &rq));
    rq.first_byte_timeout_ms = rq.idle_timeout_ms = WAIT_MS;
    rq.max_body = ANSWER_MAX;
    e = http_fetch(a, &rq, &answer, NULL);
    if (e)
        return failed_in(e, "%s: ", p->name);
    return search_decode(p, answer.status, answer.body, count, out);
}

static void add_how_to_configure(struct buf *out)
{
    buf_add(out, S("no search provider is configured. The owner sets one of"));
    for (size_t i = 0; i < n_search_providers; i++)
        buf_addf(out, "%s %s", i ? "," : "", search_providers[i].needs);
    buf_add(out, S(" (and tools.web_search.provider for their order)"));
}

static struct tool_result finish(const struct tool_context *cx, const struct search_provider *p, const struct buf *found)
{
    CLEANUP(buf_done) struct buf clean = {0};
    str text = found->len ? buf_str(found) : S("nothing was found");

    utf8_add_repaired(&clean, text);
    return (struct tool_result){ .text = arena_str(cx->arena, buf_str(&clean)),
                                 .taint = str_from(arena_printf(cx->arena, "search results of %s", p->name)) };
}

static enum err web_search_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    const struct string_list *order = &config_now()->web_search_provider;
    CLEANUP(buf_done) struct buf found = {0}, reasons = {0};
    bool passes = false;
    str question = str_trim(json_text_str(arguments, "query"));
    unsigned count = (unsigned)json_int(arguments, "count", COUNT);

    if (question.len == 0) {
        *out = tool_refusal(cx, "query: it is empty");
        return OK;
    }
    for (size_t i = 0; i < order->n; i++) {
        const struct search_provider *p = search_find(str_from(order->items[i]));

        if (p == NULL || !is_configured(p))
            continue;
        enum err e = ask(p, cx->arena, question, count, &found);

        if (e == OK) {
            *out = finish(cx, p, &found);
            return OK;
        }
        TRY(fiber_check());
        passes |= e == ERR_NET || e == ERR_TIMEOUT;
        buf_addf(&reasons, "%s%s", reasons.len ? "; " : "", failed_text());
    }
    bool asked = reasons.len > 0;

    if (!asked)
        add_how_to_configure(&reasons);
    *out = tool_refusal(cx, "%s", buf_c(&reasons));
    out->transient = passes;
    out->taint = asked ? S("search results") : NO_STR;      /* why not is a provider's words too */
    return OK;
}

const struct tool tool_web_search = {
    .name = "web_search",
    .description = "Searches the web; gives titles, addresses and snippets. http_fetch reads what was found.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"query\"],\"properties\":{"
              "\"query\":{\"type\":\"string\",\"description\":\"What to search for\"},"
              "\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":20,\"description\":\"Most results; 8 if absent\"}}}",
    .risk = RISK_OUTSIDE, .repeatable = true, .run = web_search_run,
};
