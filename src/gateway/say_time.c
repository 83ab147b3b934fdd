// SPDX-License-Identifier: Apache-2.0
#include "gateway/say_time.h"

#include "base/arena.h"

static const char *const english_days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const chinese_days[] = { "日", "一", "二", "三", "四", "五", "六" };
static const char *const english_months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static bool is_day(const struct civil *c, const struct zone *z, int64_t now, int days)
{
    struct civil other, day;

    zone_civil(z, now, &other);
    other.day += days;
    other.hour = 12;
    zone_civil(z, zone_moment(z, &other), &day);
    return day.year == c->year && day.month == c->month && day.day == c->day;
}

static const char *near_day(const struct civil *c, const struct zone *z, int64_t now, bool chinese)
{
    static const struct { int days; const char *english, *chinese; } near[] = {
        { 0, "today", "今天" }, { 1, "tomorrow", "明天" }, { 2, "", "后天" }, { -1, "yesterday", "昨天" },
    };

    for (size_t i = 0; i < N_ELEMENTS(near); i++)
        if (is_day(c, z, now, near[i].days))
            return chinese ? near[i].chinese : near[i].english;
    return "";
}

static void say_chinese_date(struct buf *b, const struct civil *c, const struct civil *today, const char *near)
{
    if (*near)
        buf_addf(b, "%s（", near);
    if (c->year != today->year)
        buf_addf(b, "%d年", c->year);
    buf_addf(b, "%d月%d日%s周%s）", c->month, c->day, *near ? "，" : "（", chinese_days[c->weekday]);
}

static void say_english_date(struct buf *b, const struct civil *c, const struct civil *today, const char *near)
{
    buf_addf(b, "%s%s%s %d %s", near, *near ? " (" : "", english_days[c->weekday], c->day, english_months[c->month - 1]);
    if (c->year != today->year)
        buf_addf(b, " %d", c->year);
    if (*near)
        buf_add_char(b, ')');
}

void say_time(struct buf *b, const struct zone *z, int64_t at, int64_t now, bool chinese)
{
    struct civil c, today;

    zone_civil(z, at, &c);
    zone_civil(z, now, &today);
    const char *near = near_day(&c, z, now, chinese);

    if (is_day(&c, z, now, 0))
        buf_addf(b, chinese ? "%s " : "%s", near);
    else if (chinese)
        say_chinese_date(b, &c, &today, near);
    else
        say_english_date(b, &c, &today, near);
    buf_addf(b, chinese ? "%d:%02d" : " at %d:%02d", c.hour, c.minute);
    if (c.second)
        buf_addf(b, ":%02d", c.second);
}

void say_length(struct buf *b, int64_t ms, bool chinese)
{
    static const struct { int64_t ms; const char *english, *chinese; } units[] = {
        { 86400000, "day", "天" }, { 3600000, "hour", "小时" }, { 60000, "minute", "分钟" }, { 1000, "second", "秒" },
    };
    size_t said = 0;

    for (size_t i = 0; i < N_ELEMENTS(units) && said < 2; i++) {
        int64_t n = ms / units[i].ms;

        ms %= units[i].ms;
        if (n == 0 && (said || i + 1 < N_ELEMENTS(units)))
            continue;
        buf_addf(b, chinese ? "%s%lld %s" : "%s%lld %s%s", said ? " " : "", (long long)n, chinese ? units[i].chinese : units[i].english,
                 n == 1 ? "" : "s");
        said++;
    }
}
