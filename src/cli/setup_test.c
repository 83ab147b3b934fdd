// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/setup.h"

TEST(an_address_is_told_from_a_key_as_people_type_them)
{
    static const struct { const char *typed, *want; } cases[] = {
        { "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1" }, { "localhost:11434", "http://localhost:11434" },
        { "192.168.1.7:8080/v1", "http://192.168.1.7:8080/v1" },      { "[::1]:8080", "http://[::1]:8080" },
        { "api.deepseek.com/v1", "https://api.deepseek.com/v1" },     { "localhost", "http://localhost" },
        { "deepseek", "https://api.deepseek.com/v1" },                { "azure", "" },
        { "sk-proj-aB3_x-Y", "" },                                    { "0123abcdef.SecretPart", "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const char *got = setup_address(a, cases[i].typed);

        CHECK_STR(str_from(got ? got : ""), cases[i].want);
    }
}

/* What is written is what is loaded, whatever it is made of. */
TEST(what_setup_writes_is_what_the_configuration_reads)
{
    static const struct setup_answers cases[] = {
        { "zh", "http://127.0.0.1:11434/v1", "", "llama3:8b" },
        { "auto", "https://h/v1", "sk-'quoted'", "" },
        { "en", "https://h/v1", "${HOME} $${x} # \\ \"", "m: [x]" },
        { "auto", "", "", "" },
    };
    static const char *const no_env[] = { NULL };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(config_report_done) struct config_report r = {0};
        char home[] = "/tmp/clawdbot-setup-XXXXXX";
        struct cli c = { .arena = a };
        struct stat st;
        const char *path;

        CHECK(mkdtemp(home));
        c.given[c.n_given++].flag = &(struct flag){ "", "home", "FOLDER", "" };
        c.given[0].value = home;
        CHECK_OK(setup_write(&c, &cases[i], &path));
        CHECK_OK(setup_write(&c, &cases[i], &path));
        CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
        CHECK_OK(config_load(&(struct config_inputs){ .home = home, .env = no_env }, &r));
        CHECK_STR(str_from(config_now()->language), cases[i].language);
        CHECK_STR(str_from(config_now()->model_provider_endpoint), cases[i].endpoint);
        CHECK_STR(str_from(config_now()->model_provider_api_key), cases[i].api_key);
        CHECK_STR(str_from(config_now()->model_provider_model), cases[i].model);
        unlink(path);
        rmdir(arena_printf(a, "%s/config", home));
        rmdir(home);
    }
}
