// SPDX-License-Identifier: Apache-2.0
/* Chinese: durations, parts of the day, days. */
#include "nlu/number.h"
#include "nlu/when_internal.h"

/* Spaces, commas and 的 between the words. */
size_t zh_gap(str s, size_t at)
{
    size_t end = scan_space(s, scan_char(s, at) == ',' ? at + 1 : at), of = scan_text(s, end, "的");

    return of ? scan_space(s, of) : end;
}

size_t zh_skip(str s, size_t at, const char *text)
{
    size_t end = scan_text(s, at, text);

    return end ? end : at;
}

/* A whole number in figures or characters. */
size_t read_zh_number(str s, size_t at, int max, int *out)
{
    double v;
    size_t end = read_figures(s, at, max, 4, out);

    if (end)
        return is_figure(scan_char(s, end)) ? 0 : end;
    if (!number_read_han(s, at, &v, &end) || v > max)
        return 0;
    *out = (int)v;
    return end;
}

/* Durations. */

static const struct word units[] = {
    { "秒", UNIT_SECOND }, { "秒钟", UNIT_SECOND }, { "分钟", UNIT_MINUTE }, { "刻钟", UNIT_QUARTER }, { "小时", UNIT_HOUR }, { "个小时", UNIT_HOUR },
    { "钟头", UNIT_HOUR }, { "个钟头", UNIT_HOUR }, { "个钟", UNIT_HOUR }, { "天", UNIT_DAY }, { "个白天", UNIT_DAY }, { "周", UNIT_WEEK },
    { "个周", UNIT_WEEK },
    { "星期", UNIT_WEEK }, { "个星期", UNIT_WEEK }, { "礼拜", UNIT_WEEK }, { "个礼拜", UNIT_WEEK }, { "个月", UNIT_MONTH }, { "个季度", UNIT_SEASON },
    { "年", UNIT_YEAR }, { "个分钟", UNIT_MINUTE },
};
/* With 半 before them: 半小时, 半个月, 半天 */
static const struct word half_units[] = {
    { "半小时", UNIT_HOUR }, { "半个小时", UNIT_HOUR }, { "半钟头", UNIT_HOUR }, { "半个钟头", UNIT_HOUR }, { "半个钟", UNIT_HOUR }, { "半天", UNIT_DAY },
    { "半个月", UNIT_MONTH }, { "半年", UNIT_YEAR }, { "半分钟", UNIT_MINUTE }, { "半个星期", UNIT_WEEK }, { "半日", UNIT_DAY },
};
/* 一个半小时, 两个半月 */
static const struct word and_half_units[] = {
    { "个半小时", UNIT_HOUR }, { "个半钟头", UNIT_HOUR }, { "个半月", UNIT_MONTH }, { "个半钟", UNIT_HOUR }, { "个半星期", UNIT_WEEK },
    { "小时半", UNIT_HOUR }, { "天半", UNIT_DAY }, { "年半", UNIT_YEAR }, { "分半", UNIT_MINUTE }, { "分半钟", UNIT_MINUTE }, { "周半", UNIT_WEEK },
};

/* 分 alone only inside of a longer one (1小时30分), and "5分" where something goes on with it. */
static size_t read_unit(str s, size_t at, bool inside, int *out)
{
    size_t end = SCAN_WORDS(s, at, units, out), minutes = scan_text(s, at, "分");

    if (end)
        return end;
    if (!minutes || scan_text(s, at, "分之") || !(inside || scan_text(s, minutes, "后") || scan_text(s, minutes, "之后")
        || scan_text(s, minutes, "以后") || is_figure(scan_char(s, minutes)) || scan_char(s, minutes) < 0))
        return 0;
    int seconds;

    if (!inside && scan_char(s, minutes) && !scan_text(s, minutes, "后") && !scan_text(s, minutes, "之后") && !scan_text(s, minutes, "以后")
        && !(at = read_zh_number(s, minutes, 59, &seconds)))
        return 0;
    *out = UNIT_MINUTE;
    return minutes;
}

