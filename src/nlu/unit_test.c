// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "nlu/unit.h"

#include <math.h>

TEST(units_are_read_in_both_languages)
{
    static const struct { const char *text, *unit; size_t len; } cases[] = {
        { "km", "km", 2 }, { "kilometers away", "km", 10 }, { "公里", "km", 6 }, { "km/h", "km/h", 4 }, { "公里每小时", "km/h", 15 },
        { "斤苹果", "斤", 3 }, { "两", "两", 3 }, { "里", "里", 3 }, { "亩地", "亩", 3 }, { "平方米", "m²", 9 }, { "摄氏度", "°C", 9 },
        { "celsius", "°C", 7 }, { "f", "°F", 1 }, { "gb", "GB", 2 }, { "gib", "GiB", 3 }, { "兆字节", "MB", 9 }, { "兆", "MB", 3 },
        { "feet", "ft", 4 }, { "inches", "in", 6 }, { "pounds per square inch", "psi", 22 }, { "fl oz", "fl oz", 5 }, { "度", "°C", 3 },
        { "千瓦时", "kWh", 9 }, { "千克", "kg", 6 }, { "degrees fahrenheit", "°F", 18 }, { "degrees", "°", 7 }, { "大卡", "kcal", 6 },
        { "light years", "ly", 11 }, { "mph", "mph", 3 }, { "m", "m", 1 }, { "m2", "m²", 2 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        size_t len = 0;
        const struct unit *u = unit_read(str_from(cases[i].text), &len);

        if (u == NULL)
            test_failed(__FILE__, __LINE__, "'%s' is no unit", cases[i].text);
        CHECK_STR(str_from(u->name), cases[i].unit);
        CHECK_INT(len, cases[i].len);
        CHECK(unit_find(str_take(str_from(cases[i].text), len)) == u);
    }
}

TEST(what_begins_like_a_unit_is_none)
{
    static const char *const cases[] = { "", "monitor", "inside", "gbx", "files", "个", "footing", "kilobytesx", " km" };
    size_t len;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK(unit_read(str_from(cases[i]), &len) == NULL);
}

TEST(units_of_one_kind_are_converted)
{
    static const struct { double value; const char *from, *to; double want; } cases[] = {
        { 5, "km", "mile", 3.1068559611867 }, { 100, "f", "c", 37.7777777777778 }, { 0, "c", "f", 32 }, { -40, "c", "f", -40 },
        { 0, "c", "k", 273.15 }, { 3, "斤", "kg", 1.5 }, { 3, "斤", "克", 1500 }, { 1, "里", "米", 500 }, { 1, "公里", "里", 2 },
        { 1, "亩", "平方米", 666.666666666667 }, { 15, "亩", "公顷", 1 }, { 1, "gib", "mb", 1073.741824 }, { 1, "gb", "mib", 953.67431640625 },
        { 180, "degrees", "radians", 3.14159265358979 }, { 1, "hour", "分钟", 60 }, { 6, "feet", "cm", 182.88 },
        { 100, "km/h", "mph", 62.137119223733 },
        { 2, "gallons", "升", 7.570823568 }, { 1, "atm", "hpa", 1013.25 }, { 1, "千瓦时", "kj", 3600 }, { 3, "尺", "寸", 30 },
        { 3, "尺", "米", 1 },
        { 12, "inches", "foot", 1 }, { 16, "oz", "lb", 1 }, { 8, "bits", "byte", 1 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const struct unit *from = unit_find(str_from(cases[i].from)), *to = unit_find(str_from(cases[i].to));
        double got = 0;

        CHECK(from && to);
        CHECK_OK(unit_convert(cases[i].value, from, to, &got));
        if (fabs(got - cases[i].want) > 1e-9 * fabs(cases[i].want) + 1e-9)
            test_failed(__FILE__, __LINE__, "%g %s are %.15g %s", cases[i].value, cases[i].from, got, cases[i].to);
    }
    double none;

    CHECK_ERR(unit_convert(1, unit_find(S("km")), unit_find(S("kg")), &none), ERR_INPUT);
    CHECK(unit_find(S("parsecs")) == NULL);
}

#define UNIT(name, kind, scale, offset, names) { name, names },
static const struct { const char *name, *names; } rows[] = {
#include "nlu/units.def"
};
#undef UNIT

TEST(no_name_is_given_to_two_units)
{
    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        str rest = str_from(rows[i].names), name;

        while (str_split(&rest, '|', &name)) {
            const struct unit *u = unit_find(name);

            CHECK(u && name.len);
            CHECK_STR(str_from(u->name), rows[i].name);
        }
    }
}
