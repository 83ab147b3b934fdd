// SPDX-License-Identifier: Apache-2.0
/* presets.h: servers of models that are known by name, the rows of presets.def: with a preset's name and a key, nothing else of
 * a server has to be configured.  A row says only what its page says. */
#pragma once
#include "base/str.h"

struct preset {
    const char *name;           /* "deepseek" */
    const char *api;            /* which struct provider speaks with it */
    /* Base URL with version path.  "{resource}" in it: everybody has a server of his own, which has to be configured.
     * "{model}": the model's name is a part of the address. */
    const char *endpoint;
    const char *key_variable;   /* of the environment; NULL: it asks for no key */
    const char *key_field, *query;      /* as in struct model_target */
    unsigned    quirks;
    const char *page;           /* of its documentation */
};

extern const struct preset presets[];
extern const size_t n_presets;

const struct preset *preset_named(str name);    /* NULL: there is none */
const char          *preset_nearest(str name);  /* NULL: none is spelt nearly so */
/* Whose server this is, by scheme, host, port, and path where it has one; NULL: nobody's, or one of this machine, where any server
 * may be. */
const struct preset *preset_at(const char *endpoint);
/* The key in the environment; NULL: none is there. */
const char          *preset_key(const struct preset *);
