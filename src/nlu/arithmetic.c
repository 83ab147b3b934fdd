// SPDX-License-Identifier: Apache-2.0
#include "nlu/arithmetic.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "nlu/arithmetic_number.h"
#include "nlu/number.h"
#include "nlu/scan.h"

enum { FIGURES_MAX = 60 };

/* How it is said that there is no result. */
static const char *const whys[N_WHYS][2] = {
    [WHY_LENGTH] = { "the calculation is too long", "算式太长" }, [WHY_DEPTH] = { "too many parentheses in each other", "括号嵌套太深" },
    [WHY_MISSING] = { "the calculation is not complete", "算式不完整" }, [WHY_CLOSE] = { "a parenthesis is not closed", "括号没有闭合" },
    [WHY_ZERO] = { "nothing can be divided by zero", "不能除以零" }, [WHY_LARGE] = { "the result is too large", "结果太大" },
    [WHY_ROOT] = { "a negative number has no real root", "负数没有实数平方根" },
    [WHY_LOG] = { "there are logarithms of positive numbers only", "只有正数才有对数" },
    [WHY_FACTORIAL] = { "there are factorials of whole numbers from 0 to 1000 only", "只能求 0 到 1000 的整数的阶乘" },
    [WHY_POWER] = { "a negative number has whole powers only", "负数只能取整数次方" },
    [WHY_TANGENT] = { "there is no tangent of 90 degrees", "90 度没有正切值" },
    [WHY_UNKNOWN] = { "this cannot be calculated", "无法计算" },
};

struct reader {
    str      s;
    size_t   at;
    unsigned depth;
    bool     unit_said;
    struct outcome o;
    const struct number *so_far;        /* stands where a number is read next */
};

/* ---- words ---- */

enum sign { PLUS = 1, MINUS, TIMES, OVER, MODULO, POWER };

struct term { const char *text; int sign; struct number (*fn)(struct outcome *, struct number); };

static const struct term signs[] = {
    { "+", PLUS, NULL }, { "plus", PLUS, NULL }, { "加", PLUS, NULL }, { "加上", PLUS, NULL },
    { "-", MINUS, NULL }, { "−", MINUS, NULL }, { "–", MINUS, NULL }, { "minus", MINUS, NULL }, { "减", MINUS, NULL }, { "减去", MINUS, NULL },
    { "take away", MINUS, NULL },
    { "*", TIMES, NULL }, { "×", TIMES, NULL }, { "·", TIMES, NULL }, { "⋅", TIMES, NULL }, { "x", TIMES, NULL }, { "times", TIMES, NULL },
    { "multiplied by", TIMES, NULL }, { "乘", TIMES, NULL }, { "乘以", TIMES, NULL }, { "乘上", TIMES, NULL }, { "of", TIMES, NULL },
    { "的", TIMES, NULL },
    { "/", OVER, NULL }, { "÷", OVER, NULL }, { "over", OVER, NULL }, { "divided by", OVER, NULL }, { "除以", OVER, NULL },
    { "mod", MODULO, NULL }, { "modulo", MODULO, NULL }, { "模", MODULO, NULL }, { "取余", MODULO, NULL }, { "%", MODULO, NULL },
    { "^", POWER, NULL }, { "**", POWER, NULL }, { "to the power of", POWER, NULL }, { "to the power", POWER, NULL },
    { "raised to", POWER, NULL },
};

static const struct term before[] = {
    { "sqrt", 0, number_sqrt }, { "square root", 0, number_sqrt }, { "square root of", 0, number_sqrt },
    { "the square root of", 0, number_sqrt },
    { "root of", 0, number_sqrt }, { "√", 0, number_sqrt }, { "根号", 0, number_sqrt }, { "平方根", 0, number_sqrt },
    { "cbrt", 0, number_cbrt }, { "cube root of", 0, number_cbrt }, { "the cube root of", 0, number_cbrt }, { "立方根", 0, number_cbrt },
    { "abs", 0, number_abs }, { "absolute value of", 0, number_abs }, { "the absolute value of", 0, number_abs }, { "绝对值", 0, number_abs },
    { "round", 0, number_round }, { "四舍五入", 0, number_round }, { "floor", 0, number_floor }, { "向下取整", 0, number_floor },
    { "ceil", 0, number_ceil }, { "ceiling", 0, number_ceil }, { "向上取整", 0, number_ceil }, { "ln", 0, number_ln },
    { "log", 0, number_log }, { "log10", 0, number_log },
    { "log2", 0, number_log2 }, { "exp", 0, number_exp }, { "sin", 0, number_sin }, { "cos", 0, number_cos }, { "tan", 0, number_tan },
    { "factorial of", 0, number_factorial }, { "the factorial of", 0, number_factorial },
    { "square of", 0, number_square }, { "cube of", 0, number_cube },
    { "the square of", 0, number_square }, { "the cube of", 0, number_cube }, { "double", 0, number_double }, { "twice", 0, number_double },
};

