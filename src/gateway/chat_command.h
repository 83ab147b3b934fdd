// SPDX-License-Identifier: Apache-2.0
/* chat_command.h: what a chat command is given.  A command is a row in chat_commands.def and a function chat_command_NAME(), in
 * commands.c or in the file of what it is about.  What it says is the answer; an error is one of the whole message. */
#pragma once
#include "gateway/answer.h"

struct command_call {
    struct gateway *gateway;
    struct answer  *answer;
    str             arguments;      /* what stands behind the command, trimmed */
    bool            chinese;        /* the person writes Chinese */
};

void command_say(struct command_call *, str text);
/* In a group, what holds for all: only who may decide for others may change it. */
bool command_may_change(const struct command_call *);

#define CHAT_COMMAND(name, arguments, english, chinese) enum err chat_command_##name(struct command_call *) AWAITS MUST_USE;
#include "domain/chat_commands.def"
#undef CHAT_COMMAND
