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

static size_t count_wrong(const char *text, str intent)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct nlu_context context = { .now = INT64_C(1790000000000), .zone = zone_utc(), .project = S("/projects/my_app") };
    struct understanding *u = ARENA_NEW(a, struct understanding);

    understand(a, &context, str_from(text), u);
    if (u->intent && u->sure && str_eq(u->intent->name, intent))
        return 0;
    print_error("%s: %s, %.3f%s\n", text, u->intent ? u->intent->name.p : "none", (double)u->confidence, u->sure ? "" : ", not sure");
    return 1;
}

TEST(every_example_of_the_help_is_known_for_certain)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    size_t n, wrong = 0;
    const struct intent_group *groups = intent_groups(&n);

    for (size_t g = 0; g < n; g++)
        for (size_t i = 0; i < groups[g].n; i++) {
            const struct intent *t = &groups[g].intents[i];

            wrong += count_wrong(arena_c(a, t->say.en), t->name);
            wrong += count_wrong(arena_c(a, t->say.zh), t->name);
        }
    CHECK_INT(wrong, 0);
}

/* What a newcomer tries first. */
TEST(the_plainest_requests_are_known_for_certain)
{
    static const struct { const char *text, *intent; } cases[] = {
        { "restart nginx", "service_restart" }, { "重启 nginx 服务", "service_restart" }, { "stop redis", "service_stop" }, { "df", "system_disk" },
        { "run the tests", "run_tests" },       { "跑测试", "run_tests" },           { "git status", "git_status" },   { "uptime", "system_uptime" },
        { "help", "help" }, { "帮助", "help" }, { "list files", "file_list" },       { "今天星期几", "date_of" },      { "12*12", "calculate" },
        { "show the nginx log", "log_show" },   { "add milk to my shopping list", "list_add" }, { "timer 5 minutes", "timer_start" },
        { "重启 nginx", "service_restart" },    { "restart redis", "service_restart" }, { "cpu", "system_cpu" },
        { "停止 redis", "service_stop" },       { "nginx 状态", "service_status" },  { "is nginx running", "service_status" }, { "free memory", "system_memory" },
        { "add eggs to the shopping list", "list_add" }, { "把鸡蛋加到购物清单", "list_add" }, { "my notes", "note_show" },
        { "remind me tomorrow at 9 to call mum", "reminder_add" }, { "10分钟倒计时", "timer_start" },
        { "备份 /etc", "backup_create" },       { "列出文件", "file_list" },         { "今天几号", "date_of" },      { "磁盘还剩多少", "system_disk" },
    };
    size_t wrong = 0;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        wrong += count_wrong(cases[i].text, str_from(cases[i].intent));
    CHECK_INT(wrong, 0);
}