static const struct term behind[] = {
    { "!", 0, number_factorial }, { "factorial", 0, number_factorial }, { "阶乘", 0, number_factorial }, { "的阶乘", 0, number_factorial },
    { "squared", 0, number_square }, { "平方", 0, number_square }, { "的平方", 0, number_square }, { "²", 0, number_square },
    { "cubed", 0, number_cube }, { "立方", 0, number_cube }, { "的立方", 0, number_cube }, { "³", 0, number_cube },
    { "的平方根", 0, number_sqrt }, { "的算术平方根", 0, number_sqrt }, { "的立方根", 0, number_cbrt }, { "的绝对值", 0, number_abs },
    { "的正弦", 0, number_sin }, { "的余弦", 0, number_cos }, { "的正切", 0, number_tan },
    { "%", 0, number_percent }, { "percent", 0, number_percent }, { "per cent", 0, number_percent },
    { "平方根", 0, number_sqrt },
};

/* At the end of what a function is of, so that they are of all of pi/6 in sin(pi/6 rad). */
static const struct term units[] = {
    { "°", 0, number_degrees }, { "度", 0, number_degrees }, { "degrees", 0, number_degrees }, { "deg", 0, number_degrees },
    { "rad", 0, number_radians }, { "radians", 0, number_radians }, { "弧度", 0, number_radians },
};

static void skip_spaces(struct reader *p)
{
    while (p->at < p->s.len && p->s.p[p->at] == ' ')
        p->at++;
}

/* The longest that stands here; NULL: none does. */
static const struct term *find_word(struct reader *p, const struct term *words, size_t n, size_t *ret_end)
{
    const struct term *best = NULL;

    skip_spaces(p);
    for (size_t i = 0; i < n; i++) {
        size_t end = scan_word(p->s, p->at, words[i].text);

        if (end && (best == NULL || end > *ret_end)) {
            best = &words[i];
            *ret_end = end;
        }
    }
    return best;
}

static bool eat(struct reader *p, const char *word)
{
    skip_spaces(p);
    size_t end = scan_word(p->s, p->at, word);

    p->at = end ? end : p->at;
    return end != 0;
}

static bool eat_any(struct reader *p, const char *words)
{
    str rest = str_from(words), one;
    char word[32];

    while (str_split(&rest, ',', &one)) {
        snprintf(word, sizeof word, "%.*s", STR(one));
        if (eat(p, word))
            return true;
    }
    return false;
}

/* ---- numbers as they are written ---- */

static bool has_figure(const struct reader *p, size_t at)
{
    return at < p->s.len && p->s.p[at] >= '0' && p->s.p[at] <= '9';
}

static bool is_group(const struct reader *p, size_t at)
{
    return p->s.p[at] == ',' && has_figure(p, at + 1) && has_figure(p, at + 2) && has_figure(p, at + 3) && !has_figure(p, at + 4);
}

/* 1,024  3.5  .5  6e23 */
static bool read_figures(struct reader *p, struct number *out)
{
    char text[FIGURES_MAX + 1];
    size_t n = 0, at = p->at;
    bool dot = false, power = false;

    for (; at < p->s.len && n < FIGURES_MAX; at++) {
        char c = p->s.p[at];
        bool sign = at + 1 < p->s.len && (p->s.p[at + 1] == '-' || p->s.p[at + 1] == '+');

        if (c == ',' && n && !dot && !power && is_group(p, at))
            continue;
        if (c == 'e' && n && !power && has_figure(p, at + 1 + sign)) {
            power = true;
            text[n++] = c;
            if (sign && n < FIGURES_MAX)
                text[n++] = p->s.p[++at];
            continue;
        }
        if (!has_figure(p, at) && !(c == '.' && !dot && !power && has_figure(p, at + 1)))
            break;
        dot |= c == '.';
        text[n++] = c;
    }
    if (n == 0 || n == FIGURES_MAX)
        return false;
    text[n] = '\0';
    out->v = strtold(text, NULL);      /* LINT: figures alone, as the loop above has them */
    out->exact = !dot && out->v <= 0x1p64L;
    p->at = at;
    return true;
}

