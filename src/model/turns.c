// SPDX-License-Identifier: Apache-2.0
#include "model/turns.h"

bool turns_is_assistant(const struct chat_message *m)
{
    return m->role == ROLE_ASSISTANT;
}

static bool is_silent(const struct chat_message *m)
{
    return turns_is_assistant(m) && m->n_calls == 0 && str_trim(m->text).len == 0;
}

size_t turns_first(const struct prompt *p)
{
    size_t i = 0;

    while (i < p->n_messages && (p->messages[i].role == ROLE_SYSTEM || is_silent(&p->messages[i])))
        i++;
    return i;
}

size_t turns_end(const struct prompt *p, size_t from)
{
    const struct chat_message *m = p->messages;
    size_t i = from;

    while (i < p->n_messages && (is_silent(&m[i]) || turns_is_assistant(&m[i]) == turns_is_assistant(&m[from])))
        i++;
    return i;
}

str turns_tool_of_result(const struct prompt *p, size_t result)
{
    for (size_t i = result; i-- > 0; )
        for (size_t k = 0; k < p->messages[i].n_calls; k++)
            if (str_eq(p->messages[i].calls[k].id, p->messages[result].call_id))
                return p->messages[i].calls[k].name;
    return S("");
}
