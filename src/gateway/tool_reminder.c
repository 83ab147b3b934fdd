// SPDX-License-Identifier: Apache-2.0
/* tool_reminder.c: reminders and timers that are set, shown and taken back.  reminders.h tells them. */
#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "base/utf8.h"
#include "domain/recurrence.h"
#include "gateway/kept.h"
#include "gateway/local_time.h"
#include "gateway/reminders.h"
#include "gateway/say_time.h"
#include "runtime/clock.h"
#include "runtime/zones.h"
#include "tool/file_job.h"

enum { TEXT_MAX = 1000, YEARS_MAX = 100, SHOWN_MAX = 100, MINUTE_MS = 60 * 1000 };

struct reminder_call {
    struct kept        *kept;
    const json_t       *arguments;
    const struct zone  *zone;
    int64_t             now;
    struct flow_timer   timer;      /* that is to be set */
};

#define SAY(c, chinese_text, english_text) ((c)->kept->chinese ? (chinese_text) : (english_text))

/* ---- when ---- */

static enum err find_zone(struct reminder_call *c) AWAITS
{
    struct kept *k = c->kept;
    str name = str_trim(json_text_str(c->arguments, "zone"));
    struct rows r;

    if (name.len == 0) {
        TRY(store_read(k->gateway->store, k->cx->arena, &r, "kept.zone", "s", k->cx->session_id));
        name = r.n ? row_str(&r, 0, 0) : S("");
    }
    c->timer.zone = name.len ? name : str_from(zones_local_name());
    c->zone = zones_find(c->timer.zone);
    if (c->zone == NULL && json_text_str(c->arguments, "zone").len)
        return failed(ERR_INPUT, SAY(c, "没有叫“%.*s”的时区，请用 Asia/Shanghai 这样的名称",
                                     "there is no time zone \"%.*s\"; write one such as Europe/Berlin"), STR(str_take(name, 60)));
    if (c->zone == NULL) {
        c->timer.zone = str_from(zones_local_name());
        c->zone = zones_local();
    }
    return OK;
}

static enum err read_at(const struct reminder_call *c, str text, int64_t *out)
{
    if (local_time_read(c->zone, c->now, text, out))
        return OK;
    return failed(ERR_INPUT, SAY(c, "看不懂时间“%.*s”：请写成 2026-11-22T09:00", "\"%.*s\" is no time: write 2026-11-22T09:00"),
                  STR(utf8_take(text, 60)));
}

static enum err read_in(const struct reminder_call *c, str text, int64_t *out)
{
    uint64_t ms;

    if (duration_parse(text, &ms) || ms == 0 || ms / 86400000 > YEARS_MAX * 366)
        return failed(ERR_INPUT, SAY(c, "看不懂时长“%.*s”：请写成 20m 或 1h30m", "\"%.*s\" is no length of time: write 20m or 1h30m"),
                      STR(utf8_take(text, 60)));
    *out = c->now + (int64_t)ms;
    return OK;
}

/* Without a first time it begins with the next one that fits. */
static enum err read_rule(struct reminder_call *c, str text)
{
    struct recurrence rule;
    struct flow_timer *t = &c->timer;
    int64_t start = t->first_at ? t->first_at : c->now - c->now % MINUTE_MS;

    TRY(recurrence_parse(text, &rule));
    t->rule = recurrence_text(c->kept->cx->arena, &rule);
    if (t->first_at > c->now)
        return OK;
    if (!recurrence_next(&rule, c->zone, start, c->now, &t->first_at))
        return failed(ERR_INPUT, SAY(c, "这些时间都已经过去了", "all of these times are over"));
    return OK;
}

static enum err read_when(struct reminder_call *c)
{
    str at = str_trim(json_text_str(c->arguments, "at")), in = str_trim(json_text_str(c->arguments, "in")),
        rule = str_trim(json_text_str(c->arguments, "rule"));
    struct flow_timer *t = &c->timer;

