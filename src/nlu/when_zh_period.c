// SPDX-License-Identifier: Apache-2.0
/* Chinese: periods, what is relative to now, and all of an expression. */
#include "nlu/when_internal.h"

/* Periods. */

static size_t read_named_period(const struct reading *r, size_t at, struct when *out)
{
    static const struct word weeks[] = { { "周", 0 }, { "星期", 0 }, { "礼拜", 0 } };
    static const struct word seasons[] = { { "本季度", 0 }, { "这个季度", 0 }, { "这季度", 0 }, { "上个季度", -1 }, { "上季度", -1 }, { "下个季度", 1 },
        { "下季度", 1 } };
    int n = 0, none, year = r->civil.year, month = r->civil.month;
    size_t head = read_zh_week_head(r->s, at, &n), begin = head ? head : at, end;

    if ((end = scan_text(r->s, begin, "周末")) || (end = scan_text(r->s, begin, "双休日"))) {
        when_period(r, when_week(r, n) + 5, when_week(r, n + 1), out);
        return end;
    }
    if (head && (end = SCAN_WORDS(r->s, head, weeks, &none))) {
        when_period(r, when_week(r, n), when_week(r, n + 1), out);
        return end;
    }
    if ((end = read_zh_month_head(r->s, at, &n))) {
        when_period(r, civil_days(year, month + n, 1), civil_days(year, month + n + 1, 1), out);
        return end;
    }
    if ((end = SCAN_WORDS(r->s, at, seasons, &n))) {
        month = (month - 1) / 3 * 3 + 1 + n * 3;
        when_period(r, civil_days(year, month, 1), civil_days(year, month + 3, 1), out);
    }
    return end;
}

/* 2026年, 明年; 10月, 明年3月份; 本月上旬 */
static size_t read_calendar_period(const struct reading *r, size_t at, struct when *out)
{
    int year = r->civil.year, month = 0;
    size_t head = read_zh_year(r, at, &year), begin = head ? zh_gap(r->s, head) : at, end = read_zh_number(r->s, begin, 12, &month);

    end = end && month > 0 ? scan_text(r->s, scan_space(r->s, end), "月") : 0;
    if (!end && !head)
        return 0;
    if (!end) {
        when_period(r, civil_days(year, 1, 1), civil_days(year + 1, 1, 1), out);
        return head;
    }
    bool over = !head && month < r->civil.month;

    when_period(r, civil_days(year + over, month, 1), civil_days(year + over, month + 1, 1), out);
    if (!head && out->at > r->now)
        out->earlier = when_moment(r, civil_days(year + over - 1, month, 1), 0);
    return zh_skip(r->s, end, "份");
}

/* 最近三天, 过去24小时, 近一周, 未来三天, 这两天; 三天内 */
static size_t read_counted_period(const struct reading *r, size_t at, struct when *out)
{
    static const struct word heads[] = {
        { "最近", -1 }, { "最近的", -1 }, { "过去", -1 }, { "过去的", -1 }, { "近", -1 }, { "这", -1 }, { "前", -1 }, { "最后", -1 }, { "刚过去的", -1 },
        { "未来", 1 }, { "未来的", 1 }, { "接下来", 1 }, { "接下来的", 1 }, { "今后", 1 }, { "往后", 1 }, { "之后", 1 }, { "后面", 1 }, { "下面", 1 },
    };
    static const struct word inside[] = { { "内", 0 }, { "以内", 0 }, { "之内", 0 }, { "里", 0 }, { "里面", 0 }, { "以来", 0 }, { "来", 0 },
        { "之间", 0 } };
    static const struct word few[] = { { "几天", 3 }, { "这几天", 3 }, { "两天", 2 } };
    int sign = -1, none, days;
    struct length l = { 0 };
    size_t head = SCAN_WORDS(r->s, at, heads, &sign), begin = head ? scan_space(r->s, head) : at, end = read_length(r, begin, &l), e;

    if (head && !end && (end = SCAN_WORDS(r->s, begin, few, &days)))
        l.days = days;
    if (!end)
        return 0;
    e = SCAN_WORDS(r->s, end, inside, &none);
    if (!head && !(e && (scan_text(r->s, end, "内") || scan_text(r->s, end, "以内") || scan_text(r->s, end, "之内"))))
        return 0;
    if (sign < 0)
        when_span(when_shift(r, r->now, &l, -1), r->now, out);
    else
        when_span(r->now, when_shift(r, r->now, &l, 1), out);
    return e ? e : end;
}

/* Relative points: 三个小时后, 过5分钟, 两天后早上8点, 三天前 */

