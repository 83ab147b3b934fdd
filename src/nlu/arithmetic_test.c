// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "nlu/arithmetic.h"
#include "nlu/normal.h"

static const char *result(struct arena *a, const char *text, struct arithmetic *out)
{
    struct normal n;

    normal_make(a, str_from(text), &n);
    return arithmetic_evaluate(n.text, ARITHMETIC_ENGLISH, out) ? arena_c(a, str_from(failed_text())) : out->text;
}

struct sum { const char *text, *want; };

static void check_all(const struct sum *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct arithmetic r;
        const char *got = result(a, cases[i].text, &r);

        if (strcmp(got, cases[i].want) != 0)
            test_failed(__FILE__, __LINE__, "%s: is %s, want %s", cases[i].text, got, cases[i].want);
    }
}
#define CHECK_ALL(cases) check_all((cases), N_ELEMENTS(cases))

TEST(sums_are_worked_out_in_the_order_of_mathematics)
{
    static const struct sum cases[] = {
        { "1+2*3", "7" }, { "(1+2)*3", "9" }, { "2^3^2", "512" }, { "-2^2", "-4" }, { "(-2)^2", "4" }, { "2**10", "1024" }, { "10-4-3", "3" },
        { "100/8/2", "6.25" }, { "3 × 4 ÷ 6", "2" }, { "3x4", "12" }, { "3 X 4", "12" }, { "２＋３", "5" }, { "1 - -1", "2" }, { "+5", "5" },
        { "7 mod 3", "1" }, { "-7 mod 3", "2" }, { "10 % 3", "1" }, { "10%3", "1" }, { "5!", "120" }, { "3!!", "720" }, { "2^-2", "0.25" },
        { "4^0.5", "2" }, { "2 ^ (1+2)", "8" }, { "((((1))))", "1" }, { ".5 + .5", "1" }, { "1,024 * 2", "2048" }, { "1e3 + 1", "1001" },
        { "6e-2", "0.06" }, { "−3 – 4", "-7" }, { "2² + 3³", "31" },
    };

    CHECK_ALL(cases);
}

TEST(decimals_have_no_noise_and_whole_numbers_are_exact)
{
    static const struct sum cases[] = {
        { "0.1+0.2", "0.3" }, { "1.1*1.1", "1.21" }, { "0.1*3", "0.3" }, { "1-0.9", "0.1" }, { "1/3", "0.3333333333333333" }, { "1/3*3", "1" },
        { "100/7", "14.28571428571429" }, { "2/3", "0.6666666666666667" }, { "9007199254740993 + 2", "9007199254740995" },
        { "9223372036854775807 + 0", "9223372036854775807" }, { "9223372036854775807 - 1", "9223372036854775806" },
        { "123456789 * 987654321", "121932631112635269" }, { "2^63", "9223372036854775808" }, { "2^64", "18446744073709551616" },
        { "2^100", "1267650600228229401496703205376" }, { "20!", "2432902008176640000" }, { "30!", "2.652528598121911e32" },
        { "10^40", "1e40" }, { "1/10^9", "1e-9" }, { "0.00001234 * 1", "0.00001234" }, { "-0", "0" }, { "0 * -1", "0" },
        { "1234567.891 + 0.001", "1234567.892" }, { "10^21 + 0.5", "1e21" },
    };

    CHECK_ALL(cases);
}

TEST(percentages_are_of_something)
{
    static const struct sum cases[] = {
        { "15% of 240", "36" }, { "15 percent of 240", "36" }, { "240的15%", "36" }, { "百分之十五", "0.15" }, { "200的百分之五", "10" },
        { "100 + 10%", "110" }, { "100 - 20%", "80" }, { "10% + 5%", "0.15" }, { "50%", "0.5" }, { "20% * 30", "6" }, { "(10%) + 1", "1.1" },
        { "half of 30", "15" }, { "三分之一", "0.3333333333333333" }, { "90的三分之一", "30" }, { "30的一半", "15" },
    };

    CHECK_ALL(cases);
}

TEST(functions_and_constants_are_known)
{
    static const struct sum cases[] = {
        { "sqrt(16)", "4" }, { "sqrt 2", "1.414213562373095" }, { "√9 + 1", "4" }, { "sqrt(16)^2", "16" }, { "cbrt(27)", "3" }, { "cube root of 8", "2" },
        { "abs(-3)", "3" }, { "abs -3", "3" }, { "round(2.5)", "3" }, { "round(-2.5)", "-3" }, { "floor(2.9)", "2" }, { "ceil(2.1)", "3" },
        { "ln e", "1" }, { "log 1000", "3" }, { "log10(100)", "2" }, { "log2(8)", "3" }, { "exp(0)", "1" }, { "sin(30)", "0.5" },
        { "cos 60 + 1", "1.5" }, { "tan(45)", "1" }, { "sin(180)", "0" }, { "cos(90)", "0" }, { "sin(pi/6 rad)", "0.5" }, { "sin 30°", "0.5" },
        { "sin(3600000000030)", "0.5" }, { "pi", "3.141592653589793" }, { "2*pi", "6.283185307179586" }, { "e", "2.718281828459045" },
        { "square root of 81", "9" }, { "the square root of 81 times 2", "18" }, { "factorial of 5", "120" },
    };

    CHECK_ALL(cases);
}

