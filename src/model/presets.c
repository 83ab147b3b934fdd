// SPDX-License-Identifier: Apache-2.0
#include "model/presets.h"

#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "model/quirks.h"
#include "net/url.h"

const struct preset presets[] = {
#define PRESET(name, api, endpoint, key_variable, key_field, query, quirks, page) \
    { name, api, endpoint, key_variable, key_field, query, quirks, page },
#include "model/presets.def"
#undef PRESET
};
const size_t n_presets = N_ELEMENTS(presets);

const struct preset *preset_named(str name)
{
    for (size_t i = 0; i < n_presets; i++)
        if (str_eq(name, str_from(presets[i].name)))
            return &presets[i];
    return NULL;
}

const char *preset_nearest(str name)
{
    const char *names[N_ELEMENTS(presets)];

    for (size_t i = 0; i < n_presets; i++)
        names[i] = presets[i].name;
    return name_nearest(name, names, n_presets);
}

/* An endpoint without a path is the preset's; one with another path may be another API of the same house. */
static bool is_same_place(const struct url *wanted, const struct url *u)
{
    str path = wanted->path;

    while (str_ends(path, S("/")))
        path.len--;
    return str_eq_nocase(wanted->host, u->host) && wanted->port == u->port && wanted->tls == u->tls
        && (path.len == 0 || str_eq(path, u->path));
}

const struct preset *preset_at(const char *endpoint)
{
    struct url wanted, u;

    if (url_parse(str_from(endpoint), &wanted) || url_is_loopback(&wanted))
        return NULL;
    for (size_t i = 0; i < n_presets; i++)
        if (strchr(presets[i].endpoint, '{') == NULL && url_parse(str_from(presets[i].endpoint), &u) == OK
            && is_same_place(&wanted, &u))
            return &presets[i];
    return NULL;
}

const char *preset_key(const struct preset *p)
{
    const char *key = p->key_variable ? getenv(p->key_variable) : NULL;

    return key && *key ? key : NULL;
}