static int han_digit(const struct reader *p, size_t at)
{
    static const char *const digits[] = { "零", "一", "二", "三", "四", "五", "六", "七", "八", "九" };

    for (int i = 0; i < 10 && at < p->s.len; i++)
        if (str_starts(str_skip(p->s, at), str_from(digits[i])))
            return i;
    return -1;
}

static const char *const english_digits[] = { "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh" };

static int english_digit(struct reader *p)
{
    for (int i = 0; i < (int)N_ELEMENTS(english_digits); i++)
        if (eat(p, english_digits[i]))
            return i % 10;
    return -1;
}

/* 三点一四; three point one four */
static void read_decimals(struct reader *p, struct number *out)
{
    long double place = 1;
    size_t before_point = p->at;
    int digit;

    if (str_starts(str_skip(p->s, p->at), S("点")) && han_digit(p, p->at + 3) >= 0) {
        for (p->at += 3; (digit = han_digit(p, p->at)) >= 0; p->at += 3)
            out->v += digit * (place /= 10);
    } else if (eat(p, "point")) {
        while ((digit = english_digit(p)) >= 0)
            out->v += digit * (place /= 10);
    }
    if (place == 1)
        p->at = before_point;
    else
        out->exact = false;
}

static void take_scale(struct reader *p, struct number *n)
{
    static const struct { const char *text; long double by; } scales[] = {
        { "万", 1e4L }, { "亿", 1e8L }, { "千", 1e3L }, { "百", 100 }, { "hundred", 100 }, { "thousand", 1e3L }, { "million", 1e6L },
        { "billion", 1e9L }, { "trillion", 1e12L },
    };

    for (bool any = true; any; ) {
        any = false;
        for (size_t i = 0; i < N_ELEMENTS(scales) && !any; i++)
            if (eat(p, scales[i].text)) {
                *n = number_multiply(*n, (struct number){ .v = scales[i].by, .exact = true });
                any = true;
            }
    }
}

static bool read_words(struct reader *p, struct number *out)
{
    size_t end;
    double v;

    if (!number_read_han(p->s, p->at, &v, &end) && !number_read_words(p->s, p->at, &v, &end))
        return false;
    p->at = end;
    *out = (struct number){ .v = (long double)v, .exact = number_is_whole((long double)v) };
    read_decimals(p, out);
    return true;
}

static bool read_plain(struct reader *p, struct number *out)
{
    skip_spaces(p);
    *out = (struct number){ 0 };
    if (read_figures(p, out)) {
        take_scale(p, out);
        return true;
    }
    if (eat(p, "一半") || eat(p, "半"))
        *out = (struct number){ .v = 0.5L, .exact = true };
    else if (eat(p, "pi") || eat(p, "π") || eat(p, "圆周率"))
        *out = number_inexact(number_pi);
    else if (eat(p, "e"))
        *out = number_inexact(expl(1));
    else
        return read_words(p, out);
    return true;
}

/* 百分之十五, 三分之一 */
static bool read_number(struct reader *p, struct number *out)
{
    struct number below;

    if (eat(p, "百分之"))
        return read_plain(p, out) && (*out = number_percent(&p->o, *out), true);
    if (!read_plain(p, out))
        return false;
    below = *out;
    if (eat(p, "分之")) {
        if (!read_plain(p, out))
            return false;
        *out = number_divide(&p->o, *out, below);
    }
    return true;
}

/* ---- the grammar ---- */

static struct number read_sum(struct reader *p);
static struct number read_signed(struct reader *p);

static struct number fail(struct reader *p, enum why why)
{
    if (p->o.why == WHY_NONE)
        p->o.why = why;
    return number_inexact(0);
}

static bool is_deep(struct reader *p)
{
    if (p->depth < ARITHMETIC_DEPTH_MAX)
        return false;
    fail(p, WHY_DEPTH);
    return true;
}

