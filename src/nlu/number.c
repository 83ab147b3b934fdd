// SPDX-License-Identifier: Apache-2.0
#include "nlu/number.h"

#include <math.h>

#include "nlu/scan.h"

enum { FIGURES_MAX = 18, HAN_MAX = 24, WORDS_MAX = 16 };    /* what is longer is no number but an identifier */

static bool stands_at(str s, size_t at, const char *text) { return scan_text(s, at, text) != 0; }

/* Figures. */

static size_t count_figures(str s, size_t at)
{
    size_t n = 0;

    while (n <= FIGURES_MAX && is_figure(scan_char(s, at + n)))
        n++;
    return n;
}

static double add_figures(double v, str s, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (s.p[at + i] - '0');
    return v;
}

bool number_read_figures(str s, size_t at, double *out, size_t *ret_end)
{
    size_t n = count_figures(s, at), all = n;

    if (n == 0 || n > FIGURES_MAX)
        return false;
    double v = add_figures(0, s, at, n);

    at += n;
    while (n <= 3 && all < FIGURES_MAX - 3 && scan_char(s, at) == ',' && count_figures(s, at + 1) == 3) {
        v = add_figures(v, s, at + 1, 3);
        at += 4;
        all += 3;
    }
    n = scan_char(s, at) == '.' ? count_figures(s, at + 1) : 0;
    if (n > FIGURES_MAX)
        return false;
    if (n) {
        v += add_figures(0, s, at + 1, n) / pow(10, (double)n);
        at += n + 1;
    }
    *out = v;
    *ret_end = at;
    return true;
}

/* Chinese. */

struct han { const char *text; int64_t value; };

static const struct han han_digits[] = {
    { "零", 0 }, { "〇", 0 }, { "一", 1 }, { "二", 2 }, { "两", 2 }, { "三", 3 }, { "四", 4 }, { "五", 5 }, { "六", 6 }, { "七", 7 },
    { "八", 8 }, { "九", 9 }, { "幺", 1 }, { "俩", 2 }, { "仨", 3 },
};
static const struct han han_units[] = { { "十", 10 }, { "百", 100 }, { "千", 1000 }, { "万", 10000 }, { "亿", 100000000 } };
/* Behind 千 these are units of their own: 千克. */
static const char *const behind_kilo[] = { "克", "米", "瓦", "卡", "焦", "帕", "赫", "伏", "字节", "比特" };

static int64_t han_value(const struct han *table, size_t n, str s, size_t at)
{
    for (size_t i = 0; i < n; i++)
        if (stands_at(s, at, table[i].text))
            return table[i].value;
    return -1;
}

static int64_t digit_at(str s, size_t at) { return han_value(han_digits, N_ELEMENTS(han_digits), s, at); }

static int64_t unit_at(str s, size_t at)
{
    int64_t unit = han_value(han_units, N_ELEMENTS(han_units), s, at);

    for (size_t i = 0; unit == 1000 && i < N_ELEMENTS(behind_kilo); i++)
        if (stands_at(s, at + 3, behind_kilo[i]))
            return -1;
    return unit;
}

/* 二〇二六, 幺二三: figures read out.  Two alone are "two or three" (两三个), unless one is a zero. */
static bool read_out(str s, size_t at, double *out, size_t *ret_end)
{
    double v = 0;
    size_t n = 0;
    bool zero = false;

    for (int64_t d; n <= FIGURES_MAX && (d = digit_at(s, at)) >= 0; n++, at += 3) {
        v = v * 10 + (double)d;
        zero |= d == 0;
    }
    if (n < 2 || n > FIGURES_MAX || (n == 2 && !zero) || unit_at(s, at) >= 0)
        return false;
    *out = v;
    *ret_end = at;
    return true;
}

/* A number of groups of four places: 亿 (above), 万, the rest. */
struct han_number {
    int64_t above, group;       /* finished 亿 and 万; the group that is being read */
    int64_t digit;              /* -1: none is waiting for its unit */
    int64_t last;               /* the unit before */
    bool    zero;               /* 零 came behind it */
    bool    any;
};

static bool take_digit(struct han_number *h, int64_t d)
{
    if (h->digit >= 0)
        return false;
    if (d == 0 && h->any)
        h->zero = true;
    else
        h->digit = d;
    h->any = true;
    return true;
}