static size_t read_relative(const struct reading *r, size_t at, struct when *out)
{
    static const struct word heads[] = { { "过", 0 }, { "再过", 0 }, { "等", 0 }, { "再等", 0 }, { "在", 0 }, { "隔", 0 } };
    static const struct word tails[] = { { "后", 1 }, { "之后", 1 }, { "以后", 1 }, { "过后", 1 }, { "后的", 1 }, { "之后的", 1 }, { "前", -1 },
        { "之前", -1 },
                                         { "以前", -1 }, { "前的", -1 } };
    int none, sign = 1;
    struct length l;
    size_t head = SCAN_WORDS(r->s, at, heads, &none), end = read_length(r, head ? scan_space(r->s, head) : at, &l), tail;
    bool after = head && !scan_text(r->s, at, "在") && !scan_text(r->s, at, "隔");

    if (!end)
        return 0;
    tail = SCAN_WORDS(r->s, scan_space(r->s, end), tails, &sign);
    if ((!tail && !after) || (head && sign < 0) || scan_text(r->s, tail ? tail - 3 : end, "后天"))
        return 0;
    if (tail && r->s.p[tail - 1] == (char)0x84)         /* 的 is a part only with what follows */
        tail -= 3;
    return when_relative(r, tail ? tail : end, &l, sign, zh_time_behind, out);
}

/* 昨天以来, 从周一开始, 自上周五起; 从9点到10点, 昨天到今天 */

static size_t read_point_or_day(const struct reading *r, size_t at, struct said *d, struct when *out)
{
    size_t end = read_zh_moment(r, at, d);

    if (end) {
        when_settle(r, d, out);
        return end;
    }
    if ((end = read_named_period(r, at, out)) || (end = read_calendar_period(r, at, out)) || (end = read_relative(r, at, out)))
        return end;
    return 0;
}

static size_t read_since(const struct reading *r, size_t at, struct when *out)
{
    static const struct word heads[] = { { "从", 0 }, { "自从", 0 }, { "自", 0 }, { "打", 0 } };
    static const struct word tails[] = { { "开始", 0 }, { "起", 0 }, { "以来", 1 }, { "至今", 1 }, { "到现在", 1 }, { "到目前", 1 }, { "到目前为止", 1 },
        { "之后", 1 } };
    int sure = 0, none;
    struct said d = { 0 };
    struct when from;
    size_t head = SCAN_WORDS(r->s, at, heads, &none), end = read_point_or_day(r, head ? head : at, &d, &from), tail;

    if (!end || !(tail = SCAN_WORDS(r->s, scan_space(r->s, end), tails, &sure)) || (!head && !sure))
        return 0;
    int64_t begin = from.at <= r->now ? from.at : from.earlier;

    if (begin > r->now)
        return 0;
    when_span(begin, r->now, out);
    return tail;
}

static size_t read_between(const struct reading *r, size_t at, struct when *out)
{
    static const struct word links[] = { { "到", 0 }, { "至", 0 }, { "-", 0 }, { "~", 0 }, { "和", 1 }, { "直到", 0 } };
    static const struct word tails[] = { { "之间", 0 }, { "期间", 0 }, { "为止", 0 } };
    int and_link, none;
    struct said first = { 0 }, second = { 0 };
    struct when from, until;
    size_t head = scan_text(r->s, at, "从"), end = read_point_or_day(r, head ? head : at, &first, &from), e;

    if (!end || !(e = SCAN_WORDS(r->s, scan_space(r->s, end), links, &and_link)))
        return 0;
    e = scan_space(r->s, e);
    if (!(end = read_zh_moment(r, e, &second)))
        return 0;
    when_inherit(r, &first, &from, &second);
    when_settle(r, &second, &until);
    e = SCAN_WORDS(r->s, end, tails, &none);
    if ((and_link && !e) || until.until <= from.at)
        return 0;
    when_span(from.at, until.until, out);
    out->earlier = from.earlier;
    return e ? e : end;
}

static size_t read_moment_when(const struct reading *r, size_t at, struct when *out)
{
    struct said d = { 0 };
    size_t end = read_zh_moment(r, at, &d), before;

    if (!end)
        return 0;
    when_settle(r, &d, out);
    before = scan_text(r->s, end, "之前");          /* 周五之前: that time */
    return before ? before : end;
}

static size_t read_length_when(const struct reading *r, size_t at, struct when *out)
{
    struct length l;
    size_t end = read_zh_length(r, at, &l);

    if (end)
        *out = (struct when){ WHEN_LENGTH, .length = when_length_ms(&l) };
    return end;
}

size_t read_zh_when(const struct reading *r, size_t at, struct when *out)
{
    static size_t (*const readers[])(const struct reading *, size_t, struct when *) = {
        read_zh_repeat, read_length_when, read_moment_when, read_named_period, read_calendar_period, read_counted_period, read_relative,
        read_since, read_between,
    };
    struct when one = { 0 };
    size_t best = 0;

    if (is_letter(scan_char(r->s, at)))
        return 0;
    for (size_t i = 0; i < N_ELEMENTS(readers); i++) {
        size_t end = readers[i](r, at, &one);

        if (end > best) {
            best = end;
            *out = one;
        }
    }
    return best;
}
