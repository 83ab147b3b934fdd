// SPDX-License-Identifier: Apache-2.0
#include "domain/recurrence.h"

#include "base/buf.h"

static const char *const weekdays_en[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const weekdays_zh[] = { "日", "一", "二", "三", "四", "五", "六" };
static const char *const months_en[] = { "", "January", "February", "March", "April", "May", "June", "July", "August",
                                         "September", "October", "November", "December" };
enum { WORKDAYS = 0x3E, WEEKEND = 0x41, ALL_DAYS = 0x7F };

struct said { const struct recurrence *r; struct civil first; bool zh; struct buf *b; };

static unsigned count_bits(uint64_t v) { return (unsigned)__builtin_popcountll(v); }

/* ", " between, and " and " before the last. */
static void add_between(struct said *s, unsigned i, unsigned n)
{
    if (i > 0)
        buf_addf(s->b, "%s", s->zh ? "、" : i + 1 < n ? ", " : " and ");
}

static const char *ending(unsigned n)
{
    static const char *const endings[] = { "th", "st", "nd", "rd" };

    return n % 10 < 4 && n / 10 != 1 ? endings[n % 10] : "th";
}

static void add_weekdays(struct said *s, uint8_t bits)
{
    unsigned n = count_bits(bits), i = 0;

    if (s->zh)
        buf_addf(s->b, "周");
    for (int day = 1; day <= 7; day++)
        if (bits >> day % 7 & 1) {
            add_between(s, i++, n);
            buf_addf(s->b, "%s", s->zh ? weekdays_zh[day % 7] : weekdays_en[day % 7]);
        }
}

static void add_days(struct said *s, uint32_t days, uint32_t last)
{
    unsigned n = count_bits(days) + count_bits(last), i = 0;

    for (unsigned d = 1; d <= 31; d++)
        if (days >> d & 1) {
            add_between(s, i++, n);
            buf_addf(s->b, s->zh ? "%u 日" : "the %u%s", d, ending(d));
        }
    for (unsigned d = 31; d >= 1; d--)
        if (last >> d & 1) {
            add_between(s, i++, n);
            if (d == 1)
                buf_addf(s->b, s->zh ? "最后一天" : "the last day");
            else
                buf_addf(s->b, s->zh ? "倒数第 %u 天" : "the %u%s day from the end", d, ending(d));
        }
}

static void add_month(struct said *s, unsigned m)
{
    if (s->zh)
        buf_addf(s->b, "%u 月", m);
    else
        buf_addf(s->b, "%s", months_en[m]);
}

static void add_months(struct said *s, uint16_t bits)
{
    unsigned n = count_bits(bits), i = 0;

    for (unsigned m = 1; m <= 12; m++)
        if (bits >> m & 1) {
            add_between(s, i++, n);
            add_month(s, m);
        }
}

static void add_nth(struct said *s)
{
    static const char *const nth_en[] = { "", "first", "second", "third", "fourth", "fifth" };
    int n = s->r->weekday_nth, size = n < 0 ? -n : n;

    if (s->zh) {
        if (n == -1)
            buf_addf(s->b, "最后一个");
        else
            buf_addf(s->b, n < 0 ? "倒数第 %d 个" : "第 %d 个", size);
    } else if (n < 0) {
        buf_addf(s->b, n == -1 ? "the last " : "the %s last ", nth_en[size]);
    } else {
        buf_addf(s->b, "the %s ", nth_en[size]);
    }
    add_weekdays(s, s->r->weekdays);
}

/* "every day", "every 2 weeks" */
static void add_period(struct said *s, const char *en, const char *zh, const char *measure)
{
    if (s->r->interval > 1)
        buf_addf(s->b, s->zh ? "每 %u %s%s" : "every %u %s%ss", s->r->interval, s->zh ? measure : en, s->zh ? zh : "");
    else
        buf_addf(s->b, s->zh ? "每%s%s" : "every %s%s", s->zh ? measure : en, s->zh ? zh : "");
}

/* 每周一、三; 每个工作日; 每 2 周的周五 */
static void add_weekly(struct said *s, uint8_t days)
{
    bool each = s->r->interval == 1;

    if (each && days == ALL_DAYS) {
        buf_addf(s->b, s->zh ? "每天" : "every day");
    } else if (each && days == WORKDAYS) {
        buf_addf(s->b, s->zh ? "每个工作日" : "every weekday");
    } else if (each && days == WEEKEND) {
        buf_addf(s->b, s->zh ? "每个周末" : "every Saturday and Sunday");
    } else {
        if (each)
            buf_addf(s->b, s->zh ? "每" : "every ");
        else
            buf_addf(s->b, s->zh ? "每 %u 周的" : "every %u weeks on ", s->r->interval);
        add_weekdays(s, days);
    }
}

static void add_daily(struct said *s)
{
    const struct recurrence *r = s->r;

    if (r->weekdays && r->interval == 1)
        add_weekly(s, r->weekdays);
    else
        add_period(s, "day", "天", "");
    if (r->days || r->last_days) {
        buf_addf(s->b, s->zh ? "，" : " on ");
        add_days(s, r->days, r->last_days);
    }
}

/* What the first time says, where the rule does not. */
static uint32_t days_meant(const struct said *s)
{
    const struct recurrence *r = s->r;

    return r->days || r->last_days || r->weekdays ? r->days : UINT32_C(1) << s->first.day;
}

static void add_monthly(struct said *s)
{
    const struct recurrence *r = s->r;

    add_period(s, "month", "月", r->interval > 1 ? "个" : "");
    buf_addf(s->b, s->zh ? (r->interval > 1 ? "的" : "") : " on ");
    if (r->weekday_nth)
        add_nth(s);
    else if (r->weekdays)
        add_weekdays(s, r->weekdays);
    if (r->weekdays && (r->days || r->last_days))
        buf_addf(s->b, s->zh ? "且为 " : " that is ");
    else if (s->zh && days_meant(s))
        buf_addf(s->b, " ");
    add_days(s, days_meant(s), r->last_days);
}

static void add_yearly(struct said *s)
{
    const struct recurrence *r = s->r;
    bool any_day = r->days || r->last_days || r->weekdays;
    uint16_t months = r->months || any_day ? r->months : (uint16_t)(1 << s->first.month);

    add_period(s, "year", "年", "");
    buf_addf(s->b, s->zh ? " " : " on ");
    if (s->zh && months)
        add_months(s, months);
    if (r->weekday_nth)
        add_nth(s);
    else if (r->weekdays)
        add_weekdays(s, r->weekdays);
    if (s->zh && days_meant(s))
        buf_addf(s->b, " ");
    add_days(s, days_meant(s), r->last_days);
    if (!s->zh && months) {
        buf_addf(s->b, " of ");
        add_months(s, months);
    }
}

static void add_times(struct said *s)
{
    uint32_t hours = s->r->hours ? s->r->hours : UINT32_C(1) << s->first.hour;
    uint64_t minutes = s->r->minutes ? s->r->minutes : UINT64_C(1) << s->first.minute;
    unsigned n = count_bits(hours) * count_bits(minutes), i = 0;

    buf_addf(s->b, s->zh ? " " : " at ");
    for (unsigned h = 0; h < 24; h++)
        for (unsigned m = 0; hours >> h & 1 && m < 60; m++)
            if (minutes >> m & 1) {
                add_between(s, i++, n);
                buf_addf(s->b, "%u:%02u", h, m);
            }
}

static void add_step(struct said *s)
{
    const struct recurrence *r = s->r;
    bool hourly = r->frequency == REPEATS_HOURLY;

    add_period(s, hourly ? "hour" : "minute", hourly ? "小时" : "分钟", "");
    if (r->hours) {
        const char *before = s->zh ? "（" : ", in the hours ";

        for (unsigned h = 0; h < 24; h++)
            if (r->hours >> h & 1) {
                buf_addf(s->b, "%s%u", before, h);
                before = s->zh ? "、" : ", ";
            }
        buf_addf(s->b, s->zh ? " 点）" : "");
    }
    if (r->weekdays) {
        buf_addf(s->b, s->zh ? "，" : ", on ");
        add_weekdays(s, r->weekdays);
    }
}

static void add_end(struct said *s, const struct zone *z)
{
    struct civil c;

    if (s->r->count)
        buf_addf(s->b, s->zh ? "，共 %u 次" : s->r->count == 1 ? ", %u time" : ", %u times", s->r->count);
    if (!s->r->until)
        return;
    zone_civil(z, s->r->until, &c);
    buf_addf(s->b, s->zh ? "，到 %04d-%02d-%02d 为止" : ", until %04d-%02d-%02d", c.year, c.month, c.day);
}

str recurrence_say(struct arena *a, const struct recurrence *r, const struct zone *z, int64_t start, bool chinese)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct said s = { .r = r, .zh = chinese, .b = &b };

    zone_civil(z, start, &s.first);
    switch (r->frequency) {
    case REPEATS_MINUTELY: case REPEATS_HOURLY: add_step(&s); break;
    case REPEATS_DAILY: add_daily(&s); break;
    case REPEATS_WEEKLY: add_weekly(&s, r->weekdays ? r->weekdays : (uint8_t)(1 << s.first.weekday)); break;
    case REPEATS_MONTHLY: add_monthly(&s); break;
    case REPEATS_YEARLY: add_yearly(&s); break;
    }
    if (r->frequency < REPEATS_YEARLY && r->months) {
        buf_addf(&b, chinese ? "，限 " : ", in ");
        add_months(&s, r->months);
    }
    if (r->frequency >= REPEATS_DAILY)
        add_times(&s);
    add_end(&s, z);
    return arena_str(a, buf_str(&b));
}