static bool take_small_unit(struct han_number *h, int64_t unit)
{
    if (h->digit < 0 && (unit != 10 || (h->any && !h->zero && h->last < 10000)))
        return false;
    if (h->last && h->last < 10000 && unit >= h->last)
        return false;
    h->group += (h->digit < 0 ? 1 : h->digit) * unit;
    return true;
}

static bool take_big_unit(struct han_number *h, int64_t unit)
{
    int64_t group = h->group + (h->digit < 0 ? 0 : h->digit);

    if (unit == 10000) {
        if (group == 0 || h->last == 10000)
            return false;
        h->above += group * 10000;
    } else {
        if (h->above + group == 0 || h->above >= 100000000)
            return false;
        h->above = (h->above + group) * unit;
    }
    h->group = 0;
    return true;
}

static bool take_unit(struct han_number *h, int64_t unit)
{
    if (!(unit < 10000 ? take_small_unit(h, unit) : take_big_unit(h, unit)))
        return false;
    h->digit = -1;
    h->last = unit;
    h->zero = false;
    h->any = true;
    return true;
}

/* 两千三 is 2300; 一百零三 is 103. */
static int64_t han_sum(const struct han_number *h)
{
    int64_t rest = h->digit < 0 ? 0 : h->last >= 100 && !h->zero ? h->digit * (h->last / 10) : h->digit;

    return h->above + h->group + rest;
}

bool number_read_han(str s, size_t at, double *out, size_t *ret_end)
{
    struct han_number h = { .digit = -1 };
    size_t n = 0;

    if (scan_char(s, at) >= 0)            /* none of ours is ASCII */
        return false;
    if (read_out(s, at, out, ret_end))
        return true;
    for (; n < HAN_MAX; n++) {
        int64_t d = digit_at(s, at + 3 * n), unit = d < 0 ? unit_at(s, at + 3 * n) : -1;

        if (!(d >= 0 ? take_digit(&h, d) : unit >= 0 && take_unit(&h, unit)))
            break;
    }
    if (!h.any || n == HAN_MAX || (digit_at(s, at + 3 * n) >= 0 && !stands_at(s, at + 3 * n, "两")))
        return false;           /* 两三个, "two or three"; but 三两 is a weight */
    *out = (double)han_sum(&h);
    *ret_end = at + 3 * n;
    return true;
}

/* 三点一四; a time goes on with 分, 刻 or a ten. */
static void add_point(str s, double *v, size_t *end)
{
    size_t at = *end, n = 0;
    double fraction = 0, unit = 0.1;

    if (!stands_at(s, at, "点"))
        return;
    for (int64_t d; n < FIGURES_MAX && (d = digit_at(s, at + 3 + 3 * n)) >= 0; n++, unit /= 10)
        fraction += (double)d * unit;
    at += 3 + 3 * n;
    if (n == 0 || stands_at(s, at, "分") || stands_at(s, at, "刻") || unit_at(s, at) == 10 || stands_at(s, at, "点"))
        return;
    *v += fraction;
    *end = at;
}

static bool stands_any(str s, size_t at, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (stands_at(s, at, texts[i]))
            return true;
    return false;
}

static bool looks_only_so(str s, size_t at)
{
    static const char *const words[] = { "一下", "一些", "一起", "一样", "一直", "一定", "一般", "一旦", "一边", "一切", "一共", "一律",
        "一致", "一会", "一点儿", "一点点", "一键", "一如", "一向", "一并", "一同", "十分感", "十分重", "三亚", "四川", "九江", "六安", "七台",
        "半夜", "半路", "半导", "两边", "三明市" };
    static const char *const before[] = { "统", "唯", "万", "周", "期", "拜", "专" };

    return stands_any(s, at, words, N_ELEMENTS(words)) || (at >= 3 && stands_any(s, at - 3, before, N_ELEMENTS(before)));
}

