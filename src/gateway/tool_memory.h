// SPDX-License-Identifier: Apache-2.0
/* tool_memory.h: what the tools memory_search, memory_save and memory_forget have in common. */
#pragma once
#include "gateway/memory_act.h"
#include "gateway/tool_host.h"

/* For whom the tool is called. */
enum err tool_memory_actor(const struct tool_context *, struct memory_actor *out) AWAITS MUST_USE;

/* "2026-01-31", a time of RFC 3339, or a duration from now into that direction; "": 0. */
enum memory_direction { MEMORY_PAST, MEMORY_FUTURE };
enum err tool_memory_time(str text, enum memory_direction, int64_t *out) MUST_USE;