static size_t read_one_length(str s, size_t at, bool inside, struct length *l, int *unit)
{
    double n;
    size_t end = SCAN_WORDS(s, at, half_units, unit), e;

    if (end)
        return when_add_length(l, *unit == UNIT_MONTH ? 15 : 0.5, *unit == UNIT_MONTH ? UNIT_DAY : *unit) ? end : 0;
    if (!number_read_figures(s, at, &n, &end) && !number_read_han(s, at, &n, &end))
        return 0;
    end = scan_space(s, end);
    if ((e = SCAN_WORDS(s, end, and_half_units, unit)))
        return when_add_length(l, n + 0.5, *unit) ? e : 0;
    if (!(e = read_unit(s, end, inside, unit)) || (*unit == UNIT_YEAR && n > 1900))
        return 0;
    return when_add_length(l, n, *unit) ? e : 0;
}

/* 第三天 is a day, not three; 每天 has its own reader. */
static bool is_counted(str s, size_t at) { return at >= 3 && scan_text(s, at - 3, "第"); }

size_t read_zh_length(const struct reading *r, size_t at, struct length *out)
{
    struct length l = { 0 };
    int last = UNIT_YEAR + 1, unit;
    size_t end = 0, next = at, e;

    if (is_counted(r->s, at))
        return 0;
    while ((e = read_one_length(r->s, next, end != 0, &l, &unit)) && unit < last) {
        end = e;
        last = unit;
        next = zh_skip(r->s, scan_space(r->s, end), "零");
        next = zh_skip(r->s, zh_skip(r->s, next, "又"), "加");
        *out = l;
    }
    return end;
}

/* Parts of the day. */

static const struct part parts[] = {
    { "凌晨", 0, 6, 2, SHIFT_MORNING }, { "清晨", 5, 8, 6, SHIFT_MORNING }, { "清早", 5, 8, 7, SHIFT_MORNING },
    { "大清早", 5, 8, 7, SHIFT_MORNING },
    { "一大早", 5, 8, 7, SHIFT_MORNING }, { "一早", 5, 9, 7, SHIFT_MORNING }, { "黎明", 4, 7, 6, SHIFT_MORNING },
    { "早上", 5, 12, 8, SHIFT_MORNING },
    { "早晨", 5, 12, 8, SHIFT_MORNING }, { "早间", 5, 12, 8, SHIFT_MORNING }, { "早起", 5, 12, 8, SHIFT_MORNING },
    { "上午", 6, 12, 9, SHIFT_NOON },
    { "中午", 12, 12, 12, SHIFT_NOON }, { "正午", 12, 12, 12, SHIFT_NOON }, { "晌午", 12, 12, 12, SHIFT_NOON },
    { "午后", 12, 18, 14, SHIFT_AFTERNOON },
    { "下午", 12, 18, 15, SHIFT_AFTERNOON }, { "傍晚", 17, 19, 18, SHIFT_AFTERNOON }, { "黄昏", 17, 19, 18, SHIFT_AFTERNOON },
    { "晚上", 18, 30, 20, SHIFT_EVENING }, { "晚间", 18, 30, 20, SHIFT_EVENING }, { "夜晚", 18, 30, 20, SHIFT_EVENING },
    { "晚", 18, 30, 20, SHIFT_EVENING },
    { "大晚上", 18, 30, 20, SHIFT_EVENING }, { "夜里", 22, 30, 23, SHIFT_NIGHT }, { "夜间", 22, 30, 23, SHIFT_NIGHT },
    { "深夜", 22, 30, 23, SHIFT_NIGHT },
    { "半夜", 24, 24, 24, SHIFT_NIGHT }, { "大半夜", 24, 24, 24, SHIFT_NIGHT }, { "午夜", 24, 24, 24, SHIFT_NIGHT },
    { "零晨", 0, 6, 2, SHIFT_MORNING },
    { "早", 5, 12, 8, SHIFT_MORNING }, { "晨", 5, 8, 7, SHIFT_MORNING }, { "夜", 22, 30, 23, SHIFT_NIGHT }, { "午间", 12, 14, 12, SHIFT_NOON },
};

/* 早, 晚 and the like are parts of the day only beside something: 明早, 每晚, 晚8点; 晚点 is "later". */
static size_t read_any_part(str s, size_t at, const struct part **out)
{
    size_t best = 0;

    for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
        size_t end = scan_text(s, at, parts[i].text);

        if (end > best) {
            best = end;
            *out = &parts[i];
        }
    }
    return best;
}

