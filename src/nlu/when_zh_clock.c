// SPDX-License-Identifier: Apache-2.0
/* Chinese: times of the day, and points in time. */
#include "nlu/when_internal.h"

static const struct word quarters[] = { { "一刻", 15 }, { "三刻", 45 }, { "1刻", 15 }, { "3刻", 45 }, { "半", 30 } };

/* Behind the hour: 半, 一刻, 三十分, 05, 二十; 整, 钟 */
static size_t read_minutes(str s, size_t at, int *out)
{
    int m;
    size_t end = SCAN_WORDS(s, at, quarters, out), e;

    if (end && !scan_text(s, at, "半天") && !scan_text(s, at, "半个") && !scan_text(s, at, "半小"))
        return zh_skip(s, end, "钟");
    if (!(end = read_zh_number(s, at, 59, &m)))
        return 0;
    if ((e = scan_text(s, scan_space(s, end), "分")) && !scan_text(s, end, "分之")) {
        *out = m;
        return scan_text(s, e, "钟") ? 0 : e;
    }
    bool two = is_figure(s.p[at]) ? end == at + 2 : end >= at + 6 || m == 10;       /* 8点5 is not told from 8.5 */
    static const char *const counted[] = { "个", "条", "次", "台", "份", "人", "元", "秒", "天", "小时", "年", "月", "号", "日", "%", ":", ".", "," };

    for (size_t i = 0; i < N_ELEMENTS(counted); i++)
        two = two && !scan_text(s, end, counted[i]);
    *out = m;
    return two ? end : 0;
}

static size_t read_seconds(str s, size_t at, int *out)
{
    size_t end = read_zh_number(s, at, 59, out), e = end ? scan_text(s, end, "秒") : 0;

    return e;
}

static void set_hour(struct said *d, const char *written, int hour, int minute)
{
    d->has_clock = true;
    d->hour = hour;
    d->minute = minute;
    d->twelve = hour >= 1 && hour <= 12 && written[0] != '0';
}

/* 8点, 八点钟, 20时 */
static size_t read_hour(str s, size_t at, int *out)
{
    static const char *const no_clock[] = { "时候", "时常", "时不", "时间", "时刻", "时区", "时代", "时段", "点击", "点赞", "点建", "点意", "点要", "点东", "点心",
                                            "点外", "点菜", "点问", "点原", "点事" };
    size_t end = read_zh_number(s, at, 24, out), e;

    if (!end)
        return 0;
    end = scan_space(s, end);
    for (size_t i = 0; i < N_ELEMENTS(no_clock); i++)
        if (scan_text(s, end, no_clock[i]))
            return 0;
    if ((e = scan_text(s, end, "点钟")) || (e = scan_text(s, end, "点整")) || (e = scan_text(s, end, "点")) || (e = scan_text(s, end, "时")))
        return e;
    return 0;
}

/* 差五分八点, 差一刻九点 */
static size_t read_clock_before(const struct reading *r, size_t at, struct said *d)
{
    int minutes, hour;
    size_t head = scan_text(r->s, at, "差"), end = head ? SCAN_WORDS(r->s, head, quarters, &minutes) : 0, e;

    if (head && !end && (e = read_zh_number(r->s, head, 59, &minutes)))
        end = scan_text(r->s, e, "分钟") ? e + 6 : scan_text(r->s, e, "分");
    if (!end || minutes == 30 || minutes == 45)
        return 0;
    end = zh_skip(r->s, end, "到");
    if (!(end = read_hour(r->s, end, &hour)) || hour == 0)
        return 0;
    set_hour(d, r->s.p + at, hour == 1 ? 12 : hour - 1, 60 - minutes);
    return end;
}

/* 八点差五分 */
static size_t take_away(const struct reading *r, size_t at, struct said *d)
{
    int minutes;
    size_t head = scan_text(r->s, at, "差"), end = head ? SCAN_WORDS(r->s, head, quarters, &minutes) : 0, e;

    if (head && !end && (e = read_zh_number(r->s, head, 59, &minutes)))
        end = scan_text(r->s, e, "分");
    if (!end || d->hour == 0)
        return 0;
    d->minute = 60 - minutes;
    d->hour = d->hour == 1 ? 12 : d->hour - 1;
    return end;
}

