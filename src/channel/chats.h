// SPDX-License-Identifier: Apache-2.0
/* chats.h: what the settings say of single chats (`chats`): who answers there, who reads first, and whether it is answered at all.
 * The first row that fits counts; one without `chat` is for all of its platform. */
#pragma once
#include "domain/message.h"

/* In groups: only who speaks to it (as everywhere else), everybody, nobody. */
enum chat_answer { ANSWER_ADDRESSED, ANSWER_ALL, ANSWER_NEVER };
enum chat_answer chats_answer(str platform, str chat_id);
/* Is it kept?  A channel says of a message only whether it was `overheard`; what nobody wants goes no further than
 * host->receive.  To be asked earlier only where keeping costs something (a file, a name that is asked for). */
bool     chats_wants(const struct message *);
/* Is there a chat of this platform where everybody is answered?  For what is asked for that reason only. */
bool     chats_any_all(str platform);
str      chats_agent(str platform, str chat_id);        /* ""; lives as long as the settings */
str      chats_mode(str platform, str chat_id);         /* "auto", "rules", "model", "" */

/* Of the settings in force.  ERR_INPUT: "chats[1].answer: ..." */
enum err chats_check(void) MUST_USE;