static bool read_chinese(str s, size_t at, double *out, size_t *ret_end)
{
    double divisor;

    if (stands_at(s, at, "半") || stands_at(s, at, "一半")) {
        if (looks_only_so(s, at))
            return false;
        *out = 0.5;
        *ret_end = at + (stands_at(s, at, "半") ? 3 : 6);
        return true;
    }
    if (!number_read_han(s, at, out, ret_end) || stands_at(s, *ret_end, "几") || looks_only_so(s, at))
        return false;
    if (stands_at(s, *ret_end, "分之") && *out > 0) {
        divisor = *out;
        if (!number_read_han(s, *ret_end + 6, out, ret_end))
            return false;
        *out /= divisor;
        return true;
    }
    add_point(s, out, ret_end);
    return true;
}

/* English. */

static const struct han small_words[] = {
    { "zero", 0 }, { "one", 1 }, { "two", 2 }, { "three", 3 }, { "four", 4 }, { "five", 5 }, { "six", 6 }, { "seven", 7 }, { "eight", 8 },
    { "nine", 9 }, { "ten", 10 }, { "eleven", 11 }, { "twelve", 12 }, { "thirteen", 13 }, { "fourteen", 14 }, { "fifteen", 15 },
    { "sixteen", 16 }, { "seventeen", 17 }, { "eighteen", 18 }, { "nineteen", 19 }, { "twenty", 20 }, { "thirty", 30 }, { "forty", 40 },
    { "fourty", 40 }, { "fifty", 50 }, { "sixty", 60 }, { "seventy", 70 }, { "eighty", 80 }, { "ninety", 90 },
};
static const struct han scale_words[] = {
    { "hundred", 100 }, { "thousand", 1000 }, { "million", 1000000 }, { "billion", 1000000000 }, { "dozen", 12 },
};

static int64_t named(const struct han *table, size_t n, str s, size_t at, size_t *ret_end)
{
    for (size_t i = 0; i < n; i++) {
        size_t end = scan_word(s, at, table[i].text);

        if (end) {
            *ret_end = end;
            return table[i].value;
        }
    }
    return -1;
}

static int64_t small_at(str s, size_t at, size_t *ret_end) { return named(small_words, N_ELEMENTS(small_words), s, at, ret_end); }
static int64_t scale_at(str s, size_t at, size_t *ret_end) { return named(scale_words, N_ELEMENTS(scale_words), s, at, ret_end); }

struct word_number { int64_t above, group, last; };     /* last: what the word before was worth; 0: nothing yet */

static bool take_small_word(struct word_number *w, int64_t v)
{
    bool fits = w->last == 0 || w->last >= 100 || (w->last >= 20 && v > 0 && v < 10);

    if (!fits || (w->last && v == 0))
        return false;
    w->group += v;
    w->last = v ? v : 1;
    return true;
}

static bool take_scale_word(struct word_number *w, int64_t v)
{
    if (w->group == 0 || w->group >= 1000000 || (v == 100 && w->group > 99) || w->last == 12 * 100)
        return false;
    if (v <= 100) {
        w->group *= v;
        w->last = v == 12 ? 12 * 100 : v;
        return true;
    }
    if (w->above && w->above < v * 1000)
        return false;
    w->above += w->group * v;
    w->group = 0;
    w->last = v;
    return true;
}

/* The words from `at` on that go on with the number; where they end. */
static size_t take_words(str s, size_t at, struct word_number *w)
{
    size_t end = at;

    for (size_t n = 0; n < WORDS_MAX; n++) {
        size_t next = end, word_end;
        bool first = w->last == 0;

        if (!first && scan_char(s, next) != ' ' && scan_char(s, next) != '-')
            break;
        next += !first;
        if (w->last >= 100 && w->last != 1200 && scan_word(s, next, "and"))
            next += stands_at(s, next + 3, " ") ? 4 : 3;
        int64_t v = small_at(s, next, &word_end), scale = v < 0 ? scale_at(s, next, &word_end) : -1;

        if (v < 0 && scale < 0)
            break;
        if (!(v >= 0 ? take_small_word(w, v) : take_scale_word(w, scale)))
            break;
        end = word_end;
    }
    return end;
}

