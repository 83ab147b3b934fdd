// SPDX-License-Identifier: Apache-2.0
#include "nlu/normal.h"

#include "base/test.h"

static void check_normal(const char *in, const char *want)
{
    struct arena *a = arena_new();
    struct normal n;

    normal_make(a, str_from(in), &n);
    CHECK_STR(n.text, want);
    arena_free(a);
}

TEST(a_text_is_compared_without_its_width_case_script_and_spaces)
{
    static const struct { const char *in, *want; } cases[] = {
        { "", "" },
        { "  Restart   NGINX\ton\nweb-1 ", "restart nginx on web-1" },
        { "ＲＥＳＴＡＲＴ　ｎｇｉｎｘ", "restart nginx" },
        { "１２：３０，８０％（ok）！", "12:30,80%(ok)!" },
        { "在項目資料夾執行測試", "在项目资料夹执行测试" },
        { "備份今天的日誌。謝謝。", "备份今天的日志. 谢谢." },
        { "後天 皇后 里面 裡面 麵條 面條 乾淨 幹嘛", "后天 皇后 里面 里面 面条 面条 干净 干嘛" },
        { "后 里 干 面 台 发 复 系 只 云 谷 斗 丑 松", "后 里 干 面 台 发 复 系 只 云 谷 斗 丑 松" },
        { "“好”、‘行’「吗」《书》【注】", "\"好\",'行'「吗」《书》[注]" },
        { "日本語 ÉCOLE Ünï ΣΊΣΥΦΟΣ 😀", "日本语 école ünï σίσυφοσ 😀" },
        { "a\xef\xbb\xbf\xe2\x80\x8b" "b\xc2\xad" "c❤️\xe2\x80\x8f", "abc❤" },
        { "bad \xff\xc3( \xe4\xbd bytes", "bad ( bytes" },
        { "3－5點 ～/文件 a—b", "3-5点 ~/文件 a-b" },
        { "\x01\x7f x \x02 ", "x" },
        { "⽂件 羽", "文件 羽" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_normal(cases[i].in, cases[i].want);
}

TEST(a_nul_is_dropped)
{
    struct arena *a = arena_new();
    struct normal n;

    normal_make(a, S("a\0b"), &n);
    CHECK_STR(n.text, "ab");
    CHECK_INT(n.text.p[2], 0);
    arena_free(a);
}

TEST(what_was_written_is_found_again)
{
    static const struct { const char *in, *find, *original, *written; } cases[] = {
        { "cat  /Var/LOG/x", "/var/log/x", "/Var/LOG/x", "/Var/LOG/x" },
        { "打開 ～／Ｄocs 裡", "~/docs", "～／Ｄocs", "~/Docs" },
        { "「備份檔案」", "备份档案", "備份檔案", "備份檔案" },
        { "a。B　c", "b c", "B　c", "B c" },
        { "a。B", "a. b", "a。B", "a。B" },
        { "a。B", "a.", "a。", "a。" },
        { "x \xe2\x80\x8b\xff y", "x ", "x", "x" },
        { "x\n\t y\xe2\x80\x8b.", "x y", "x\n\t y", "x\n\t y" },
        { "end　", "end", "end", "end" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct arena *a = arena_new();
        struct normal n;

        normal_make(a, str_from(cases[i].in), &n);
        size_t at = str_find(n.text, str_from(cases[i].find)), len = strlen(cases[i].find);
        CHECK(at != STR_NONE);
        CHECK_STR(normal_original(&n, at, at + len), cases[i].original);
        CHECK_STR(normal_written(a, &n, at, at + len), cases[i].written);
        arena_free(a);
    }
}
