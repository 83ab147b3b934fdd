// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <unistd.h>

#include "config/config.h"
#include "gateway/start.h"
#include "store/lock.h"
#include "store/test_home.h"

TEST(a_gateway_that_cannot_start_says_why)
{
    static const struct { bool locked, damaged; const char *workspace; enum err want; } cases[] = {
        { true,  false, "workspace",     ERR_CONFLICT },
        { false, true,  "workspace",     ERR_IO       },
        { false, false, "/proc/nowhere", ERR_IO       },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct gateway_options o = { .version = "test", .quiet = true };
        struct test_home home = home_folder();
        struct home_lock *lock = NULL;
        const char *workspace = arena_printf(home.arena, "workspace.path=%s", cases[i].workspace);
        FILE *f = cases[i].damaged ? fopen(home_path(&home, "clawdbot.db"), "w") : NULL;

        if (f) {
            fputs("this is no database, and long enough to be looked at by whoever expects one to begin here", f);
            fclose(f);
        }
        CHECK_OK(config_load_for_test(home.folder, (const char *[]){ "server.port=0", "model_provider.detect=false",
                                                                     workspace, NULL }));
        if (cases[i].locked)
            CHECK_OK(home_lock_take(home.folder, &lock));
        CHECK_ERR(gateway_run(&o), cases[i].want);
        CHECK(failed_text()[0]);
        home_lock_free(lock);
        home_done(&home);
    }
}
