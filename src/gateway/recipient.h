// SPDX-License-Identifier: Apache-2.0
/* recipient.h: to whom the assistant may write by itself: a conversation that there is, or a paired person's private
 * chat.  The owner's words reach all of them, everybody else's their own chats, the one they ask from, and the owner. */
#pragma once
#include "domain/tool.h"
#include "gateway/gateway.h"

struct recipient { str platform, chat_id, thread_id, agent; };

/* What the owner of this machine means: as recipient_find, and behind it any chat of a configured platform, by its id there or by
 * the name that people call it ("slack:#alerts"). */
enum err recipient_find_any(struct gateway *, struct arena *, str to, struct recipient *out) AWAITS MUST_USE;

/* to: "owner", "PLATFORM:CHAT", a conversation's id, or a person by name or id, with "PLATFORM:" before it where one
 * platform is meant.  Of several chats of a person the one used last.
 * ERR_NOT_FOUND: there is none, or not for this person; ERR_CONFLICT: the name is of several people. */
enum err recipient_find(struct gateway *, const struct tool_context *, str to, struct recipient *out) AWAITS MUST_USE;