const struct part *when_zh_part(const char *text)
{
    const struct part *p = NULL;

    read_any_part(str_from(text), 0, &p);
    return p;
}

size_t read_zh_part(const struct reading *r, size_t at, const struct part **out)
{
    size_t end = read_any_part(r->s, at, out);
    int hour;

    if (end != at + 3)
        return end;
    return !scan_text(r->s, end, "一点") && !scan_text(r->s, end, "一些") && read_zh_number(r->s, end, 24, &hour) ? end : 0;
}

/* Days. */

/* 明早, 今晚, 昨夜, 今天, 大后天 */
static size_t read_relative_day(const struct reading *r, size_t at, struct said *d)
{
    static const struct word days[] = {
        { "今天", 0 }, { "今日", 0 }, { "今儿", 0 }, { "今儿个", 0 }, { "明天", 1 }, { "明日", 1 }, { "明儿", 1 }, { "明儿个", 1 }, { "后天", 2 },
        { "后日", 2 },
        { "后儿", 2 }, { "大后天", 3 }, { "昨天", -1 }, { "昨日", -1 }, { "昨儿", -1 }, { "昨儿个", -1 }, { "前天", -2 }, { "前日", -2 }, { "大前天", -3 },
        { "今早", 0 }, { "今晚", 0 }, { "今晨", 0 }, { "今夜", 0 }, { "今上午", 0 }, { "今下午", 0 }, { "今晚上", 0 }, { "明早", 1 }, { "明晚", 1 },
        { "明晨", 1 },
        { "明上午", 1 }, { "明下午", 1 }, { "明晚上", 1 }, { "明早上", 1 }, { "后晚", 2 }, { "昨晚", -1 }, { "昨夜", -1 }, { "昨晚上", -1 }, { "昨下午", -1 },
        { "今早上", 0 }, { "前晚", -2 }, { "明中午", 1 }, { "明凌晨", 1 },
    };
    int offset;
    size_t end = SCAN_WORDS(r->s, at, days, &offset);

    if (!end)
        return 0;
    d->has_day = true;
    d->day = r->today + offset;
    if (read_any_part(r->s, at + 3, &d->part) > at + 3)         /* the part is in the word: 明早 */
        return end;
    return end;
}

/* 周一, 星期天, 礼拜3; 末: 7 */
size_t read_zh_weekday(str s, size_t at, int *out)
{
    static const struct word heads[] = { { "周", 0 }, { "星期", 0 }, { "礼拜", 0 } };
    static const struct word days[] = { { "日", 0 }, { "天", 0 }, { "一", 1 }, { "二", 2 }, { "三", 3 }, { "四", 4 }, { "五", 5 }, { "六", 6 },
        { "1", 1 },
                                        { "2", 2 }, { "3", 3 }, { "4", 4 }, { "5", 5 }, { "6", 6 }, { "7", 0 } };
    int none;
    size_t end = SCAN_WORDS(s, at, heads, &none);

    if (!end || !(end = SCAN_WORDS(s, end, days, out)))
        return 0;
    if (is_figure(s.p[end - 1]) && is_figure(scan_char(s, end)))
        return 0;
    if (scan_text(s, at, "周日") && (scan_text(s, end, "志") || scan_text(s, end, "期") || scan_text(s, end, "报")))
        return 0;
    return end;
}

static const struct word week_heads[] = {
    { "下下个", 2 }, { "下下", 2 }, { "下个", 1 }, { "下一个", 1 }, { "下", 1 }, { "上上个", -2 }, { "上上", -2 }, { "上个", -1 }, { "上一个", -1 },
    { "上", -1 },
    { "这个", 0 }, { "这", 0 }, { "本", 0 }, { "这一", 0 }, { "下一", 1 }, { "上一", -1 },
};

size_t read_zh_week_head(str s, size_t at, int *out) { return SCAN_WORDS(s, at, week_heads, out); }

static size_t read_weekday_day(const struct reading *r, size_t at, struct said *d)
{
    int week = 0, weekday;
    size_t head = SCAN_WORDS(r->s, at, week_heads, &week), end = read_zh_weekday(r->s, head ? scan_space(r->s, head) : at, &weekday);

    if (!end)
        return 0;
    d->has_day = true;
    d->day = head ? when_week(r, week) + (weekday + 6) % 7 : when_weekday(r, weekday);
    d->again = head ? AGAIN_NEVER : AGAIN_WEEK;
    return end;
}

