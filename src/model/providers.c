// SPDX-License-Identifier: Apache-2.0
#include "model/providers.h"

#include "config/options.h"

static const struct provider *const all[] = {
#define PROVIDER(id) &provider_##id,
#include "model/providers.def"
#undef PROVIDER
};

const struct provider *provider_named(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(all); i++)
        if (str_eq(name, str_from(all[i]->name)))
            return all[i];
    return NULL;
}

const char *provider_nearest(str name)
{
    const char *names[N_ELEMENTS(all)];

    for (size_t i = 0; i < N_ELEMENTS(all); i++)
        names[i] = all[i]->name;
    return name_nearest(name, names, N_ELEMENTS(all));
}