    if (at.len && in.len)
        return failed(ERR_INPUT, "at and in exclude each other");
    if (at.len == 0 && in.len == 0 && rule.len == 0)
        return failed(ERR_INPUT, SAY(c, "什么时候提醒？请说一个时间", "when? Say a time"));
    if (at.len)
        TRY(read_at(c, at, &t->first_at));
    if (in.len)
        TRY(read_in(c, in, &t->first_at));
    if (rule.len)
        TRY(read_rule(c, rule));
    if (t->first_at <= c->now)
        return failed(ERR_INPUT, SAY(c, "那个时间已经过去了", "that time is over"));
    if ((t->first_at - c->now) / 86400000 > YEARS_MAX * 366)
        return failed(ERR_INPUT, SAY(c, "那个时间太远了", "that is too far away"));
    t->next_at = t->first_at;
    return OK;
}

/* ---- add ---- */

static enum err read_what(struct reminder_call *c)
{
    struct flow_timer *t = &c->timer;
    const struct tool_context *cx = c->kept->cx;

    *t = (struct flow_timer){
        .kind = str_eq(json_text_str(c->arguments, "kind"), S("timer")) ? S("timer") : S("reminder"), .scope = c->kept->scope,
        .person = cx->person.id, .session_id = cx->session_id, .text = str_trim(json_text_str(c->arguments, "text")),
        .taint = kept_taint(c->kept), .language = c->kept->chinese ? S("zh") : S("en"), .created_at = c->now,
    };
    if (t->text.len == 0 && !str_eq(t->kind, S("timer")))
        return failed(ERR_INPUT, SAY(c, "要提醒什么？", "what is it that you want to be reminded of?"));
    if (utf8_length(t->text) > TEXT_MAX)
        return failed(ERR_INPUT, SAY(c, "提醒的内容太长，最多 %d 个字", "the text is too long: at most %d characters"), TEXT_MAX);
    return OK;
}

static enum err check_room(const struct reminder_call *c) AWAITS
{
    struct rows r;

    TRY(store_read(c->kept->gateway->store, c->kept->cx->arena, &r, "timers.count", "s", c->kept->scope));
    if (row_int(&r, 0, 0) < TIMERS_MAX)
        return OK;
    return failed(ERR_LIMIT, SAY(c, "提醒太多了（%d 个），请先取消一些", "there are %d reminders: take some back first"), TIMERS_MAX);
}

/* Up to the number. */
static void say_added(struct reminder_call *c, struct buf *b)
{
    const struct flow_timer *t = &c->timer;
    struct arena *a = c->kept->cx->arena;
    bool chinese = c->kept->chinese;

    if (str_eq(t->kind, S("timer"))) {
        buf_add(b, chinese ? S("好的，计时 ") : S("OK, timer set: "));
        say_length(b, t->first_at - c->now, chinese);
        buf_add(b, chinese ? S("，") : S(", until "));
        say_time(b, c->zone, t->first_at, c->now, chinese);
        buf_add(b, chinese ? S(" 到时间") : S(""));
    } else {
        buf_add(b, chinese ? S("好的，") : S("OK, I will remind you "));
        reminder_say_when(a, b, t, c->now, chinese);
        buf_add(b, chinese ? S(" 提醒你") : S(""));
    }
    if (t->text.len)
        buf_addf(b, chinese ? "：%.*s" : ": %.*s", STR(t->text));
    buf_add(b, chinese ? S("。") : S("."));
    if (t->rule.len) {
        buf_add(b, chinese ? S("下一次是") : S(" Next: "));
        say_time(b, c->zone, t->next_at, c->now, chinese);
        buf_add(b, chinese ? S("。") : S("."));
    }
    buf_add(b, chinese ? S("（#") : S(" (#"));
}

static enum err add(struct reminder_call *c) AWAITS
{
    struct kept *k = c->kept;
    struct batch *b = batch_new(k->cx->arena);

