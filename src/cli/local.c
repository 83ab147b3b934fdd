// SPDX-License-Identifier: Apache-2.0
#include "cli/local.h"

#include <unistd.h>

#include "store/lock.h"
#include "store/store.h"

static enum err open_store(struct cli *c, enum local_how how, struct local *l) AWAITS
{
    if (!l->has_config)
        TRY(cli_load_config(c));
    const char *url = config_now()->database_url, *path = arena_printf(c->arena, "%s/clawdbot.db", l->home);

    if (how == LOCAL_EXISTING && *url == '\0' && access(path, F_OK))
        return failed(ERR_NOT_FOUND, "%s is made at the gateway's first start", path);
    TRY(home_lock_take(l->home, &l->lock));
    return store_open(&(struct store_options){ .url = *url ? url : path }, &l->store);
}

bool cli_gateway_runs(struct cli *c)
{
    struct config_inputs in;
    const char *home;
    int pid;

    cli_inputs(c, &in);
    return config_home(c->arena, &in, &home) == OK && home_lock_holder(home, &pid) == OK && pid;
}

enum err local_open(struct cli *c, enum local_how how, struct local *l)
{
    struct config_inputs in;
    int pid;

    *l = (struct local){ .has_config = l->has_config };
    cli_inputs(c, &in);
    TRY(config_home(c->arena, &in, &l->home));
    if (home_lock_holder(l->home, &pid) == OK && pid)
        return OK;
    enum err e = open_store(c, how, l);

    if (e)
        local_close(l);
    return e;
}

void local_close(struct local *l)
{
    store_close(l->store);
    home_lock_free(l->lock);
    l->store = NULL;
    l->lock = NULL;
}
