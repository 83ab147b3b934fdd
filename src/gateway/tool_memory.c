// SPDX-License-Identifier: Apache-2.0
#include "gateway/tool_memory.h"

#include <stdio.h>

#include "base/time.h"
#include "runtime/clock.h"

enum err tool_memory_actor(const struct tool_context *cx, struct memory_actor *out)
{
    *out = (struct memory_actor){
        .gateway = cx->host->gateway, .arena = cx->arena, .person = cx->person, .session_id = cx->session_id, .inbox_id = cx->inbox_id,
        .taint = cx->taint, .origin = ORIGIN_ASSISTANT,
    };
    return memory_actor_begin(out);
}

enum err tool_memory_time(str text, enum memory_direction direction, int64_t *out)
{
    char day[TIME_TEXT_SIZE];
    uint64_t ms;

    text = str_trim(text);
    *out = 0;
    if (text.len == 0 || time_parse(text, out) == OK)
        return OK;
    snprintf(day, sizeof day, "%.*sT00:00:00Z", STR(str_take(text, 10)));
    if (text.len == 10 && time_parse(str_from(day), out) == OK)
        return OK;
    if (duration_parse(text, &ms))
        return failed(ERR_INPUT, "\"%.*s\" is no time: write a date (2026-01-31), or how long (30d)", STR(str_take(text, 40)));
    *out = clock_wall_ms() + (direction == MEMORY_PAST ? -(int64_t)ms : (int64_t)ms);
    return OK;
}