TEST(sums_may_be_said_in_words)
{
    static const struct sum cases[] = {
        { "What is 3 plus 4 times 2?", "11" }, { "three plus four times two", "11" }, { "twenty-one divided by three", "7" },
        { "two hundred and five minus five", "200" }, { "5 squared", "25" }, { "2 to the power of 10", "1024" }, { "5 factorial", "120" },
        { "three point one four times 2", "6.28" }, { "3 million divided by 2", "1500000" }, { "100 multiplied by 3 =", "300" },
        { "minus three plus 5", "2" }, { "calculate 12 over 4 please", "3" }, { "9 take away 4", "5" },
        { "三加四乘以二", "11" }, { "一百除以七", "14.28571428571429" }, { "5的平方", "25" }, { "根号16", "4" }, { "16的平方根", "4" },
        { "二十五减去十", "15" }, { "三点一四乘以2等于多少？", "6.28" }, { "2的10次方", "1024" }, { "5的阶乘", "120" }, { "负三的绝对值", "-3" },
        { "（三加四）乘二", "14" }, { "计算一下 12×12", "144" }, { "1.5万加5千", "20000" }, { "三万五千除以五", "7000" }, { "8的立方根是多少", "2" },
        { "请问一百二十三乘四十五等于几", "5535" }, { "10除以4", "2.5" }, { "零点五加零点零五", "0.55" }, { "10的负2次方", "0.01" },
        { "divide 100 by 8", "12.5" }, { "multiply 6 by 7", "42" }, { "add 3 and 4", "7" }, { "subtract 3 from 10", "7" },
        { "what is the sum of 3 and 5", "8" }, { "20 percent off 50", "40" }, { "double 40", "80" }, { "the square of 12", "144" },
        { "3加5的和是多少", "8" }, { "6和7的积", "42" }, { "100减去37再乘以2", "126" }, { "200打八折", "160" }, { "200打85折", "170" },
        { "half of 30", "15" }, { "10 minus 3 then times 2 plus 1", "15" }, { "6 times 7 equals what", "42" },
    };

    CHECK_ALL(cases);
}

TEST(what_has_no_result_is_refused_clearly)
{
    static const struct sum cases[] = {
        { "", "the calculation is not complete" }, { "1+", "the calculation is not complete" }, { "(1+2", "a parenthesis is not closed" },
        { "1/0", "nothing can be divided by zero" }, { "5 mod 0", "nothing can be divided by zero" }, { "0^-1", "nothing can be divided by zero" },
        { "sqrt(-4)", "a negative number has no real root" }, { "(-8)^0.5", "a negative number has whole powers only" },
        { "ln 0", "there are logarithms of positive numbers only" }, { "2.5!", "there are factorials of whole numbers from 0 to 1000 only" },
        { "1001!", "there are factorials of whole numbers from 0 to 1000 only" }, { "tan 90", "there is no tangent of 90 degrees" },
        { "10^10000", "the result is too large" }, { "2 3", "this cannot be calculated: 3" }, { "2(3)", "this cannot be calculated: (3)" },
        { "rm -rf /", "this cannot be calculated: rm -rf /" }, { "1)+2", "this cannot be calculated: )+2" }, { "hello", "this cannot be calculated: hello" },
        { "3 apples plus 2", "this cannot be calculated: apples plus 2" }, { "\xff\xfe", "the calculation is not complete" },
    };

    CHECK_ALL(cases);
}

TEST(a_calculation_is_bounded)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = { 0 };
    struct arithmetic r;

    for (int i = 0; i < 200; i++)
        buf_add(&b, S("("));
    CHECK_STR(str_from(result(a, buf_c(&b), &r)), "too many parentheses in each other");
    buf_clear(&b);
    for (int i = 0; i < 200; i++)
        buf_add(&b, S("-"));
    CHECK_STR(str_from(result(a, buf_c(&b), &r)), "too many parentheses in each other");
    for (int i = 0; i < 100000; i++)
        buf_add(&b, S("1+"));
    CHECK_STR(str_from(result(a, buf_c(&b), &r)), "the calculation is too long");
}

TEST(what_was_worked_out_is_told)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct arithmetic r;

    CHECK_STR(str_from(result(a, "what is sin 30 = ?", &r)), "0.5");
    CHECK_STR(r.expression, "sin 30");
    CHECK(r.angles && !r.exact && !r.rounded);
    CHECK_STR(str_from(result(a, "sin(30 degrees)", &r)), "0.5");
    CHECK(!r.angles);
    CHECK_STR(str_from(result(a, "1+1", &r)), "2");
    CHECK(r.exact);
    CHECK_STR(str_from(result(a, "30!", &r)), "2.652528598121911e32");
    CHECK(r.rounded);
    CHECK_ERR(arithmetic_evaluate(S("1/0"), ARITHMETIC_CHINESE, &r), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "不能除以零");
}
