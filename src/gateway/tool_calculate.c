// SPDX-License-Identifier: Apache-2.0
/* tool_calculate.c: works out a calculation, or converts an amount into another unit. */
#include "base/utf8.h"
#include "gateway/tool_host.h"
#include "nlu/arithmetic.h"
#include "nlu/normal.h"
#include "nlu/unit.h"
#include "tool/file_job.h"

enum { CONVERTED_DIGITS = 10 };

#define SAY(cx, chinese_text, english_text) ((cx)->chinese ? (chinese_text) : (english_text))

static enum err calculate(const struct tool_context *cx, str expression, struct tool_result *out)
{
    struct arithmetic r;
    struct normal n;

    if (expression.len > ARITHMETIC_LENGTH_MAX)
        return failed(ERR_INPUT, SAY(cx, "算式太长", "the calculation is too long"));
    normal_make(cx->arena, expression, &n);
    TRY(arithmetic_evaluate(n.text, cx->chinese ? ARITHMETIC_CHINESE : ARITHMETIC_ENGLISH, &r));
    out->text = str_from(arena_printf(cx->arena, "%.*s = %s%s%s", STR(r.expression), r.text, r.rounded ? SAY(cx, "（约）", " (rounded)") : "",
                                      r.angles ? SAY(cx, "（角度以度计）", " (angles in degrees)") : ""));
    return OK;
}

static enum err find_unit(const struct tool_context *cx, const char *name, str text, const struct unit **out)
{
    struct normal n;

    if (text.len == 0)
        return failed(ERR_INPUT, "%s: %s", name, SAY(cx, "缺少单位", "a unit is missing"));
    normal_make(cx->arena, str_take(text, ARITHMETIC_LENGTH_MAX), &n);
    *out = unit_find(text);
    *out = *out ? *out : unit_find(n.text);
    if (*out == NULL)
        return failed(ERR_INPUT, SAY(cx, "不认识单位“%.*s”", "there is no unit \"%.*s\""), STR(utf8_take(text, 60)));
    return OK;
}

static enum err convert(const struct tool_context *cx, const json_t *arguments, struct tool_result *out)
{
    str from_name = json_text_str(arguments, "from"), to_name = json_text_str(arguments, "to");
    const struct unit *from, *to;
    char before[ARITHMETIC_TEXT_SIZE], after[ARITHMETIC_TEXT_SIZE];
    double value = json_num(arguments, "value", 0), result;

    TRY(find_unit(cx, "from", from_name, &from));
    TRY(find_unit(cx, "to", to_name, &to));
    if (unit_convert(value, from, to, &result))
        return failed(ERR_INPUT, SAY(cx, "“%.*s”不能换算成“%.*s”", "%.*s cannot be converted into %.*s: they measure different things"),
                      STR(from_name), STR(to_name));
    arithmetic_show((long double)value, ARITHMETIC_DIGITS, before);
    arithmetic_show((long double)result, CONVERTED_DIGITS, after);
    out->text = str_from(arena_printf(cx->arena, "%s %.*s = %s %.*s", before, STR(from_name), after, STR(to_name)));
    return OK;
}

static enum err calculate_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    str expression = json_text_str(arguments, "expression");
    bool converts = json_at(arguments, "value") != NULL;

    *out = (struct tool_result){ 0 };
    if ((expression.len > 0) == converts)
        *out = tool_refusal(cx, "give expression, or value, from and to");
    else if (converts ? convert(cx, arguments, out) : calculate(cx, expression, out))
        *out = tool_refusal(cx, "%s", failed_text());
    return OK;
}

const struct tool tool_calculate = {
    .name = "calculate",
    .description = "Works out a calculation (15% of 240, sqrt(2)^3, 20!; angles in degrees), or converts value into another unit.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"expression\":{\"type\":\"string\"},"
              "\"value\":{\"type\":\"number\"},\"from\":{\"type\":\"string\",\"description\":\"Unit, such as km\"},"
              "\"to\":{\"type\":\"string\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = calculate_run,
};
