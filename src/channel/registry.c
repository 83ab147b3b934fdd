// SPDX-License-Identifier: Apache-2.0
#include "channel/registry.h"

#include <assert.h>

#define CHANNEL(id) extern const struct channel channel_##id;
#include "channel/channels.def"
#undef CHANNEL

#define CHANNEL(id) &channel_##id,
static const struct channel *const channels[] = {
#include "channel/channels.def"
};
#undef CHANNEL

enum { FOR_TEST_MAX = 4 };

static const struct channel *for_test[FOR_TEST_MAX];
static size_t n_for_test;

const struct channel *channel_find(str name)
{
    const struct channel *c;

    for (size_t i = 0; (c = channel_at(i)); i++)
        if (str_eq(name, str_from(c->name)))
            return c;
    return NULL;
}

const struct channel *channel_at(size_t index)
{
    if (index < N_ELEMENTS(channels))
        return channels[index];
    index -= N_ELEMENTS(channels);
    return index < n_for_test ? for_test[index] : NULL;
}

bool channel_sends(const struct channel *c)
{
    return c && (c->encode || c->send);
}

void channel_add_for_test(const struct channel *c)
{
    size_t i = 0;

    if (c == NULL) {
        n_for_test = 0;
        return;
    }
    while (i < n_for_test && !str_eq(str_from(for_test[i]->name), str_from(c->name)))
        i++;
    assert(i < FOR_TEST_MAX);
    for_test[i] = c;
    n_for_test += i == n_for_test;
}
