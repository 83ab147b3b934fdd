// SPDX-License-Identifier: Apache-2.0
/* ask TEXT: model_find() and complete() on a command line, for tests against servers that others wrote.  The model is
 * found as the program does it: OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL, or a local server.  One tool is offered,
 * get_weather, whose result is always "sunny in CITY".  Prints one JSON line an event:
 *   {"model": name, "source": where}   {"delta": text}   {"reply": as the journal has it}   {"error": code, "text": ...} */
#include <stdio.h>
#include <stdlib.h>

#include "domain/tool.h"
#include "model/detect.h"
#include "net/client.h"
#include "runtime/loop.h"

enum { MESSAGES_MAX = 64 };

static const struct tool weather = {
    .name = "get_weather", .description = "Tells the weather in a city.",
    .schema = "{\"type\":\"object\",\"required\":[\"city\"],\"properties\":{\"city\":{\"type\":\"string\"}}}",
};

struct talk {
    struct arena       *arena;
    struct chat_message messages[MESSAGES_MAX];
    size_t              n;
};

static void print_line(json_t *j)
{
    json_dumpf(j, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(j);
}

static void show(void *arg, str text)
{
    (void)arg;
    print_line(json_pack("{s:o}", "delta", json_from_str(text)));
}

static void say(struct talk *t, struct chat_message m)
{
    if (t->n == MESSAGES_MAX)
        exit(3);
    t->messages[t->n++] = m;
}

static enum err run_call(struct talk *t, const struct tool_call *c)
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;

    TRY(json_parse(c->arguments, &arguments));
    TRY(tool_check_arguments(&weather, arguments));
    say(t, (struct chat_message){ .role = ROLE_TOOL, .call_id = c->id,
                                  .text = str_from(arena_printf(t->arena, "sunny in %s", json_text(arguments, "city"))) });
    return OK;
}

static enum err talk(struct talk *t, const char *text) AWAITS
{
    const struct tool *const tools[] = { &weather };
    const struct completion_options options = { .on_delta = show, .first_token_ms = 2000, .idle_ms = 1000 };
    struct model m;
    struct reply r;

    TRY(model_find(t->arena, &(struct model_settings){ 0 }, &m));
    print_line(json_pack("{s:s, s:s}", "model", m.name, "source", m.source));
    say(t, (struct chat_message){ .role = ROLE_SYSTEM, .text = S("Be brief.") });
    say(t, (struct chat_message){ .role = ROLE_USER, .text = str_from(text) });
    do {
        struct prompt p = { .messages = t->messages, .n_messages = t->n, .tools = tools, .n_tools = 1, .temperature = -1 };

        TRY(complete(&m, t->arena, &p, &options, &r));
        print_line(json_pack("{s:o}", "reply", reply_to_json(&r)));
        say(t, (struct chat_message){ .role = ROLE_ASSISTANT, .text = r.text, .calls = r.calls, .n_calls = r.n_calls });
        for (size_t i = 0; i < r.n_calls; i++)
            TRY(run_call(t, &r.calls[i]));
    } while (r.n_calls);
    return OK;
}

static enum err run(void *text) AWAITS
{
    struct talk t = { .arena = arena_new() };
    enum err e = talk(&t, text);

    if (e)
        print_line(json_pack("{s:s, s:s}", "error", err_name(e), "text", failed_text()));
    arena_free(t.arena);
    http_client_stop();
    return OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: ask TEXT\n");
        return 2;
    }
    return loop_run(NULL, run, argv[1]) != OK;
}
