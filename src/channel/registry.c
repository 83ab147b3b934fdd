// SPDX-License-Identifier: Apache-2.0
#include "channel/registry.h"

#define CHANNEL(id) extern const struct channel channel_##id;
#include "channel/channels.def"
#undef CHANNEL

#define CHANNEL(id) &channel_##id,
static const struct channel *const channels[] = {
#include "channel/channels.def"
};
#undef CHANNEL

static const struct channel *for_test;

const struct channel *channel_find(str name)
{
    if (for_test && str_eq(name, str_from(for_test->name)))
        return for_test;
    for (size_t i = 0; i < N_ELEMENTS(channels); i++)
        if (str_eq(name, str_from(channels[i]->name)))
            return channels[i];
    return NULL;
}

const struct channel *channel_at(size_t index)
{
    return index < N_ELEMENTS(channels) ? channels[index] : NULL;
}

void channel_add_for_test(const struct channel *c)
{
    for_test = c;
}