/* What makes of 3号 a thing: 3号线, 2号机 */
static bool names_a_thing(str s, size_t at)
{
    static const char *const things[] = { "线", "楼", "机", "店", "门", "桌", "房", "馆", "厅", "口", "服", "节", "主", "文", "码", "库", "院", "车", "台",
        "位",
                                          "任", "提", "仓", "盘", "集", "群" };

    for (size_t i = 0; i < N_ELEMENTS(things); i++)
        if (scan_text(s, at, things[i]))
            return true;
    return false;
}

/* 15号, 三日 */
static size_t read_day_number(str s, size_t at, int *out)
{
    size_t end = read_zh_number(s, at, 31, out), e;

    if (!end || *out < 1)
        return 0;
    end = scan_space(s, end);
    if ((e = scan_text(s, end, "号")))
        return names_a_thing(s, e) ? 0 : e;
    e = scan_text(s, end, "日");
    return e && !scan_text(s, end, "日志") && !scan_text(s, end, "日内") && !scan_text(s, end, "日元") && !scan_text(s, end, "日后") ? e : 0;
}

/* 周五 or (周五) behind a date says nothing new. */
static size_t skip_weekday(str s, size_t at)
{
    int none;
    size_t open = scan_text(s, scan_space(s, at), "("), end = read_zh_weekday(s, open ? open : scan_space(s, at), &none);

    if (!end)
        return at;
    return open ? (scan_text(s, end, ")") ? end + 1 : at) : end;
}

/* 12月25日, 十月一号, 12月25 */
static size_t read_month_and_day(str s, size_t at, int *month, int *day)
{
    size_t end = read_zh_number(s, at, 12, month), e;

    if (!end || *month < 1 || !(end = scan_text(s, scan_space(s, end), "月")))
        return 0;
    end = scan_space(s, zh_skip(s, end, "份"));
    if ((e = read_day_number(s, end, day)))
        return e;
    e = read_zh_number(s, end, 31, day);
    return e && *day > 0 && (scan_char(s, e) == ' ' || scan_char(s, e) == '\0' || scan_char(s, e) == ',') ? e : 0;
}

static const struct word years[] = { { "今年", 0 }, { "明年", 1 }, { "后年", 2 }, { "去年", -1 }, { "前年", -2 }, { "本年", 0 }, { "来年", 1 } };

/* 2026年, 二〇二六年, 明年 */
size_t read_zh_year(const struct reading *r, size_t at, int *out)
{
    int n;
    size_t end = SCAN_WORDS(r->s, at, years, &n);

    if (end) {
        *out = r->civil.year + n;
        return end;
    }
    end = read_zh_number(r->s, at, 2199, &n);
    end = end && n >= 1900 ? scan_text(r->s, scan_space(r->s, end), "年") : 0;
    if (end)
        *out = n;
    return end;
}

size_t read_zh_holiday(const struct reading *r, size_t at, struct said *d)
{
    static const struct word days[] = {
        { "元旦", 101 }, { "情人节", 214 }, { "妇女节", 308 }, { "三八妇女节", 308 }, { "植树节", 312 }, { "愚人节", 401 }, { "五一", 501 }, { "劳动节", 501 },
        { "五一劳动节", 501 }, { "青年节", 504 }, { "六一", 601 }, { "儿童节", 601 }, { "六一儿童节", 601 }, { "建党节", 701 }, { "建军节", 801 },
        { "教师节", 910 }, { "国庆", 1001 }, { "国庆节", 1001 }, { "万圣节", 1031 }, { "双十一", 1111 }, { "双11", 1111 }, { "双十二", 1212 },
        { "双12", 1212 },
        { "平安夜", 1224 }, { "圣诞", 1225 }, { "圣诞节", 1225 }, { "元旦节", 101 },
    };
    int date;
    size_t end = SCAN_WORDS(r->s, at, days, &date);

    if (!end || scan_text(r->s, end, "一") || scan_text(r->s, end, "个") || scan_text(r->s, end, "百"))
        return 0;
    d->day = when_month_day(r, date / 100, date % 100);
    d->again = AGAIN_YEAR;
    d->has_day = true;
    return end;
}

