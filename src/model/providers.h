// SPDX-License-Identifier: Apache-2.0
/* providers.h: the model APIs that are built in, by name: the rows of providers.def. */
#pragma once
#include "domain/provider.h"

#define PROVIDER(id) extern const struct provider provider_##id;
#include "model/providers.def"
#undef PROVIDER

const struct provider *provider_named(str name);    /* NULL: there is none */
const char *provider_nearest(str name);             /* NULL: none is spelt nearly so */
