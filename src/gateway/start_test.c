// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "gateway/start.h"
#include "store/lock.h"
#include "store/test_home.h"

TEST(a_gateway_that_cannot_start_says_why)
{
    static const struct { bool locked; const char *damaged, *workspace; enum err want; const char *says; } cases[] = {
        { true,  NULL,          "workspace",     ERR_CONFLICT, "already uses" },
        { false, "clawdbot.db", "workspace",     ERR_IO,       "clawdbot.db: sqlite: file is not a database" },
        { false, "memory.db",   "workspace",     ERR_IO,       "move it away to begin with an empty memory" },
        { false, NULL,          "/proc/nowhere", ERR_IO,       "not a folder we can write" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct gateway_options o = { .version = "test", .quiet = true };
        struct test_home home = home_folder();
        struct home_lock *lock = NULL;
        const char *workspace = arena_printf(home.arena, "workspace.path=%s%s", cases[i].workspace[0] == '/' ? "" : home_path(&home, ""),
                                             cases[i].workspace);
        FILE *f = cases[i].damaged ? fopen(home_path(&home, cases[i].damaged), "w") : NULL;

        if (f) {
            fputs("this is no database, and long enough to be looked at by whoever expects one to begin here", f);
            fclose(f);
        }
        CHECK_OK(config_load_for_test(home.folder, (const char *[]){ "server.port=0", "model_provider.detect=false",
                                                                     workspace, NULL }));
        if (cases[i].locked)
            CHECK_OK(home_lock_take(home.folder, &lock));
        CHECK_ERR(gateway_run(&o), cases[i].want);
        CHECK(strstr(failed_text(), cases[i].says));
        home_lock_free(lock);
        home_done(&home);
    }
}

static void write_as_newer(const char *path)
{
    sqlite3 *db;

    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "INSERT INTO migrations VALUES (9999, 'later', '')", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

TEST(a_memory_of_a_newer_program_is_not_touched)
{
    struct gateway_options o = { .version = "test", .quiet = true };
    struct test_home home = home_folder();
    const char *path = home_path(&home, "memory.db");
    struct stat before, after;
    struct store *store;

    CHECK_OK(store_open(&(struct store_options){ .url = path, .schema = STORE_MEMORY }, &store));
    store_close(store);
    write_as_newer(path);
    CHECK(stat(path, &before) == 0);
    CHECK_OK(config_load_for_test(home.folder, (const char *[]){ "server.port=0", "model_provider.detect=false", NULL }));
    CHECK_ERR(gateway_run(&o), ERR_CONFLICT);
    CHECK(strstr(failed_text(), "newer clawdbot"));
    CHECK(strstr(failed_text(), "empty memory"));
    CHECK(stat(path, &after) == 0);
    CHECK_INT(after.st_size, before.st_size);
    home_done(&home);
}