    TRY(read_what(c));
    TRY(find_zone(c));
    TRY(read_when(c));
    TRY(check_room(c));
    say_added(c, &k->text);
    str before = arena_str(k->cx->arena, buf_str(&k->text)), after = k->chinese ? S("）") : S(")");

    timers_add(b, &c->timer);
    kept_add_answer_with_id(k, b, "timers", before, after);
    TRY(store_commit(k->gateway->store, b));
    timers_changed(k->gateway->timers);
    buf_addf(&k->text, "%" PRId64 "%.*s", row_int(batch_rows(b, 0), 0, 0), STR(after));
    return OK;
}

/* ---- list ---- */

static void say_some(struct reminder_call *c, const struct flow_timers *list, const bool *marks, struct buf *b)
{
    size_t shown = 0;

    for (size_t i = 0; i < list->n; i++) {
        if (marks && !marks[i])
            continue;
        if (shown++ >= SHOWN_MAX)
            continue;
        buf_add(b, S("\n- "));
        reminder_say(c->kept->cx->arena, b, &list->p[i], c->now, c->kept->chinese);
        kept_shown(c->kept, list->p[i].person, list->p[i].taint);
    }
    if (shown > SHOWN_MAX)
        buf_addf(b, SAY(c, "\n另有 %zu 个", "\nand %zu more"), shown - SHOWN_MAX);
}

static enum err list(struct reminder_call *c) AWAITS
{
    struct kept *k = c->kept;
    struct flow_timers all;

    TRY(timers_list(k->gateway->store, k->cx->arena, k->scope, &all));
    if (all.n == 0) {
        buf_addf(&k->text, SAY(c, "没有设置提醒。", "No reminders are set."));
        return OK;
    }
    buf_addf(&k->text, SAY(c, "提醒（%zu）：", "Reminders (%zu):"), all.n);
    say_some(c, &all, NULL, &k->text);
    return OK;
}

/* ---- remove ---- */

/* "The reminder about the bank", 银行的提醒: the word itself says nothing of which. */
static str without_noun(str which)
{
    static const str endings[] = { S(" reminders"), S(" reminder"), S(" alarm"), S("的提醒"), S("提醒"), S("的闹钟"), S("闹钟") };
    static const str beginnings[] = { S("the reminder "), S("reminder "), S("提醒") };

    which = str_trim(which);
    for (size_t i = 0; i < N_ELEMENTS(beginnings); i++)
        if (which.len > beginnings[i].len && str_eat(&which, beginnings[i]))
            break;
    for (size_t i = 0; i < N_ELEMENTS(endings); i++)
        if (which.len > endings[i].len && str_ends(which, endings[i]))
            return str_trim(str_take(which, which.len - endings[i].len));
    return str_trim(which);
}

/* What people may call it by: its text, what it is, and when. */
static struct kept_thing *things_of(struct reminder_call *c, const struct flow_timers *all)
{
    struct arena *a = c->kept->cx->arena;
    struct kept_thing *things = arena_alloc(a, (all->n + 1) * sizeof *things);

    for (size_t i = 0; i < all->n; i++) {
        CLEANUP(buf_done) struct buf b = { 0 };

        buf_addf(&b, "%s ", str_eq(all->p[i].kind, S("timer")) ? "timer 计时器 倒计时" : "reminder 提醒");
        reminder_say_when(a, &b, &all->p[i], c->now, c->kept->chinese);
        things[i] = (struct kept_thing){ all->p[i].id, all->p[i].text, arena_str(a, buf_str(&b)) };
    }
    return things;
}

static size_t drop_those_of_others(const struct reminder_call *c, const struct flow_timers *all, bool *marks)
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++) {
        marks[i] = marks[i] && kept_may_change(c->kept, all->p[i].person);
        n += marks[i];
    }
    return n;
}

static enum err take_back(struct reminder_call *c, const struct flow_timers *all, const bool *marks) AWAITS
{
    struct kept *k = c->kept;
    struct batch *b = batch_new(k->cx->arena);

