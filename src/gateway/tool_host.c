// SPDX-License-Identifier: Apache-2.0
#include "gateway/tool_host.h"

#include "gateway/agents.h"
#include "tool/registry.h"

#define TOOL(id) extern const struct tool tool_##id;
#include "gateway/tools.def"
#undef TOOL
#define TOOL(id) &tool_##id,
static const struct tool *const tools[] = {
#include "gateway/tools.def"
};
#undef TOOL

str tool_host_agent(const struct tool_host *h)
{
    return h->agent ? h->agent->name : S("");
}

void gateway_register_tools(void)
{
    tools_register(tools, N_ELEMENTS(tools));
}

const struct string_list *tool_host_tools(const struct tool_host *h)
{
    static const struct string_list all = { 0 };

    return h->agent ? &h->agent->tools : &all;
}
