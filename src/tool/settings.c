// SPDX-License-Identifier: Apache-2.0
#include "tool/settings.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "config/config.h"
#include "tool/backend.h"

struct sandbox_limits sandbox_limits_now(void)
{
    const struct config *c = config_now();

    return (struct sandbox_limits){
        .memory = c->sandbox_memory, .tmp_size = c->sandbox_tmp_size, .file_size = c->sandbox_file_size,
        .output = c->sandbox_output, .cpu_ms = c->sandbox_cpu_time, .cpu_share = c->sandbox_cpu_share,
        .wall_ms = c->sandbox_wall_time,
        .processes = c->sandbox_processes < UINT_MAX ? (unsigned)c->sandbox_processes : UINT_MAX,
    };
}

/* The option allows only names of guarantees, so a name that is none is a disagreement between two of our tables. */
unsigned sandbox_required_now(void)
{
    const struct string_list *names = &config_now()->sandbox_require;
    unsigned set = 0;
    enum err e = guarantees_parse(names->items, names->n, &set);

    assert(e == OK);
    return set;
}

static enum err parse_rules(struct arena *a, const struct string_list *texts, const char *option, struct egress_rule **out)
{
    struct egress_rule *rules = arena_alloc(a, (texts->n + 1) * sizeof *rules);

    for (size_t i = 0; i < texts->n; i++)
        if (egress_rule_parse(a, str_from(texts->items[i]), &rules[i]))
            return failed_in(ERR_INPUT, "%s: ", option);
    *out = rules;
    return OK;
}

static enum err parse_network(struct arena *a, const struct config *c, struct egress_policy *p)
{
    TRY(parse_rules(a, &c->sandbox_network_allow, "sandbox.network.allow", &p->allow));
    TRY(parse_rules(a, &c->sandbox_network_private_hosts, "sandbox.network.private_hosts", &p->private_hosts));
    if (egress_secrets_parse(a, c->sandbox_network_secrets, &p->secrets, &p->n_secrets))
        return failed_in(ERR_INPUT, "sandbox.network.secrets: ");
    p->n_allow = c->sandbox_network_allow.n;
    p->n_private = c->sandbox_network_private_hosts.n;
    p->connections = c->sandbox_network_connections;
    p->bytes = c->sandbox_network_bytes;
    p->idle_ms = c->sandbox_network_idle_timeout;
    return OK;
}

enum err sandbox_network_now(const struct tool_context *cx, const struct egress_options **out)
{
    const struct config *c = config_now();
    struct egress_options *o;

    *out = NULL;
    if (c->sandbox_network_allow.n == 0)
        return OK;
    o = ARENA_NEW(cx->arena, struct egress_options);
    *o = (struct egress_options){ .person = arena_str(cx->arena, cx->person.id), .platform = arena_str(cx->arena, cx->platform),
                                  .session_id = arena_str(cx->arena, cx->session_id), .call_id = arena_str(cx->arena, cx->call_id) };
    TRY(parse_network(cx->arena, c, &o->policy));
    *out = o;
    return OK;
}

const char *sandbox_network_text(struct arena *a)
{
    size_t n = config_now()->sandbox_network_allow.n;
    struct egress_policy ignored;

    if (sandbox_backend() == &sandbox_none)
        return "the whole network of this machine (sandbox.backend none)";
    if (n == 0)
        return "no network";
    if (parse_network(a, config_now(), &ignored))
        return arena_printf(a, "no network, and no command is run: %s", failed_text());
    return arena_printf(a, "no network but the proxy to %zu host%s (sandbox.network.allow)", n, n == 1 ? "" : "s");
}

bool tool_is_enabled(const char *name)
{
    const struct string_list *names = &config_now()->sandbox_enabled;

    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}
