// SPDX-License-Identifier: Apache-2.0
/* entity_when.c: expressions of time (when.h), and amounts of what has a unit (unit.h). */
#include "nlu/entity_find.h"
#include "nlu/entity_names.h"
#include "nlu/unit.h"

bool find_quantity(struct finder *f, size_t at, struct entity *out)
{
    size_t unit, len;
    double v;

    if (!amount_at(f, at, &v, &unit))
        return false;
    const struct unit *u = unit_read(str_skip(f->text, unit), &len);

    if (!u || !found(f, ENTITY_QUANTITY, at, unit + len, out))
        return false;
    out->number = v;
    out->unit = str_from(u->name);
    return true;
}

/* Most words begin no time, and when_read() takes its time to say so. */
static bool may_be_time(const struct finder *f, size_t at)
{
    size_t end = at;

    if (is_wide(sign(f, at)))
        return name_is(NAME_TIME, str_cut(f->text, at, at + 3));
    while (is_letter(sign(f, end)))
        end++;
    return end == at || name_is(NAME_TIME, str_cut(f->text, at, end));
}

/* 超过100m is more than that, and no time to come. */
static bool is_than(const struct finder *f, size_t at)
{
    static const str before[] = { S("超"), S("通"), S("经"), S("不") };

    return str_starts(str_skip(f->text, at), S("过")) && one_of_before(f, at, before, N_ELEMENTS(before)) > 0;
}

/* mon-1 is a machine. */
static bool is_numbered(const struct finder *f, size_t end)
{
    static const str days[] = { S("mon"), S("tue"), S("wed"), S("thu"), S("fri"), S("sat"), S("sun") };

    while (end > 0 && is_digit(sign_before(f, end)))
        end--;
    return sign_before(f, end) == '-' && one_of_before(f, end - 1, days, N_ELEMENTS(days)) > 0;
}

bool find_when(struct finder *f, size_t at, struct entity *out)
{
    const struct zone *zone = f->context->zone ? f->context->zone : zone_utc();
    struct when when;
    size_t end;

    if (!may_be_time(f, at) || is_than(f, at) || !when_read(f->text, at, f->context->now, zone, &when, &end) || is_numbered(f, end)
        || !found(f, ENTITY_WHEN, at, end, out))
        return false;
    out->when = when;
    return true;
}
