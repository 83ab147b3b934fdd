// SPDX-License-Identifier: Apache-2.0
/* agents: the assistants of the settings; no gateway is needed. */
#include "base/json.h"
#include "cli/cli.h"
#include "gateway/agents.h"
#include "gateway/tool_host.h"

static json_t *list_json(const struct string_list *l)
{
    json_t *j = json_array();

    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(j, json_string(l->items[i]));
    return j;
}

static json_t *agent_json(const struct agent *g)
{
    json_t *routes = json_array();

    for (size_t i = 0; i < g->n_routes; i++) {
        const struct agent_route *r = &g->routes[i];

        json_array_append_new(routes, json_pack("{s:o, s:o, s:o}", "platform", json_from_str(r->platform), "chat",
                                                json_from_str(r->chat), "user", json_from_str(r->user)));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "name", json_from_str(g->name), "persona", json_from_str(g->persona), "model",
                     list_json(&g->models), "tools", list_json(&g->tools), "workspace", g->workspace, "routes", routes);
}

static void print_list(const char *what, const struct string_list *l, const char *otherwise)
{
    printf("  %-10s", what);
    for (size_t i = 0; i < l->n; i++)
        printf("%s%s", i ? ", " : "", l->items[i]);
    puts(l->n ? "" : otherwise);
}

static void print_field(const char *name, str text)
{
    if (text.len == 0)
        return;
    printf(" %s ", name);
    cli_print_text(stdout, text);
}

static void print_agent(const struct agent *g)
{
    printf("%.*s\n", STR(g->name));
    print_list("model", &g->models, "as the main settings say");
    print_list("tools", &g->tools, "all that a person may use");
    printf("  %-10s%s\n", "workspace", g->workspace);
    for (size_t i = 0; i < g->n_routes; i++) {
        printf("  %-10s", "answers");
        print_field("platform", g->routes[i].platform);
        print_field("chat", g->routes[i].chat);
        print_field("user", g->routes[i].user);
        putchar('\n');
    }
}

enum err command_agents(struct cli *c)
{
    struct agent_list all;

    TRY(cli_want_words(c, 0, 0));
    TRY(cli_load_config(c));
    gateway_register_tools();
    TRY(agents_read(c->arena, config_now()->agents, config_now()->home, &all));
    if (c->json) {
        CLEANUP(json_decrefp) json_t *list = json_array();

        for (size_t i = 0; i < all.n; i++)
            json_array_append_new(list, agent_json(&all.agents[i]));
        cli_print_json(list);
        return OK;
    }
    for (size_t i = 0; i < all.n; i++)
        print_agent(&all.agents[i]);
    if (all.n == 0)
        puts("There is only the assistant of the main settings: `agents` of the configuration has no others.");
    return OK;
}
