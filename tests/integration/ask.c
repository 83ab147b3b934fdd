// SPDX-License-Identifier: Apache-2.0
/* ask TEXT: complete() on a command line, for tests against servers that others wrote.  The model is found as the program
 * does it: OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL, or a local server.  With ASK_API, the name of a provider, it is the one
 * of ASK_MODEL at ASK_URL with ASK_KEY.  ASK_EFFORT, ASK_SCHEMA and ASK_ONE_CALL are the prompt's fields, ASK_TRIES=1 tries once,
 * ASK_QUIRKS is what is known of the model beforehand, in bits of the provider's own.  One tool is offered, get_weather, whose result is always "sunny in CITY".  `ask embed TEXT` and `ask list` instead ask for a vector and for the models.
 * Prints one JSON line an event:
 *   {"model": name, "source": where}   {"delta": text}   {"reply": as the journal has it}   {"error": code, "text": ...}
 *   {"vector": [...], "tokens": n}   {"models": [...]} */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/tool.h"
#include "model/detect.h"
#include "model/embed.h"
#include "model/providers.h"
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

/* "" where the variable is not set. */
static str from_environment(const char *name)
{
    const char *value = getenv(name);

    return str_from(value ? value : "");
}

static enum err find_model(struct arena *a, struct model *out) AWAITS
{
    str api = from_environment("ASK_API");

    if (api.len == 0)
        return model_find(a, &(struct model_settings){ 0 }, out);
    const struct provider *p = provider_named(api);

    if (p) {
        *out = (struct model){ .provider = p, .name = from_environment("ASK_MODEL").p, .source = "ASK_API",
                               .target = { .endpoint = from_environment("ASK_URL").p, .api_key = getenv("ASK_KEY"),
                                           .quirks = (unsigned)strtoul(from_environment("ASK_QUIRKS").p, NULL, 0) } };
        return OK;
    }
    return failed(ERR_INPUT, "there is no provider %s", api.p);
}

static enum err talk(struct talk *t, struct model *m, const char *text) AWAITS
{
    const struct tool *const tools[] = { &weather };
    const struct completion_options options = { .on_delta = show, .first_token_ms = 2000, .idle_ms = 1000,
                                              .tries = getenv("ASK_TRIES") ? 1 : 0 };
    struct reply r;

    say(t, (struct chat_message){ .role = ROLE_SYSTEM, .text = S("Be brief.") });
    say(t, (struct chat_message){ .role = ROLE_USER, .text = str_from(text) });
    do {
        struct prompt p = { .messages = t->messages, .n_messages = t->n, .tools = tools, .n_tools = 1, .temperature = -1,
                            .effort = from_environment("ASK_EFFORT"), .schema = from_environment("ASK_SCHEMA"),
                            .one_call = getenv("ASK_ONE_CALL") != NULL };

        TRY(complete(m, t->arena, &p, &options, &r));
        print_line(json_pack("{s:o}", "reply", reply_to_json(&r)));
        say(t, (struct chat_message){ .role = ROLE_ASSISTANT, .text = r.text, .calls = r.calls, .n_calls = r.n_calls,
                                      .reasoning = r.reasoning, .kept = r.kept });
        for (size_t i = 0; i < r.n_calls; i++)
            TRY(run_call(t, &r.calls[i]));
    } while (r.n_calls);
    return OK;
}

static enum err embed(struct arena *a, struct model *m, const char *text) AWAITS
{
    const str texts[] = { str_from(text) };
    struct embeddings e;

    TRY(model_embed(m, a, texts, 1, 0, &e));
    json_t *vector = json_array();

    for (size_t i = 0; i < e.n * e.dimension; i++)
        json_array_append_new(vector, json_real((double)e.values[i]));
    print_line(json_pack("{s:o, s:I}", "vector", vector, "tokens", (json_int_t)e.tokens));
    return OK;
}

static enum err list(struct arena *a, const struct model *m) AWAITS
{
    json_t *all = json_array();
    const char **names;
    size_t n;

    TRY(model_list(a, m, &names, &n));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, json_string(names[i]));
    print_line(json_pack("{s:o}", "models", all));
    return OK;
}

static enum err ask(struct talk *t, char **words) AWAITS
{
    struct model m;

    TRY(find_model(t->arena, &m));
    print_line(json_pack("{s:s, s:s}", "model", m.name, "source", m.source));
    if (words[1] && strcmp(words[0], "embed") == 0)
        return embed(t->arena, &m, words[1]);
    if (strcmp(words[0], "list") == 0)
        return list(t->arena, &m);
    return talk(t, &m, words[0]);
}

static enum err run(void *words) AWAITS
{
    struct talk t = { .arena = arena_new() };
    enum err e = ask(&t, words);

    if (e)
        print_line(json_pack("{s:s, s:s}", "error", err_name(e), "text", failed_text()));
    arena_free(t.arena);
    http_client_stop();
    return OK;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: ask TEXT | embed TEXT | list\n");
        return 2;
    }
    return loop_run(NULL, run, argv + 1) != OK;
}
