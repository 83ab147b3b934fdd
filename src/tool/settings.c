// SPDX-License-Identifier: Apache-2.0
#include "tool/settings.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "config/config.h"

struct sandbox_limits sandbox_limits_now(void)
{
    const struct config *c = config_now();

    return (struct sandbox_limits){
        .memory = c->sandbox_memory, .tmp_size = c->sandbox_tmp_size, .file_size = c->sandbox_file_size,
        .output = c->sandbox_output, .cpu_ms = c->sandbox_cpu_time, .wall_ms = c->sandbox_wall_time,
        .processes = c->sandbox_processes < UINT_MAX ? (unsigned)c->sandbox_processes : UINT_MAX,
    };
}

/* The option allows only names of guarantees, so a name that is none is a disagreement between two of our tables. */
unsigned sandbox_required_now(void)
{
    const struct string_list *names = &config_now()->sandbox_require;
    unsigned set = 0;
    enum err e = guarantees_parse(names->items, names->n, &set);

    assert(e == OK);
    return set;
}

bool tool_is_enabled(const char *name)
{
    const struct string_list *names = &config_now()->sandbox_enabled;

    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}