    buf_add(&k->text, k->chinese ? S("已取消：") : S("Cancelled:"));
    say_some(c, all, marks, &k->text);
    for (size_t i = 0; i < all->n; i++)
        if (marks[i])
            batch_add(b, "timers.remove", "is", all->p[i].id, k->scope);
    kept_add_answer(k, b);
    return store_commit(k->gateway->store, b);
}

static enum err remove_some(struct reminder_call *c) AWAITS
{
    struct kept *k = c->kept;
    str which = without_noun(json_text_str(c->arguments, "which"));
    struct flow_timers all;

    if (which.len == 0)
        return failed(ERR_INPUT, SAY(c, "要取消哪个提醒？", "which reminder?"));
    TRY(timers_list(k->gateway->store, k->cx->arena, k->scope, &all));
    bool *marks = arena_alloc(k->cx->arena, all.n + 1);
    size_t n = kept_match(things_of(c, &all), all.n, which, marks);

    if (n == 0)
        return kept_refuse(k, SAY(c, "没有找到这样的提醒：%.*s", "There is no such reminder: %.*s"), STR(utf8_take(which, 100)));
    if (drop_those_of_others(c, &all, marks) == 0)
        return kept_refuse(k, SAY(c, "那是别人设置的提醒。", "Somebody else set that one: it is theirs to take back."));
    if (n == 1 || kept_is_all(which))
        return take_back(c, &all, marks);
    buf_add(&k->text, k->chinese ? S("有几个符合，请说编号：") : S("Several fit; say the number:"));
    say_some(c, &all, marks, &k->text);
    k->refused = true;
    return OK;
}

/* ---- the call ---- */

static enum err act(struct reminder_call *c) AWAITS
{
    static const struct { const char *name; enum err (*run)(struct reminder_call *); } actions[] = {
        { "add", add }, { "list", list }, { "remove", remove_some },
    };
    const char *action = json_text(c->arguments, "action");

    for (size_t i = 0; i < N_ELEMENTS(actions); i++)
        if (strcmp(action, actions[i].name) == 0)
            return actions[i].run(c);
    return failed(ERR_INPUT, "action is add, list or remove");
}

static enum err reminder_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(kept_done) struct kept k;
    struct reminder_call c = { .kept = &k, .arguments = arguments, .now = clock_wall_ms() };
    enum err e = kept_begin(cx, "reminder", arguments, &k);

    if (e == OK && k.answered.len == 0)
        e = act(&c);
    if (e == ERR_INPUT || e == ERR_AUTH || e == ERR_LIMIT)
        e = kept_refuse(&k, "%s", failed_text());
    TRY(e);
    kept_result(&k, out);
    return OK;
}

const struct tool tool_reminder = {
    .name = "reminder",
    .description = "Reminders and timers: sets one that is told here when its time comes, also after a restart; shows them; takes them "
                   "back. The answer can be shown to the person as it is.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"add\",\"list\",\"remove\"]},"
              "\"text\":{\"type\":\"string\",\"description\":\"What to be reminded of; a timer needs none\"},"
              "\"kind\":{\"type\":\"string\",\"enum\":[\"reminder\",\"timer\"],\"description\":\"reminder if absent\"},"
              "\"at\":{\"type\":\"string\",\"description\":\"When: 2026-11-22T09:00 on the person's clock, 09:00 for the next time it is "
              "that, or RFC 3339\"},"
              "\"in\":{\"type\":\"string\",\"description\":\"Or after how long: 20m, 1h30m\"},"
              "\"rule\":{\"type\":\"string\",\"description\":\"How it recurs, RFC 5545: FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9;BYMINUTE=0; with "
              "at for the first time\"},"
              "\"zone\":{\"type\":\"string\",\"description\":\"IANA time zone, if not the person's: Asia/Shanghai\"},"
              "\"which\":{\"type\":\"string\",\"description\":\"For remove: its number, words of it, or all\"}}}",
    .risk = RISK_READ, .repeatable = true, .run = reminder_run,
};
