// SPDX-License-Identifier: Apache-2.0
/* scope.h: whose a memory is.  Every item is in exactly one partition, a scope and a collection, and its id begins with the partition's:
 * nothing is ever looked for but in partitions that were named, so what is not named cannot be found. */
#pragma once
#include "base/arena.h"

enum scope_kind { SCOPE_USER, SCOPE_AGENT, SCOPE_CHAT, SCOPE_PROJECT, SCOPE_GLOBAL, N_SCOPE_KINDS };

/* key: a person's id; an agent's name ("": the one of the main settings); platform/chat/thread (scope_chat_key()); a project's name;
 * "" of global. */
struct scope { enum scope_kind kind; str key; };

const char *scope_kind_name(enum scope_kind);           /* user, agent, chat, project, global */
bool        scope_kind_parse(str, enum scope_kind *out);
bool        scope_eq(struct scope, struct scope);
/* One chat, one key: the parts are escaped, so that no other three parts make the same. */
str         scope_chat_key(struct arena *, str platform, str chat_id, str thread_id);
/* "user:alice", "global"; for people and for logs. */
str         scope_text(struct arena *, struct scope);
/* The same read back.  ERR_INPUT says which scopes there are. */
enum err    scope_parse(struct arena *, str, struct scope *out) MUST_USE;
