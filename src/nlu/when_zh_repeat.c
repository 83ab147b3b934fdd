// SPDX-License-Identifier: Apache-2.0
/* Chinese: what repeats: 每天早上7点, 每周一三五, 每隔一周的周五, 每月15号, 周一到周五九点. */
#include "nlu/number.h"
#include "nlu/when_internal.h"

enum { WORKDAYS = 0x3E, WEEKEND = 0x41, ALL_DAYS = 0x7F, EVERY_MAX = 1000 };

static const struct word day_letters[] = { { "日", 0 }, { "天", 0 }, { "一", 1 }, { "二", 2 }, { "三", 3 }, { "四", 4 }, { "五", 5 },
    { "六", 6 }, { "1", 1 },
                                           { "2", 2 }, { "3", 3 }, { "4", 4 }, { "5", 5 }, { "6", 6 } };
static const struct word week_words[] = { { "周", 0 }, { "星期", 0 }, { "礼拜", 0 } };

static void add_range(uint8_t *bits, int from, int to)
{
    for (int d = from; d != to; d = (d + 1) % 7)
        *bits |= (uint8_t)(1 << d);
    *bits |= (uint8_t)(1 << to);
}

/* Behind the first weekday: 一三五, 一、三, 一到五, 一和周四; 二点 is a time. */
static size_t read_more_days(str s, size_t at, int day, uint8_t *bits)
{
    static const struct word links[] = { { "、", 0 }, { ",", 0 }, { "和", 0 }, { "跟", 0 }, { "与", 0 }, { "及", 0 }, { "/", 0 }, { "到", 1 },
        { "至", 1 },
                                         { "-", 1 }, { "~", 1 }, { " ", 0 } };
    size_t end = at;

    for (int n = 0; n < 8; n++) {
        int range = 0, next, none;
        size_t link = SCAN_WORDS(s, end, links, &range), begin = link ? link : end, week = SCAN_WORDS(s, begin, week_words, &none);
        size_t e = SCAN_WORDS(s, week ? week : begin, day_letters, &next);

        bool bare_space = link && s.p[end] == ' ' && !week;

        if (!e || bare_space || scan_text(s, e, "点") || scan_text(s, e, "十") || scan_text(s, e, "时")
            || (is_figure(s.p[e - 1]) && (scan_char(s, e) == ':' || is_figure(scan_char(s, e)))))
            break;
        if (!week && (scan_text(s, begin, "天") || scan_text(s, begin, "日")) && !link)
            break;
        if (range)
            add_range(bits, day, next);
        *bits |= (uint8_t)(1 << next);
        day = next;
        end = e;
    }
    return end;
}

/* 周一三五, 星期一到五, 工作日, 周末 */
static size_t read_days(str s, size_t at, uint8_t *out)
{
    static const struct word kinds[] = { { "工作日", WORKDAYS }, { "周末", WEEKEND }, { "双休日", WEEKEND }, { "上班日", WORKDAYS },
        { "平日", WORKDAYS },
                                         { "周六日", WEEKEND }, { "周六周日", WEEKEND } };
    int bits, day;
    size_t end = SCAN_WORDS(s, at, kinds, &bits);

    if (end) {
        *out = (uint8_t)bits;
        return end;
    }
    if (!(end = read_zh_weekday(s, at, &day)))
        return 0;
    *out = (uint8_t)(1 << day);
    return read_more_days(s, end, day, out);
}

/* Of a month: 15号, 1号和15号, 最后一天, 底, 第一个周一, 最后一个周五 */
static size_t read_month_place(const struct reading *r, size_t at, struct recurrence *rule)
{
    static const struct word edges[] = { { "最后一天", 1 }, { "底", 1 }, { "末", 1 }, { "月底", 1 }, { "月末", 1 }, { "初", 0 }, { "月初", 0 },
        { "第一天", 0 },
                                         { "的最后一天", 1 } };
    static const struct word nths[] = { { "第一个", 1 }, { "第二个", 2 }, { "第三个", 3 }, { "第四个", 4 }, { "最后一个", -1 }, { "第1个", 1 },
        { "第2个", 2 },
                                        { "第3个", 3 }, { "首个", 1 } };
    static const struct word links[] = { { "和", 0 }, { "、", 0 }, { ",", 0 }, { "跟", 0 }, { "与", 0 }, { "号和", 0 } };
    int value, weekday;
    size_t end = SCAN_WORDS(r->s, at, edges, &value), e;

    if (end) {
        *(value ? &rule->last_days : &rule->days) = 2;
        return end;
    }
    if ((end = SCAN_WORDS(r->s, at, nths, &value)) && (e = read_zh_weekday(r->s, end, &weekday))) {
        rule->weekdays = (uint8_t)(1 << weekday);
        rule->weekday_nth = value;
        return e;
    }
    for (end = 0; (e = read_zh_number(r->s, at, 31, &value)) && value > 0;) {
        size_t mark = scan_text(r->s, e, "号"), link;

        mark = mark ? mark : scan_text(r->s, e, "日");
        if (!mark && !SCAN_WORDS(r->s, e, links, &weekday))
            break;
        rule->days |= UINT32_C(1) << value;
        end = mark ? mark : end;
        link = SCAN_WORDS(r->s, mark ? mark : e, links, &weekday);
        if (!link)
            return mark;
        at = scan_space(r->s, link);
    }
    return end;
}

