// SPDX-License-Identifier: Apache-2.0
/* tool_host.h: what the gateway lends to the tools of tools.def, which live here because they drive it. */
#pragma once
#include "domain/tool.h"
#include "gateway/gateway.h"

struct tool_host {
    struct gateway *gateway;
    const struct agent *agent;  /* who asks for the call; NULL: the one of the main settings */
    struct purse   *purse;      /* agent/purse.h: of the agent whose call it is; NULL: of a person's turn */
    unsigned        depth;      /* 0: a person's turn; 1: an agent that it started; 2: an agent of that one */
};

/* Of the agent, for bills. */
str  tool_host_agent(const struct tool_host *);
/* The tools that whoever asks for the call has at most (agent/turn_tools.h). */
const struct string_list *tool_host_tools(const struct tool_host *);

/* Adds tools.def to the registry; before any turn, any number of times. */
void gateway_register_tools(void);