static struct number take_unit(struct reader *p, struct number n)
{
    size_t end = 0;
    const struct term *w = p->o.why ? NULL : find_word(p, units, N_ELEMENTS(units), &end);

    if (w == NULL)
        return n;
    p->at = end;
    p->unit_said = true;
    return w->fn(&p->o, n);
}

static struct number read_enclosed(struct reader *p)
{
    struct number n = take_unit(p, read_sum(p));

    if (!eat(p, ")"))
        fail(p, p->at < p->s.len ? WHY_UNKNOWN : WHY_CLOSE);
    n.percent = false;
    return n;
}

static struct number read_value(struct reader *p);

/* Of a function, without parentheses: sqrt 16 + 9 is 13. */
static struct number read_argument(struct reader *p)
{
    bool below = eat_any(p, "-,−,负");
    struct number n = read_value(p);

    n.v = below ? -n.v : n.v;
    return n;
}

static struct number read_first(struct reader *p)
{
    const struct term *w;
    struct number n;
    size_t end = 0;

    if (p->so_far) {
        n = *p->so_far;
        p->so_far = NULL;
        return n;
    }
    if (eat(p, "("))
        return read_enclosed(p);
    w = find_word(p, before, N_ELEMENTS(before), &end);
    if (w) {
        p->at = end;
        skip_spaces(p);
        n = eat(p, "(") ? read_enclosed(p) : read_argument(p);
        n = take_unit(p, n);
        return p->o.why ? n : w->fn(&p->o, n);
    }
    if (read_number(p, &n))
        return n;
    return fail(p, p->at < p->s.len ? WHY_UNKNOWN : WHY_MISSING);
}

/* A % with a number right behind it divides: 10 % 3. */
static bool divides(struct reader *p, const struct term *w, size_t end)
{
    struct reader next = { .s = p->s, .at = end };
    struct number n;

    return strcmp(w->text, "%") == 0 && (eat(&next, "(") || read_number(&next, &n));
}

/* 2的10次方 */
static bool read_nth_power(struct reader *p, struct number *n)
{
    struct reader next = *p;
    struct number exponent;
    bool of = eat(&next, "的"), below = of && (eat(&next, "负") || eat(&next, "-"));

    if (!of || !read_number(&next, &exponent) || !(eat(&next, "次方") || eat(&next, "次幂")))
        return false;
    exponent.v = below ? -exponent.v : exponent.v;
    p->at = next.at;
    *n = number_power(&p->o, *n, exponent);
    return true;
}

/* With what stands behind it. */
static struct number read_value(struct reader *p)
{
    if (is_deep(p))
        return number_inexact(0);
    p->depth++;
    struct number n = read_first(p);
    const struct term *w;
    size_t end = 0;

    while (!p->o.why) {
        if (read_nth_power(p, &n))
            continue;
        w = find_word(p, behind, N_ELEMENTS(behind), &end);
        if (!w || divides(p, w, end))
            break;
        p->at = end;
        n = w->fn(&p->o, n);
    }
    p->depth--;
    return n;
}

/* 3和5的和: no product */
static bool ends_pair(const struct reader *p)
{
    struct reader next = *p;

    return eat_any(&next, "的和,的差,的积,的乘积,的商,的结果");
}

/* Takes the sign that stands here if it is one of those. */
static int take_sign(struct reader *p, int from, int to)
{
    size_t end = 0;
    const struct term *w = p->o.why ? NULL : find_word(p, signs, N_ELEMENTS(signs), &end);

    if (w == NULL || w->sign < from || w->sign > to || ends_pair(p))
        return 0;
    p->at = end;
    return w->sign;
}

static struct number read_power(struct reader *p)
{
    struct number n = read_value(p);

    if (!take_sign(p, POWER, POWER))
        return n;
    struct number exponent = read_signed(p);

    return p->o.why ? n : number_power(&p->o, n, exponent);
}

static struct number read_signed(struct reader *p)
{
    if (is_deep(p))
        return number_inexact(0);
    p->depth++;
    bool below = eat(p, "-") || eat(p, "−") || eat(p, "负") || eat(p, "minus") || eat(p, "negative");
    struct number n = below || eat(p, "+") ? read_signed(p) : read_power(p);