/* What comes behind 每周, 每两个月, 每年. */
static size_t add_details(const struct reading *r, size_t at, struct recurrence *rule)
{
    struct said d = { 0 };
    size_t begin = zh_gap(r->s, at), end = 0;
    int day;

    switch (rule->frequency) {
    case REPEATS_WEEKLY:
        end = read_days(r->s, begin, &rule->weekdays);
        if (!end && begin == at && at >= 3 && (end = SCAN_WORDS(r->s, at, day_letters, &day))) {     /* 每周 + 一三五 */
            rule->weekdays = (uint8_t)(1 << day);
            end = read_more_days(r->s, end, day, &rule->weekdays);
        }
        if (!end)
            rule->weekdays = (uint8_t)(1 << r->civil.weekday);
        break;
    case REPEATS_MONTHLY:
        end = read_month_place(r, begin, rule);
        if (!end)
            rule->days = UINT32_C(1) << r->civil.day;
        break;
    case REPEATS_YEARLY:
        if (!(end = read_zh_month_date(r, begin, &d)))
            end = read_zh_holiday(r, begin, &d);
        if (!when_set_date(end ? d.day : r->today, rule))
            return 0;
        break;
    default:
        break;
    }
    return end ? end : at;
}

/* 天, 个小时, 半小时 behind 每, 每隔 or a number */
static const struct word every_units[] = {
    { "分钟", REPEATS_MINUTELY }, { "分", REPEATS_MINUTELY }, { "小时", REPEATS_HOURLY }, { "个小时", REPEATS_HOURLY }, { "钟头", REPEATS_HOURLY },
    { "个钟头", REPEATS_HOURLY }, { "天", REPEATS_DAILY }, { "日", REPEATS_DAILY }, { "周", REPEATS_WEEKLY }, { "个周", REPEATS_WEEKLY },
    { "星期", REPEATS_WEEKLY },
    { "个星期", REPEATS_WEEKLY }, { "礼拜", REPEATS_WEEKLY }, { "个礼拜", REPEATS_WEEKLY }, { "月", REPEATS_MONTHLY }, { "个月", REPEATS_MONTHLY },
    { "年", REPEATS_YEARLY }, { "刻钟", 100 }, { "半小时", 101 }, { "半个小时", 101 }, { "半个钟头", 101 }, { "季度", 102 }, { "个季度", 102 },
    { "半个月", 103 }, { "半年", 104 }, { "个半小时", 105 },
};

static bool set_unit(int unit, double n, struct recurrence *rule)
{
    static const struct { int frequency; unsigned interval; } special[] = {
        { REPEATS_MINUTELY, 15 }, { REPEATS_MINUTELY, 30 }, { REPEATS_MONTHLY, 3 }, { REPEATS_DAILY, 15 }, { REPEATS_MONTHLY, 6 },
        { REPEATS_MINUTELY, 90 },
    };

    if (n < 1 || n > EVERY_MAX || n != (double)(unsigned)n)
        return false;
    rule->frequency = unit < 100 ? (unsigned)unit : (unsigned)special[unit - 100].frequency;
    rule->interval = (unsigned)n * (unit < 100 ? 1 : special[unit - 100].interval);
    return true;
}

/* 每两小时, 每隔一天, 隔周: 隔一天 leaves one out, 每隔两小时 is taken as every two. */
static size_t read_every_unit(const struct reading *r, size_t at, bool skipping, struct recurrence *rule)
{
    double n = 1;
    int unit;
    size_t begin = at, end = SCAN_WORDS(r->s, at, every_units, &unit);

    if (!end) {
        if (!number_read_figures(r->s, at, &n, &begin) && !number_read_han(r->s, at, &n, &begin))
            return 0;
        end = SCAN_WORDS(r->s, scan_space(r->s, begin), every_units, &unit);
    }
    if (end && skipping && n == 1 && unit >= REPEATS_DAILY && unit < 100)
        n = 2;
    return end && set_unit(unit, n, rule) ? add_details(r, end, rule) : 0;
}

