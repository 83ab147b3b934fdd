// SPDX-License-Identifier: Apache-2.0
#include "nlu/understand.h"

#include "base/test.h"

static str path_of(struct arena *a, const char *text, str project)
{
    struct nlu_context context = { .now = INT64_C(1790000000000), .zone = zone_utc(), .project = project };
    struct understanding *u = ARENA_NEW(a, struct understanding);

    understand(a, &context, str_from(text), u);
    CHECK(u->intent && str_eq(u->intent->name, S("run_tests")));
    for (size_t i = 0; i < u->n_slots; i++)
        if (str_eq(u->slots[i].slot->name, S("path")) && u->slots[i].value)
            return json_strval(u->slots[i].value);
    return S("");
}

TEST(the_project_is_the_sessions_folder_and_never_a_folder_of_that_name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_STR(path_of(a, "在项目目录运行测试", S("/projects/my_app")), "/projects/my_app");
    CHECK_STR(path_of(a, "在项目目录运行测试", S("")), "");
    CHECK_STR(path_of(a, "run the tests in the project folder", S("")), "");
}