/* "一点" is "a little" unless something beside it is a time too. */
static bool is_a_little(str s, size_t at, size_t end, const struct said *d)
{
    return scan_text(s, at, "一点") == end && !d->has_day && !d->part;
}

static size_t read_clock(const struct reading *r, size_t at, struct said *d)
{
    int hour, minute = 0, second;
    size_t end = read_clock_before(r, at, d), hour_end, e;

    if (end || (end = read_colon_clock(r, at, d)))
        return end;
    if (!(hour_end = read_hour(r->s, at, &hour)))
        return 0;
    set_hour(d, r->s.p + at, hour, 0);
    if ((e = take_away(r, hour_end, d)))
        return e;
    size_t begin = zh_skip(r->s, scan_space(r->s, hour_end), "过");

    if ((e = read_minutes(r->s, begin, &minute)) || (e = read_minutes(r->s, zh_skip(r->s, begin, "零"), &minute))) {
        d->minute = minute;
        hour_end = e;
        if ((e = read_seconds(r->s, hour_end, &second))) {
            d->second = second;
            hour_end = e;
        }
    }
    bool little = is_a_little(r->s, at, hour_end, d);

    d->has_clock = !little;
    return little ? 0 : hour_end;
}

size_t read_zh_clock(const struct reading *r, size_t at, struct said *d)
{
    size_t end = read_clock(r, at, d), e;
    int none;

    if (!end) {
        d->has_clock = false;
        return 0;
    }
    if (scan_text(r->s, end, "整") || scan_text(r->s, end, "钟"))
        return end + 3;
    /* 3pm, "3点 pm" */
    static const struct word pm[] = { { "pm", 1 }, { "p.m.", 1 }, { "am", 0 }, { "a.m.", 0 } };

    e = d->hour >= 1 && d->hour <= 12 ? SCAN_WORDS(r->s, scan_space(r->s, end), pm, &none) : 0;
    if (e) {
        d->hour = d->hour % 12 + (none ? 12 : 0);
        d->twelve = false;
        return e;
    }
    return end;
}

/* 周一早, 明天晚; but 早点 and 晚一点 are "sooner" and "later". */
size_t read_zh_short_part(str s, size_t at, const struct part **out)
{
    static const char *const no_part[] = { "点", "一点", "一些", "些", "饭", "餐", "会", "班", "安", "自习", "退" };
    size_t end = scan_text(s, at, "早") ? at + 3 : scan_text(s, at, "晚");

    for (size_t i = 0; end && i < N_ELEMENTS(no_part); i++)
        if (scan_text(s, end, no_part[i]))
            return 0;
    if (end)
        *out = when_zh_part(scan_text(s, at, "早") ? "早上" : "晚上");
    return end;
}

/* The part and the clock behind a day, in this order, each if it is there. */
size_t zh_time_behind(const struct reading *r, size_t at, struct said *d)
{
    size_t end = at, e;
    const struct part *p;
    struct said with;

    if (!d->part && ((e = read_zh_part(r, zh_gap(r->s, end), &p)) || (d->has_day && (e = read_zh_short_part(r->s, end, &p))))) {
        d->part = p;
        end = e;
    }
    with = *d;
    size_t begin = scan_space(r->s, end);
    bool english = begin != end || is_figure(scan_char(r->s, end));

    if ((e = read_zh_clock(r, zh_gap(r->s, end), &with)) || (english && (e = read_en_clock(r, begin, &with)))) {
        *d = with;
        end = e;
    }
    return end;
}

size_t read_zh_moment(const struct reading *r, size_t at, struct said *d)
{
    size_t end = read_zh_day(r, at, d);

    if (end)
        return zh_time_behind(r, end, d);
    *d = (struct said){ 0 };
    end = zh_time_behind(r, at, d);
    return end > at && (d->has_clock || d->part) ? end : 0;
}
