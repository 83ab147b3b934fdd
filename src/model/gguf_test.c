// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.h"

#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/gguf-test-XXXXXX";

static void put(const char *name, const char *content)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");

    CHECK(f != NULL);
    fputs(content, f);
    fclose(f);
}

static void fill(const char *const *names)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");      /* LINT: as long as what was there */
    CHECK(mkdtemp(folder) != NULL);
    for (; *names; names++)
        put(*names, "GGUF and more");
}

static void clear(const char *const *names)
{
    char path[300];

    for (; *names; names++) {
        snprintf(path, sizeof path, "%s/%s", folder, *names);
        unlink(path);
    }
    rmdir(folder);
}

static const char *const many[] = {
    "a-Q4_K_M.gguf", "a-Q4_K_S.gguf", "a-Q8_0.gguf", "mmproj-a-F16.gguf", "big-F16-00001-of-00002.gguf", "big-F16-00002-of-00002.gguf",
    "README.md", NULL,
};

TEST(the_file_of_a_quantisation_is_found_in_a_folder_or_named)
{
    static const struct { const char *path, *quant, *name, *wrong; } cases[] = {
        { "", "Q4_K_M", "a-Q4_K_M", NULL }, { "/", "q8_0", "a-Q8_0", NULL }, { "", "F16", "big-F16", NULL },
        { "/a-Q8_0.gguf", "", "a-Q8_0", NULL }, { "/a-Q8_0.gguf", "Q8_0", "a-Q8_0", NULL },
        { "", "Q4_K", NULL, "is of model.quant Q4_K: there are " }, { "", "", NULL, "4 files in " }, { "", "Q5_K_M", NULL, "a-Q8_0.gguf" },
        { "/a-Q8_0.gguf", "Q4_K_M", NULL, "is not of model.quant Q4_K_M" }, { "/README.md", "", NULL, "neither a folder nor a .gguf file" },
        { "/none.gguf", "", NULL, "No such file or directory; models in this form: https://" },
    };

    fill(many);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct gguf g = {0};
        enum err e = gguf_find(a, arena_printf(a, "%s%s", folder, cases[i].path), cases[i].quant, &g);

        CHECK_INT(e == OK, cases[i].name != NULL);
        if (e == OK) {
            CHECK_STR(str_from(g.name), cases[i].name);
            CHECK(access(g.file, R_OK) == 0 && g.projector == NULL);     /* whose it is nobody knows */
        } else {
            CHECK(strstr(failed_text(), cases[i].wrong) != NULL);
            CHECK(strchr(failed_text(), '\n') == NULL);
        }
    }
    clear(many);
}

TEST(what_is_no_gguf_file_is_refused)
{
    static const char *const contents[] = { "", "GGU", "<html>", "ggml, an older form" };
    static const char *const only[] = { "x.gguf", NULL };

    fill((const char *const[]){ NULL });
    for (size_t i = 0; i < N_ELEMENTS(contents); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct gguf g;

        put("x.gguf", contents[i]);
        CHECK_ERR(gguf_find(a, folder, "", &g), ERR_INPUT);
        CHECK(strstr(failed_text(), "is no GGUF file") != NULL);
    }
    put("x.gguf", "GGUF");
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct gguf g;

    CHECK_OK(gguf_find(a, folder, "", &g));
    CHECK(g.projector == NULL);
    clear(only);
}

TEST(a_model_that_sees_has_its_eyes_beside_it)
{
    static const char *const all[] = { "Qwen2.5-VL-7B-Q4_K_M.gguf", "Qwen2.5-VL-7B-Q8_0.gguf", "mmproj-model-f16.gguf", NULL };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct gguf g = {0};

    fill(all);
    CHECK_OK(gguf_find(a, folder, "q8_0", &g));
    CHECK(g.projector && strstr(g.projector, "/mmproj-model-f16.gguf"));
    clear(all);
}

TEST(an_empty_folder_says_where_models_are_had)
{
    static const char *const none[] = { NULL };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct gguf g;

    fill(none);
    CHECK_ERR(gguf_find(a, folder, "", &g), ERR_NOT_FOUND);
    CHECK(strstr(failed_text(), "there is no .gguf file in the folder") && strstr(failed_text(), "https://"));
    clear(none);
}
