// SPDX-License-Identifier: Apache-2.0
/* entity_amount.c: how much, how many and when: sizes, percentages, numbers; by number.h. */
#include "nlu/entity_find.h"
#include "nlu/entity_names.h"
#include "nlu/number.h"

/* Most words are none, and number_read() takes its time to say so; the words of numbers begin times, too. */
static bool may_be_number(const struct finder *f, size_t at)
{
    size_t end = at;

    if (is_wide(sign(f, at)))
        return name_is(NAME_NUMERAL, str_cut(f->text, at, at + 3));
    while (is_letter(sign(f, end)))
        end++;
    return end == at || name_is(NAME_TIME, str_cut(f->text, at, end));
}

/* The number at `at`, read once for all that ask. */
static bool number_at(struct finder *f, size_t at, double *out, size_t *ret_end)
{
    if (f->number.asked != at + 1) {
        f->number.asked = at + 1;
        f->number.is = may_be_number(f, at) && number_read(f->text, at, &f->number.value, &f->number.end);
    }
    *out = f->number.value;
    *ret_end = f->number.end;
    return f->number.is;
}

/* Figures with a unit glued to them (2G) are no number by themselves. */
static bool figures_at(struct finder *f, size_t at, double *out, size_t *ret_end)
{
    if (!is_digit(sign(f, at)))
        return number_at(f, at, out, ret_end);
    return is_name_edge(f, at) && number_read_figures(f->text, at, out, ret_end);
}

/* The 3/4 of "3/4 cup" and "1 3/4 cups". */
static bool fraction_at(struct finder *f, size_t at, double *out, size_t *ret_end)
{
    double above, below;
    size_t line, end;

    if (!is_digit(sign(f, at)) || !number_read_figures(f->text, at, &above, &line) || sign(f, line) != '/' ||
        !number_read_figures(f->text, line + 1, &below, &end) || below <= 0)
        return false;
    *out = above / below;
    *ret_end = end;
    return true;
}

/* "half a gig", "a gig", 半个G, 两个半G */
bool amount_at(struct finder *f, size_t at, double *out, size_t *ret_unit)
{
    double fraction;
    static const str articles[] = { S("a"), S("an") }, between[] = { S(" a"), S(" of a"), S(" an"), S(" of an") };
    size_t end;

    if (figures_at(f, at, out, &end)) {
        if (is_digit(sign(f, at)) && !fraction_at(f, at, out, &end) && sign(f, end) == ' ' && fraction_at(f, end + 1, &fraction, &end))
            *out += fraction;
        end += one_of_at(f, end, between, N_ELEMENTS(between));
    } else {
        *out = 1;
        end = at + one_of_at(f, at, articles, N_ELEMENTS(articles));
        if (end == at || !is_name_edge(f, at) || sign(f, end) != ' ')
            return false;
    }
    if (str_starts(str_skip(f->text, end), S("个")))
        end += 3;
    if (end > at + 3 && str_starts(str_skip(f->text, end), S("半"))) {
        *out += 0.5;
        end += 3;
    }
    *ret_unit = end + (sign(f, end) == ' ' || (sign(f, end) == '-' && is_letter(sign(f, end + 1))));
    return true;
}

/* By powers of 1,024. */
static const struct { str name; uint8_t power; } sizes[] = {
    { S("bytes"), 0 }, { S("byte"), 0 }, { S("字节"), 0 },
    { S("k"), 1 }, { S("kb"), 1 }, { S("kib"), 1 }, { S("kilobytes"), 1 }, { S("kilobyte"), 1 }, { S("千字节"), 1 },
    { S("m"), 2 }, { S("mb"), 2 }, { S("mib"), 2 }, { S("meg"), 2 }, { S("megs"), 2 }, { S("megabytes"), 2 }, { S("megabyte"), 2 },
    { S("兆"), 2 }, { S("兆字节"), 2 }, { S("mbytes"), 2 },
    { S("g"), 3 }, { S("gb"), 3 }, { S("gib"), 3 }, { S("gig"), 3 }, { S("gigs"), 3 }, { S("gigabytes"), 3 }, { S("gigabyte"), 3 },
    { S("吉字节"), 3 }, { S("gbytes"), 3 },
    { S("t"), 4 }, { S("tb"), 4 }, { S("tib"), 4 }, { S("terabytes"), 4 }, { S("terabyte"), 4 }, { S("太字节"), 4 },
    { S("pb"), 5 }, { S("pib"), 5 }, { S("petabytes"), 5 }, { S("petabyte"), 5 },
};

/* 5k is a number, 5t a weight, 5m a time or a length, 4G a network, unless something says otherwise. */
static bool is_size_letter(struct finder *f, size_t at, size_t unit)
{
    static const str waits[] = { S("in"), S("for"), S("every"), S("after"), S("wait"), S("snooze"), S("timer"), S("another") };
    static const str networks[] = { S("网"), S("手机"), S("信号"), S("流量"), S("电话"), S(" network"), S("视频"), S(" video"), S("分辨率") };
    unsigned char c = sign(f, unit);

    if ((c == 'k' || c == 't') && !is_capital(f, unit))
        return false;
    if (c == 'm' && !is_capital(f, unit) && str_among(word_before(f, at), waits, N_ELEMENTS(waits)))
        return false;
    return one_of_at(f, unit + 1, networks, N_ELEMENTS(networks)) == 0;
}

bool find_size(struct finder *f, size_t at, struct entity *out)
{
    size_t unit, longest = 0;
    double v, scale = 1;
    uint8_t power = 0;

    if (!amount_at(f, at, &v, &unit))
        return false;
    for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
        if (sizes[i].name.len > longest && one_of_at(f, unit, &sizes[i].name, 1)) {
            longest = sizes[i].name.len;
            power = sizes[i].power;
        }
    if (longest == 0 || (longest == 1 && !is_size_letter(f, at, unit)) || !found(f, ENTITY_SIZE, at, unit + longest, out))
        return false;
    while (power-- > 0)
        scale *= 1024;
    out->number = v * scale;
    return true;
}

/* 百分之八十 */
static bool find_chinese_percent(struct finder *f, size_t at, struct entity *out)
{
    static const str of_hundred = S("百分之"), all = S("百分百");
    str rest = str_skip(f->text, at);
    size_t end = at + all.len;
    double v = 100;

    if (str_starts(rest, of_hundred)) {
        end = at + of_hundred.len;
        if (!number_read_figures(f->text, end, &v, &end) && !number_read_han(f->text, end, &v, &end))
            return false;
    } else if (!str_starts(rest, all)) {
        return false;
    }
    found(f, ENTITY_PERCENT, at, end, out);
    out->number = v;
    return true;
}

bool find_percent(struct finder *f, size_t at, struct entity *out)
{
    static const str signs[] = { S("%"), S(" %"), S(" percent"), S(" per cent"), S("percent"), S(" pct") };
    size_t end, len;
    double v;

    if (find_chinese_percent(f, at, out))
        return true;
    if (!figures_at(f, at, &v, &end) || (len = one_of_at(f, end, signs, N_ELEMENTS(signs))) == 0)
        return false;
    found(f, ENTITY_PERCENT, at, end + len, out);
    out->number = v;
    return true;
}

bool find_number(struct finder *f, size_t at, struct entity *out)
{
    size_t end;
    double v;

    if (!is_name_edge(f, at) || !number_at(f, at, &v, &end) || !found(f, ENTITY_NUMBER, at, end, out))
        return false;                           /* the 3 of web-3 */
    out->number = v;
    return true;
}