size_t read_zh_month_date(const struct reading *r, size_t at, struct said *d)
{
    int year = 0, month, day;
    size_t head = read_zh_year(r, at, &year), begin = head ? zh_gap(r->s, head) : at, end = read_month_and_day(r->s, begin, &month, &day);
    struct civil c;

    if (!end) {
        if (!head || !(end = read_zh_holiday(r, begin, d)))
            return 0;
        civil_of_days(d->day, &c);
        d->day = civil_days(year, c.month, c.day);
        d->again = AGAIN_NEVER;
        return end;
    }
    d->day = !head ? when_month_day(r, month, day) : day <= civil_month_days(year, month) ? civil_days(year, month, day) : -1;
    d->again = head ? AGAIN_NEVER : AGAIN_YEAR;
    d->has_day = true;
    return d->day == -1 ? 0 : skip_weekday(r->s, end);
}

static const struct word month_heads[] = {
    { "下下个月", 2 }, { "下个月", 1 }, { "下月", 1 }, { "下一个月", 1 }, { "上上个月", -2 }, { "上个月", -1 }, { "上月", -1 }, { "上一个月", -1 }, { "这个月", 0 },
    { "本月", 0 }, { "这月", 0 }, { "当月", 0 }, { "次月", 1 }, { "本月份", 0 },
};

size_t read_zh_month_head(str s, size_t at, int *out) { return SCAN_WORDS(s, at, month_heads, out); }

/* 下个月3号, 15号 */
static size_t read_month_day(const struct reading *r, size_t at, struct said *d)
{
    int month, day;
    size_t head = SCAN_WORDS(r->s, at, month_heads, &month), end = read_day_number(r->s, head ? zh_gap(r->s, head) : at, &day);
    struct civil c;

    if (!end || (!head && is_counted(r->s, at)))
        return 0;
    civil_of_days(civil_days(r->civil.year, r->civil.month + month * (head != 0), 1), &c);
    d->day = !head ? when_day_of_month(r, day) : day <= civil_month_days(c.year, c.month) ? civil_days(c.year, c.month, day) : -1;
    d->again = head ? AGAIN_NEVER : AGAIN_MONTH;
    d->has_day = true;
    return d->day == -1 ? 0 : skip_weekday(r->s, end);
}

/* 月底, 下个月初, 本月最后一天, 年底, 明年初 */
static size_t read_edge_day(const struct reading *r, size_t at, struct said *d)
{
    static const struct word month_edges[] = { { "底", 1 }, { "末", 1 }, { "初", 0 }, { "最后一天", 1 }, { "第一天", 0 }, { "的最后一天", 1 },
        { "的第一天", 0 } };
    static const struct word short_heads[] = { { "月", 0 }, { "下月", 1 }, { "上月", -1 } };
    int offset = 0, is_end, year = r->civil.year;
    size_t head = SCAN_WORDS(r->s, at, month_heads, &offset), end;

    if (!head)
        head = SCAN_WORDS(r->s, at, short_heads, &offset);
    if (head && (end = SCAN_WORDS(r->s, head, month_edges, &is_end))) {
        d->day = civil_days(r->civil.year, r->civil.month + offset + is_end, 1) - is_end;
        if (!is_end && scan_text(r->s, at, "月"))
            d->day = when_day_of_month(r, 1);
    } else {
        head = SCAN_WORDS(r->s, at, years, &offset);
        year += head ? offset : 0;
        head = head ? zh_skip(r->s, head, "年") : scan_text(r->s, at, "年");
        if (!head || !(end = SCAN_WORDS(r->s, head, month_edges, &is_end)))
            return 0;
        d->day = civil_days(year + is_end, 1, 1) - is_end;
        if (!is_end && scan_text(r->s, at, "年"))
            d->day = when_month_day(r, 1, 1);
    }
    d->has_day = true;
    return end;
}

size_t read_zh_day(const struct reading *r, size_t at, struct said *d)
{
    static size_t (*const readers[])(const struct reading *, size_t, struct said *) = {
        read_relative_day, read_zh_month_date, read_figure_date, read_weekday_day, read_month_day, read_edge_day, read_zh_holiday,
    };

    return read_longest(r, at, readers, N_ELEMENTS(readers), d);
}
