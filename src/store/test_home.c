// SPDX-License-Identifier: Apache-2.0
#include "store/test_home.h"

#include <ftw.h>
#include <stdlib.h>

#include "base/test.h"

struct test_home home_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    struct test_home h = { .arena = arena_new() };

    snprintf(h.folder, sizeof h.folder, "%s/clawdbot-test-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(h.folder));
    return h;
}

struct test_home home_new(void)
{
    struct test_home h = home_folder();

    home_reopen(&h);
    return h;
}

void home_close(struct test_home *h)
{
    store_close(h->store);
    h->store = NULL;
}

void home_reopen(struct test_home *h)
{
    home_close(h);
    CHECK_OK(store_open(&(struct store_options){ .url = home_path(h, "clawdbot.db") }, &h->store));
}

char *home_path(struct test_home *h, const char *name)
{
    return arena_printf(h->arena, "%s/%s", h->folder, name);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void home_done(struct test_home *h)
{
    home_close(h);
    nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(h->arena);
}
