// SPDX-License-Identifier: Apache-2.0
#include "memory/text.h"

#include "base/test.h"
#include "memory/id.h"
#include "store/test_home.h"

struct scene { struct test_home home; struct text text; };

static struct scene scene_new(void) AWAITS
{
    struct scene s = { .home = home_folder() };

    CHECK_OK(store_open(&(struct store_options){ .url = home_path(&s.home, "memory.db"), .schema = STORE_MEMORY }, &s.home.store));
    s.text.store = s.home.store;
    return s;
}

static void scene_done(struct scene *s) AWAITS
{
    text_done(&s->text);
    home_done(&s->home);
}