    n.v = below ? -n.v : n.v;
    p->depth--;
    return n;
}

static struct number read_product(struct reader *p)
{
    struct number n = read_signed(p);

    for (int sign; (sign = take_sign(p, TIMES, MODULO)) != 0; ) {
        struct number other = read_signed(p);

        if (p->o.why)
            break;
        n = sign == TIMES ? number_multiply(n, other) : sign == OVER ? number_divide(&p->o, n, other) : number_modulo(&p->o, n, other);
    }
    return n;
}

static struct number read_sum(struct reader *p)
{
    struct number n = read_product(p);

    for (int sign; (sign = take_sign(p, PLUS, MINUS)) != 0; ) {
        struct number other = read_product(p);

        if (other.percent && !n.percent)
            other = number_multiply(n, other);
        other.v = sign == MINUS ? -other.v : other.v;
        n = number_add(n, other);
    }
    return n;
}

/* ---- sentences ---- */

static struct number combine(struct reader *p, int sign, struct number a, struct number b)
{
    b.v = sign == MINUS ? -b.v : b.v;
    return sign == TIMES ? number_multiply(a, b) : sign == OVER ? number_divide(&p->o, a, b) : number_add(a, b);
}

/* "divide 100 by 7", "the sum of 3 and 4", "subtract 3 from 10" */
static bool read_command(struct reader *p, struct number *out)
{
    static const struct { const char *verbs, *joined; int sign; } commands[] = {
        { "add,sum of,the sum of", "and,to,with", PLUS }, { "multiply,product of,the product of", "by,and,with", TIMES },
        { "divide", "by", OVER }, { "the difference of,the difference between,difference between", "and", MINUS },
        { "subtract", "from", 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(commands); i++) {
        if (!eat_any(p, commands[i].verbs))
            continue;
        struct number a = read_signed(p);

        if (!p->o.why && !eat_any(p, commands[i].joined))
            fail(p, p->at < p->s.len ? WHY_UNKNOWN : WHY_MISSING);
        struct number b = p->o.why ? a : read_signed(p);

        *out = commands[i].sign ? combine(p, commands[i].sign, a, b) : combine(p, MINUS, b, a);
        return true;
    }
    return false;
}

/* 3和5的和 */
static struct number take_pair(struct reader *p, struct number a)
{
    static const struct { const char *words; int sign; } ends[] = {
        { "的和,之和", PLUS }, { "的差,之差", MINUS }, { "的积,的乘积,之积", TIMES }, { "的商,之商", OVER },
    };
    struct number b = read_sum(p);

    for (size_t i = 0; i < N_ELEMENTS(ends) && !p->o.why; i++)
        if (eat_any(p, ends[i].words))
            return combine(p, ends[i].sign, a, b);
    return fail(p, p->at < p->s.len ? WHY_UNKNOWN : WHY_MISSING);
}

/* 八折, 85折 */
static struct number take_discount(struct reader *p, struct number price)
{
    struct number n;

    if (!read_number(p, &n) || !eat(p, "折"))
        return fail(p, WHY_UNKNOWN);
    return number_multiply(price, number_divide(&p->o, n, (struct number){ .v = n.v < 10 ? 10 : 100, .exact = true }));
}

/* What may be said behind a whole sum, and is about all of it.  False: that was all. */
static bool go_on(struct reader *p, struct number *n)
{
    struct number before_it = *n;

    if (eat_any(p, "再,然后,then,and then")) {
        p->so_far = &before_it;
        *n = read_sum(p);
    } else if (eat_any(p, "和,与,跟")) {
        *n = take_pair(p, before_it);
    } else if (eat(p, "打")) {
        *n = take_discount(p, before_it);
    } else if (before_it.percent && eat(p, "off")) {
        struct number price = read_sum(p);

        *n = combine(p, MINUS, price, number_multiply(price, before_it));
    } else {
        return false;
    }
    return true;
}

static struct number read_sentence(struct reader *p)
{
    struct number n;

    if (!read_command(p, &n))
        n = read_sum(p);
    while (!p->o.why && go_on(p, &n))
        continue;
    eat_any(p, "的和,的差,的积,的商,的结果");
    return n;
}

/* ---- what is around it ---- */

static bool strip_one(str *s)
{
    static const char *const heads[] = {
        "what is", "what's", "whats", "how much is", "calculate", "compute", "work out", "evaluate", "please", "请问", "请", "帮我",
        "计算", "算算", "算", "一下",
    };
    static const char *const tails[] = {
        "=", "?", ".", "equals", "equals what", "equal", "is what", "是多少", "等于多少", "等于几", "等于", "得多少", "得几", "是几",
        "多少", "please", "呢", "啊",
    };
    str t = str_trim(*s);

    for (size_t i = 0; i < N_ELEMENTS(heads); i++) {
        size_t end = scan_word(t, 0, heads[i]);

        if (end && end < t.len)
            t = str_trim(str_skip(t, end));
    }
    for (size_t i = 0; i < N_ELEMENTS(tails); i++)
        if (str_ends(t, str_from(tails[i])))
            t = str_trim(str_take(t, t.len - strlen(tails[i])));
    bool any = t.len < s->len;

    *s = t;
    return any;
}

/* ---- how it is shown ---- */

static void drop_zeros(char *text)
{
    char *end = text + strlen(text);

    if (strchr(text, '.') == NULL)
        return;
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
}

/* "1.5e25" */
static void show_with_power(long double v, int digits, char out[ARITHMETIC_TEXT_SIZE])
{
    char text[ARITHMETIC_TEXT_SIZE], *e;

    snprintf(text, sizeof text, "%.*Le", digits - 1, v);
    e = strchr(text, 'e');
    long exponent = strtol(e + 1, NULL, 10);        /* LINT: printf's own */

    *e = '\0';
    drop_zeros(text);
    snprintf(out, ARITHMETIC_TEXT_SIZE, "%.40se%ld", text, exponent);
}

static bool is_plain_size(long double v, int digits)
{
    return v == 0 || (fabsl(v) >= 1e-6L && fabsl(v) < powl(10, digits));
}

void arithmetic_show(long double v, int digits, char out[ARITHMETIC_TEXT_SIZE])
{
    int whole = fabsl(v) < 1 ? 0 : (int)floorl(log10l(fabsl(v))) + 1, small = 0;

    if (!is_plain_size(v, digits)) {
        show_with_power(v, digits, out);
        return;
    }
    for (long double r = fabsl(v); v != 0 && r < 0.1L; r *= 10)     /* zeros behind the point do not count */
        small++;
    snprintf(out, ARITHMETIC_TEXT_SIZE, "%.*Lf", digits - whole + small, v);
    drop_zeros(out);
    if (strcmp(out, "-0") == 0)
        snprintf(out, ARITHMETIC_TEXT_SIZE, "0");
}

static void show(struct arithmetic *r)
{
    int digits = LDBL_DIG - 2 < ARITHMETIC_DIGITS ? LDBL_DIG - 2 : ARITHMETIC_DIGITS;

    if (r->exact && number_is_whole(r->value) && fabsl(r->value) < 1e36L) {
        snprintf(r->text, sizeof r->text, "%.0Lf", r->value == 0 ? 0 : r->value);
        return;
    }
    r->rounded = !is_plain_size(r->value, digits);
    arithmetic_show(r->value, digits, r->text);
}

enum err arithmetic_evaluate(str normal, enum arithmetic_language language, struct arithmetic *out)
{
    struct reader p = { .s = normal };
    struct number n = number_inexact(0);

    if (normal.len > ARITHMETIC_LENGTH_MAX)
        return failed(ERR_INPUT, "%s", whys[WHY_LENGTH][language]);
    while (strip_one(&p.s))
        continue;
    n = read_sentence(&p);
    skip_spaces(&p);
    if (!p.o.why && p.at < p.s.len)
        p.o.why = WHY_UNKNOWN;
    if (!p.o.why && !isfinite(n.v))
        p.o.why = WHY_LARGE;
    if (p.o.why == WHY_UNKNOWN && p.at < p.s.len)
        return failed(ERR_INPUT, "%s: %.*s", whys[p.o.why][language], STR(utf8_take(str_skip(p.s, p.at), 60)));
    if (p.o.why)
        return failed(ERR_INPUT, "%s", whys[p.o.why][language]);
    *out = (struct arithmetic){ .expression = p.s, .value = n.v, .exact = n.exact, .angles = p.o.angles && !p.unit_said };
    show(out);
    return OK;
}
