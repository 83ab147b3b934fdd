// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "nlu/number.h"

#include <math.h>

static void check_number(const char *text, const char *number, double want)
{
    double got = 0;
    size_t end = 0, start = (size_t)(strstr(text, number) - text);

    if (!number_read(str_from(text), start, &got, &end))
        test_failed(__FILE__, __LINE__, "'%s' is no number", text);
    if (fabs(got - want) > 1e-9 * fabs(want))
        test_failed(__FILE__, __LINE__, "'%s' is %g, want %g", text, got, want);
    CHECK_STR(str_cut(str_from(text), start, end), number);
}

TEST(numbers_are_read_in_figures_and_words)
{
    static const struct { const char *text, *number; double want; } cases[] = {
        { "12", "12", 12 }, { "1,024 bytes", "1,024", 1024 }, { "1,234,567.5", "1,234,567.5", 1234567.5 }, { "1,2", "1", 1 },
        { "3.5", "3.5", 3.5 }, { "3.", "3", 3 }, { "-2 degrees", "-2", -2 }, { "x -2", "-2", -2 }, { "5km", "5", 5 }, { "007", "007", 7 },
        { "1.5万", "1.5万", 15000 }, { "3万5", "3万5", 35000 }, { "3万5千", "3万5千", 35000 }, { "2 million", "2 million", 2e6 },
        { "3千", "3千", 3000 }, { "5千克", "5", 5 }, { "1.2亿", "1.2亿", 1.2e8 }, { "3万亿", "3万亿", 3e12 }, { "2百", "2百", 200 },
        { "零", "零", 0 }, { "一", "一", 1 }, { "十", "十", 10 }, { "十五", "十五", 15 }, { "二十", "二十", 20 }, { "二十一", "二十一", 21 },
        { "一百", "一百", 100 }, { "一百二", "一百二", 120 }, { "一百零二", "一百零二", 102 }, { "一百二十", "一百二十", 120 },
        { "一百一十五", "一百一十五", 115 }, { "两千三百", "两千三百", 2300 }, { "两千三", "两千三", 2300 }, { "两千零三", "两千零三", 2003 },
        { "三万五", "三万五", 35000 }, { "三万零五百", "三万零五百", 30500 }, { "一万两千", "一万两千", 12000 }, { "十万", "十万", 100000 },
        { "二十万", "二十万", 200000 }, { "一千万", "一千万", 1e7 }, { "一亿三千万", "一亿三千万", 1.3e8 }, { "三百兆", "三百", 300 },
        { "二零二六年", "二零二六", 2026 }, { "二〇二六", "二〇二六", 2026 }, { "三点一四", "三点一四", 3.14 }, { "三点五分", "三", 3 },
        { "负三", "负三", -3 }, { "半", "半", 0.5 }, { "一半", "一半", 0.5 }, { "三分之二", "三分之二", 2.0 / 3 }, { "两个", "两", 2 },
        { "俩小时", "俩", 2 }, { "三斤", "三", 3 }, { "两千克", "两", 2 }, { "一千零一十", "一千零一十", 1010 }, { "找三个", "三", 3 },
        { "one", "one", 1 }, { "twelve", "twelve", 12 }, { "twenty-one", "twenty-one", 21 }, { "twenty one", "twenty one", 21 },
        { "ninety nine", "ninety nine", 99 }, { "a hundred", "a hundred", 100 }, { "two hundred and five", "two hundred and five", 205 },
        { "two hundred five files", "two hundred five", 205 }, { "three thousand", "three thousand", 3000 },
        { "three thousand two hundred", "three thousand two hundred", 3200 }, { "one million", "one million", 1e6 },
        { "twelve hundred", "twelve hundred", 1200 }, { "a dozen", "a dozen", 12 }, { "half a dozen", "half a dozen", 6 },
        { "two dozen eggs", "two dozen", 24 }, { "half", "half", 0.5 }, { "two and a half", "two and a half", 2.5 },
        { "three point one four", "three point one four", 3.14 }, { "a couple of miles", "a couple of", 2 },
        { "three quarters", "three quarters", 0.75 }, { "five and six", "five", 5 }, { "one two", "one", 1 }, { "zero", "zero", 0 },
        { "三两", "三", 3 }, { "two hundred thousand and one", "two hundred thousand and one", 200001 },
        { "half a million", "half a million", 500000 },
        { "2.5 million people", "2.5 million", 2.5e6 }, { "5 hundred", "5 hundred", 500 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_number(cases[i].text, cases[i].number, cases[i].want);
}

TEST(what_only_looks_like_a_number_is_none)
{
    static const struct { const char *text, *at; } cases[] = {
        { "10.0.0.5", "10" }, { "10.0.0.5", "0.0" }, { "web1", "1" }, { "someone", "one" }, { "ones", "one" }, { "tenant", "ten" },
        { "12345678901234567890123", "1" }, { "17:45", "17" }, { "17:45", "45" }, { "", "" }, { "abc", "abc" }, { "一下", "一下" },
        { "一起", "一" }, { "统一", "一" }, { "千万", "千" }, { "十几个", "十" }, { "两三个", "两" }, { "半夜", "半" }, { "百分之八十", "百" },
        { "and", "and" }, { "hundred", "hundred" }, { "point five", "point" }, { "-", "-" }, { "负数", "负" }, { "a", "a" }, { "v2", "2" },
        { "1234", "34" }, { "a hundredth", "a" }, { "一一一一一一一一一一一一一一一一一一一一一一一一一一一一", "一" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        double v;
        size_t end;

        if (number_read(str_from(cases[i].text), (size_t)(strstr(cases[i].text, cases[i].at) - cases[i].text), &v, &end))
            test_failed(__FILE__, __LINE__, "'%s' is read as %g", cases[i].text, v);
    }
}