/* 每个周一, 每逢工作日, 每晚, 每到整点 */
static size_t read_every_thing(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    static const struct word tops[] = { { "整点", 0 }, { "小时整点", 0 }, { "个整点", 0 } };
    static const struct word parts[] = { { "早", 0 }, { "晚", 0 }, { "夜", 0 } };
    int none;
    size_t begin = scan_text(r->s, at, "个") ? at + 3 : at, end = read_days(r->s, begin, &rule->weekdays);

    rule->interval = 1;
    rule->frequency = REPEATS_WEEKLY;
    if (end)
        return end;
    if ((end = SCAN_WORDS(r->s, at, tops, &none))) {
        *rule = (struct recurrence){ .interval = 1, .frequency = REPEATS_HOURLY, .minutes = 1 };
        return end;
    }
    rule->frequency = REPEATS_DAILY;
    if (read_zh_part(r, begin, &d->part))
        return read_zh_part(r, begin, &d->part);
    if (!(end = SCAN_WORDS(r->s, begin, parts, &none)) || scan_text(r->s, end, "点"))
        return 0;
    d->part = when_zh_part(scan_text(r->s, begin, "早") ? "早上" : scan_text(r->s, begin, "夜") ? "夜里" : "晚上");
    return end;
}

static size_t read_every(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    static const struct word heads[] = { { "每", 0 }, { "每隔", 1 }, { "隔", 1 }, { "每逢", 0 }, { "逢", 0 }, { "每到", 0 }, { "每一", 0 },
        { "每过", 0 } };
    static const struct word daily[] = { { "天天", ALL_DAYS }, { "每天", ALL_DAYS }, { "每日", ALL_DAYS }, { "每一天", ALL_DAYS },
        { "日日", ALL_DAYS } };
    int skipping;
    struct recurrence thing = *rule;
    struct said with = *d;
    size_t head = SCAN_WORDS(r->s, at, daily, &skipping), end, e;

    if (head) {
        rule->frequency = REPEATS_DAILY;
        return head;
    }
    if (!(head = SCAN_WORDS(r->s, at, heads, &skipping)))
        return 0;
    head = scan_space(r->s, head);
    end = read_every_unit(r, head, skipping, rule);
    e = skipping ? 0 : read_every_thing(r, head, &thing, &with);
    if (e > end) {
        *rule = thing;
        *d = with;
    }
    return e > end ? e : end;
}

/* Without 每 it repeats when it is a range or a kind of days: 周一到周五, 工作日 */
static size_t read_plain_days(const struct reading *r, size_t at, struct recurrence *rule)
{
    size_t end = read_days(r->s, at, &rule->weekdays);

    rule->frequency = REPEATS_WEEKLY;
    return end && rule->weekdays == WORKDAYS ? end : 0;
}

/* 和 18点, 、晚8点 */
static size_t add_second_time(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    static const struct word links[] = { { "和", 0 }, { "、", 0 }, { ",", 0 }, { "跟", 0 }, { "与", 0 }, { "及", 0 } };
    struct said second = { 0 };
    int none;
    size_t link = SCAN_WORDS(r->s, at, links, &none), end = read_zh_moment(r, link ? link : at, &second);

    if (!end || (!link && !second.part) || second.has_day || !second.has_clock || second.minute != d->minute)
        return at;
    rule->hours |= UINT32_C(1) << when_hour(d) % 24 | UINT32_C(1) << when_hour(&second) % 24;
    rule->minutes = UINT64_C(1) << d->minute;
    return end;
}

static size_t add_time(const struct reading *r, size_t at, struct recurrence *rule, struct said *d)
{
    struct said with = *d;
    size_t end = at, once = scan_text(r->s, at, "一次"), begin = zh_gap(r->s, once ? once : at), e;
    const struct part *p;
    static const struct word every[] = { { "每天", 0 }, { "每日", 0 }, { "都", 0 } };
    int none;

    if (rule->frequency < REPEATS_DAILY)
        return once ? once : at;
    if ((e = SCAN_WORDS(r->s, begin, every, &none)) && rule->frequency == REPEATS_WEEKLY)
        begin = zh_gap(r->s, end = e);
    if ((e = read_zh_part(r, begin, &p))) {
        with.part = p;
        *d = with;
        begin = zh_gap(r->s, end = e);
    } else if (!d->part && (e = read_zh_short_part(r->s, begin, &p))) {
        d->part = with.part = p;
        begin = zh_gap(r->s, end = e);
    }
    with.has_day = true;            /* 一点 is a time here */
    if ((e = read_zh_clock(r, begin, &with)) || (is_figure(scan_char(r->s, begin)) && (e = read_en_clock(r, begin, &with)))) {
        *d = with;
        end = add_second_time(r, e, rule, d);
    }
    return end == at && once ? once : end;
}

size_t read_zh_repeat(const struct reading *r, size_t at, struct when *out)
{
    struct recurrence rule = { .interval = 1 };
    struct said d = { 0 };
    size_t end = read_every(r, at, &rule, &d);

    if (!end) {
        rule = (struct recurrence){ .interval = 1 };
        if (!(end = read_plain_days(r, at, &rule)))
            return 0;
    }
    end = add_time(r, end, &rule, &d);
    return when_repeat(r, &rule, &d, out) ? end : 0;
}