/* "a dozen", "half a million", "a couple of", "three quarters": set phrases before a scale, or alone. */
static bool read_phrase(str s, size_t at, double *out, size_t *ret_end)
{
    static const struct { const char *text; double value; } phrases[] = {
        { "half a dozen", 6 }, { "half a hundred", 50 }, { "half a thousand", 500 }, { "half a million", 500000 },
        { "half a billion", 5e8 }, { "a dozen", 12 }, { "a couple of", 2 }, { "a couple", 2 }, { "couple of", 2 },
        { "a half", 0.5 }, { "half", 0.5 }, { "three quarters", 0.75 }, { "a quarter", 0.25 },
        { "one third", 1.0 / 3 }, { "two thirds", 2.0 / 3 }, { "a third", 1.0 / 3 },
    };

    for (size_t i = 0; i < N_ELEMENTS(phrases); i++) {
        size_t end = scan_word(s, at, phrases[i].text);

        if (end) {
            *out = phrases[i].value;
            *ret_end = end;
            return true;
        }
    }
    return false;
}

/* "two and a half", "three point one four" */
static void add_fraction(str s, double *v, size_t *end)
{
    size_t e, at = *end;
    double unit = 0.1;

    if ((e = scan_word(s, at, " and a half")) || (e = scan_word(s, at, " and a quarter"))) {
        *v += s.p[e - 1] == 'f' ? 0.5 : 0.25;
        *end = e;
    }
    if (!(at = scan_word(s, *end, " point")))
        return;
    for (size_t n = 0; n < FIGURES_MAX && scan_char(s, at) == ' '; n++, unit /= 10) {
        int64_t d = small_at(s, at + 1, &e);

        if (d < 0 || d > 9)
            break;
        *v += (double)d * unit;
        *end = at = e;
    }
}

bool number_read_words(str s, size_t at, double *out, size_t *ret_end)
{
    struct word_number w = { 0 };

    if (!is_letter(scan_char(s, at)))
        return false;
    if (read_phrase(s, at, out, ret_end))
        return true;
    if (stands_at(s, at, "a ") && scale_at(s, at + 2, ret_end) > 0)
        w = (struct word_number){ 0, 1, 1 };
    size_t end = take_words(s, w.last ? at + 1 : at, &w);

    if (w.last == 0)
        return false;
    *out = (double)(w.above + w.group);
    *ret_end = end;
    add_fraction(s, out, ret_end);
    return true;
}

/* Any of them. */

/* 1.5万, 3万5, 2 million */
static void multiply(str s, double *v, size_t *end)
{
    double rest;
    size_t e;
    int64_t scale = unit_at(s, *end);

    if (scale >= 100) {
        *v *= (double)scale;
        *end += 3;
        if (scale >= 1000 && number_read_figures(s, *end, &rest, &e) && rest < 10 && e == *end + 1) {
            int64_t unit = unit_at(s, e);

            *v += rest * (double)(unit >= 100 && unit < scale ? unit : scale / 10);
            *end = unit >= 100 && unit < scale ? e + 3 : e;
        }
        if (unit_at(s, *end) == 100000000) {
            *v *= 1e8;
            *end += 3;
        }
        return;
    }
    scale = scan_char(s, *end) == ' ' ? scale_at(s, *end + 1, &e) : -1;
    if (scale > 0) {
        *v *= (double)scale;
        *end = e;
    }
}

static bool read_any_figures(str s, size_t at, double *out, size_t *ret_end)
{
    if (!number_read_figures(s, at, out, ret_end))
        return false;
    char c = scan_char(s, *ret_end);

    if ((c == '.' || c == ':') && is_figure(scan_char(s, *ret_end + 1)))
        return false;
    multiply(s, out, ret_end);
    return true;
}

bool number_read(str s, size_t at, double *out, size_t *ret_end)
{
    double v, sign = 1;
    size_t end, begin = at;

    if (at >= s.len || !scan_begins(s, at))
        return false;
    bool apart = at == 0 || s.p[at - 1] == ' ' || s.p[at - 1] == '(';

    if (apart && (s.p[at] == '-' || s.p[at] == '+') && is_figure(scan_char(s, at + 1))) {
        sign = s.p[at] == '-' ? -1 : 1;
        begin = at + 1;
    } else if (stands_at(s, at, "负")) {
        sign = -1;
        begin = at + 3;
    }
    if (!read_any_figures(s, begin, &v, &end) && !read_chinese(s, begin, &v, &end)
        && (sign < 0 || !number_read_words(s, begin, &v, &end)))
        return false;
    *out = sign * v;
    *ret_end = end;
    return true;
}
