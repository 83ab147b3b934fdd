// SPDX-License-Identifier: Apache-2.0
/* tool_calendar.c: what time it is somewhere, which day a date is, and how many days there are until then. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "gateway/tool_host.h"
#include "nlu/entity.h"
#include "runtime/clock.h"
#include "runtime/zones.h"
#include "tool/file_job.h"

struct calendar_call {
    const struct tool_context *cx;
    const json_t      *arguments;
    const struct zone *zone;
    str                place;       /* what it is called; "": here */
    int64_t            now;
    struct civil       today;       /* there */
    struct civil       day;         /* that is asked about; today without one */
};

#define SAY(c, chinese_text, english_text) ((c)->cx->chinese ? (chinese_text) : (english_text))

/* ---- where ---- */

/* "New York" of America/New_York */
static str last_part(struct arena *a, str zone)
{
    char *name = arena_c(a, zone), *slash = strrchr(name, '/');

    name = slash ? slash + 1 : name;
    for (char *p = name; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    return str_from(name);
}

/* Where this conversation's person is, as far as they have said. */
static enum err read_own(const struct calendar_call *c, str *out) AWAITS
{
    struct rows r;

    TRY(store_read(c->cx->host->gateway->store, c->cx->arena, &r, "kept.zone", "s", c->cx->session_id));
    *out = r.n && zones_find(row_str(&r, 0, 0)) ? row_str(&r, 0, 0) : str_from(zones_local_name());
    return OK;
}

/* As people call it: Tokyo, 东京. */
static const struct zone *find_place(const struct calendar_call *c, str place)
{
    struct nlu_context context = { .now = c->now, .zone = zones_local(), .chinese = c->cx->chinese };
    struct entities all;
    struct normal n;

    normal_make(c->cx->arena, str_take(place, 100), &n);
    entities_find(c->cx->arena, &context, &n, &all);
    for (size_t i = 0; i < all.n; i++)
        if (all.p[i].type == ENTITY_PLACE && all.p[i].zone && all.p[i].start == 0 && all.p[i].end == n.text.len)
            return zones_find(str_from(all.p[i].zone));
    return zones_find(place);
}

static enum err find_zone(struct calendar_call *c) AWAITS
{
    str zone = str_trim(json_text_str(c->arguments, "zone")), place = str_trim(json_text_str(c->arguments, "place")), own;

    TRY(read_own(c, &own));
    c->place = place.len || zone.len == 0 || str_eq(zone, own) ? place : last_part(c->cx->arena, zone);
    if (zone.len == 0 && place.len == 0)
        c->zone = zones_find(own) ? zones_find(own) : zones_local();
    else
        c->zone = zone.len ? zones_find(zone) : find_place(c, place);
    if (c->zone == NULL)
        return failed(ERR_INPUT, SAY(c, "不知道“%.*s”的时区，请用 Asia/Shanghai 这样的名称",
                                     "no time zone is known for \"%.*s\"; zone takes one such as Europe/Berlin"),
                      STR(utf8_take(zone.len ? zone : place, 60)));
    return OK;
}

/* ---- which day ---- */

/* 2026-12-25 */
static bool read_date(str text, struct civil *out)
{
    uint64_t year, month, day;
    str part;

    if (text.len != strlen("2026-12-25") || !str_split(&text, '-', &part) || str_u64(part, &year) || !str_split(&text, '-', &part)
        || str_u64(part, &month) || str_u64(text, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > (uint64_t)civil_month_days((int)year, (int)month))
        return false;
    civil_of_days(civil_days((int)year, (int)month, (int)day), out);
    out->weekday = civil_weekday((int)year, (int)month, (int)day);
    return true;
}

static enum err find_day(struct calendar_call *c)
{
    str date = str_trim(json_text_str(c->arguments, "date"));

    zone_civil(c->zone, c->now, &c->today);
    c->day = c->today;
    if (date.len == 0 || str_eq(date, S("today")) || read_date(date, &c->day))
        return OK;
    return failed(ERR_INPUT, SAY(c, "没有“%.*s”这个日期，请写成 2026-12-25", "\"%.*s\" is no date; write one such as 2026-12-25"),
                  STR(utf8_take(date, 40)));
}

static int64_t days_until(const struct calendar_call *c)
{
    return civil_days(c->day.year, c->day.month, c->day.day) - civil_days(c->today.year, c->today.month, c->today.day);
}

/* ---- saying it ---- */

static const char *weekday(const struct calendar_call *c)
{
    static const char *const english[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
    static const char *const chinese[] = { "星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六" };

    return SAY(c, chinese, english)[c->day.weekday];
}

static const char *date(const struct calendar_call *c)
{
    static const char *const months[] = {
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    };

    if (c->cx->chinese)
        return arena_printf(c->cx->arena, "%d年%d月%d日", c->day.year, c->day.month, c->day.day);
    return arena_printf(c->cx->arena, "%d %s %d", c->day.day, months[c->day.month - 1], c->day.year);
}

/* "UTC+9", "UTC+5:30" */
static const char *offset(const struct calendar_call *c)
{
    int minutes = zone_offset(c->zone, c->now) / 60, hours = abs(minutes) / 60;

    if (minutes % 60)
        return arena_printf(c->cx->arena, "UTC%c%d:%02d", minutes < 0 ? '-' : '+', hours, abs(minutes) % 60);
    return arena_printf(c->cx->arena, "UTC%c%d", minutes < 0 ? '-' : '+', hours);
}

static const char *say_now(const struct calendar_call *c)
{
    struct arena *a = c->cx->arena;
    const char *time = arena_printf(a, "%d:%02d", c->today.hour, c->today.minute);

    if (c->cx->chinese)
        return arena_printf(a, "%.*s现在是%s %s %s（%s）。", STR(c->place), date(c), weekday(c), time, offset(c));
    return arena_printf(a, "It is %s on %s, %s%s%.*s (%s).", time, weekday(c), date(c), c->place.len ? " in " : "", STR(c->place),
                        offset(c));
}

static const char *say_date(const struct calendar_call *c)
{
    int64_t days = days_until(c);

    if (days == 0)
        return arena_printf(c->cx->arena, SAY(c, "今天是%s，%s。", "Today is %s, %s."), SAY(c, date(c), weekday(c)),
                            SAY(c, weekday(c), date(c)));
    if (c->cx->chinese)
        return arena_printf(c->cx->arena, "%s是%s。", date(c), weekday(c));
    return arena_printf(c->cx->arena, "%s %s a %s.", date(c), days < 0 ? "was" : "is", weekday(c));
}

static const char *say_days(const struct calendar_call *c)
{
    struct arena *a = c->cx->arena;
    int64_t days = days_until(c), n = days < 0 ? -days : days;
    const char *unit = n == 1 ? "day" : "days";

    if (days == 0)
        return arena_printf(a, SAY(c, "%s就是今天。", "%s is today."), date(c));
    if (c->cx->chinese)
        return arena_printf(a, days > 0 ? "距离%s（%s）还有 %" PRId64 " 天。" : "%s（%s）已经过去 %" PRId64 " 天。", date(c), weekday(c), n);
    if (days > 0)
        return arena_printf(a, "%" PRId64 " %s until %s, a %s.", n, unit, date(c), weekday(c));
    return arena_printf(a, "%s, a %s, was %" PRId64 " %s ago.", date(c), weekday(c), n, unit);
}

/* ---- the tool ---- */

static enum err work(struct calendar_call *c, const char **out) AWAITS
{
    const char *action = json_text(c->arguments, "action");

    TRY(find_zone(c));
    TRY(find_day(c));
    if (strcmp(action, "now") == 0)
        c->day = c->today;
    *out = strcmp(action, "days") == 0 ? say_days(c) : strcmp(action, "date") == 0 ? say_date(c) : say_now(c);
    return OK;
}

static enum err calendar_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct calendar_call c = { .cx = cx, .arguments = arguments, .now = clock_wall_ms() };
    const char *text;
    enum err e = work(&c, &text);

    if (e == OK || e == ERR_INPUT)
        *out = e ? tool_refusal(cx, "%s", failed_text()) : (struct tool_result){ .text = str_from(text) };
    return e == ERR_INPUT ? OK : e;
}

const struct tool tool_calendar = {
    .name = "calendar",
    .description = "The time here or elsewhere, which day of the week a date is, how many days until or since.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"now\",\"date\",\"days\"]},"
              "\"place\":{\"type\":\"string\",\"description\":\"City or country; here if absent\"},"
              "\"zone\":{\"type\":\"string\",\"description\":\"Instead, or its zone: Asia/Tokyo\"},"
              "\"date\":{\"type\":\"string\",\"description\":\"2026-12-25; today if absent\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = calendar_run,
};
