// SPDX-License-Identifier: Apache-2.0
#include "gateway/reminders.h"

#include <inttypes.h>

#include "domain/recurrence.h"
#include "flow/occurrence.h"
#include "gateway/access.h"
#include "gateway/alerts.h"
#include "gateway/announcement.h"
#include "gateway/people.h"
#include "gateway/say_time.h"
#include "gateway/sessions.h"
#include "runtime/clock.h"
#include "runtime/zones.h"
#include "store/audit.h"

/* ---- as text ---- */

static bool is_timer(const struct flow_timer *t)
{
    return str_eq(t->kind, S("timer"));
}

void reminder_say_when(struct arena *a, struct buf *b, const struct flow_timer *t, int64_t now, bool chinese)
{
    struct recurrence rule;

    if (t->rule.len && recurrence_parse(t->rule, &rule) == OK)
        buf_add(b, recurrence_say(a, &rule, occurrence_zone(t), t->first_at, chinese));
    else
        say_time(b, occurrence_zone(t), t->next_at ? t->next_at : t->last_due, now, chinese);
    if (!str_eq(t->zone, str_from(zones_local_name())))
        buf_addf(b, chinese ? "（%.*s）" : " (%.*s)", STR(t->zone));
}

static void say_next(struct buf *b, const struct flow_timer *t, int64_t now, bool chinese)
{
    buf_add(b, chinese ? S("（下一次：") : S(" (next: "));
    say_time(b, occurrence_zone(t), t->next_at, now, chinese);
    buf_add(b, chinese ? S("）") : S(")"));
}

void reminder_say(struct arena *a, struct buf *b, const struct flow_timer *t, int64_t now, bool chinese)
{
    buf_addf(b, "#%" PRId64 " ", t->id);
    reminder_say_when(a, b, t, now, chinese);
    if (is_timer(t))
        buf_add(b, chinese ? S("（计时器）") : S(" (timer)"));
    if (t->text.len)
        buf_addf(b, chinese ? "：%.*s" : ": %.*s", STR(t->text));
    if (t->rule.len && t->next_at)
        say_next(b, t, now, chinese);
    if (t->error.len)
        buf_addf(b, chinese ? "，上次没有送达：%.*s" : "; the last time it reached nobody: %.*s", STR(t->error));
}

static void say_late(struct buf *b, const struct flow_firing *f, int64_t now, bool chinese)
{
    if (!f->late)
        return;
    buf_add(b, chinese ? S("（迟了，本应在") : S(" (late: it was due "));
    say_time(b, occurrence_zone(f->timer), f->due, now, chinese);
    buf_add(b, chinese ? S("）") : S(")"));
}

static void say_missed(struct buf *b, unsigned n, bool chinese)
{
    const char *least = n < TIMERS_MISSED_MAX ? "" : chinese ? "至少 " : "at least ";

    if (n == 0)
        return;
    if (chinese)
        buf_addf(b, "\n此前还错过了%s%s%u 次。", *least ? "" : " ", least, n);
    else
        buf_addf(b, "\n%s%u earlier %s missed.", least, n, n == 1 ? "one was" : "ones were");
}

str reminder_told(struct arena *a, const struct flow_firing *f, int64_t now)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    const struct flow_timer *t = f->timer;
    bool chinese = str_eq(t->language, S("zh"));

    if (is_timer(t)) {
        buf_add(&b, chinese ? S("⏰ 时间到，") : S("⏰ Time is up, "));
        say_length(&b, t->first_at - t->created_at, chinese);
    } else {
        buf_add(&b, chinese ? S("⏰ 提醒") : S("⏰ Reminder"));
    }
    say_late(&b, f, now, chinese);
    if (t->text.len)
        buf_addf(&b, chinese ? "：%.*s" : ": %.*s", STR(t->text));
    say_missed(&b, f->missed, chinese);
    return arena_str(a, buf_str(&b));
}

/* ---- to whom ---- */

static enum err find_person(struct gateway *g, const struct flow_timer *t, struct person *out)
{
    CLEANUP(json_decrefp) json_t *who = person_json(access_people(g->access), t->person);

    if (who == NULL)
        return failed(ERR_NOT_FOUND, "nobody is called \"%.*s\" any more", STR(t->person));
    *out = (struct person){ t->person, str_eq(json_text_str(who, "role"), S("owner")) ? S("owner") : S("user") };
    return OK;
}

static enum err reach_session(struct announcement *m, const struct flow_timer *t) AWAITS
{
    struct session_place place;

    TRY(sessions_find(m->gateway, m->arena, t->session_id, &place));
    if (place.platform.len == 0)
        return failed(ERR_NOT_FOUND, "the conversation is gone");
    m->to = (struct recipient){ place.platform, place.chat_id, place.thread_id, place.agent };
    return announcement_reach(m);
}

static enum err reach_person(struct announcement *m, const struct person *p) AWAITS
{
    struct tool_context cx = { .arena = m->arena, .workspace = m->gateway->workspace, .person = *p, .session_id = S(""), .platform = S(""),
                               .chat_id = S(""), .user = S(""), .call_id = S(""), .taint = S("") };

    TRY(recipient_find(m->gateway, &cx, p->id, &m->to));
    return announcement_reach(m);
}

static enum err reach(struct announcement *m, const struct flow_timer *t) AWAITS
{
    struct person p;

    TRY(find_person(m->gateway, t, &p));
    enum err e = reach_session(m, t);

    return e == ERR_NOT_FOUND ? reach_person(m, &p) : e;
}

/* ---- telling ---- */

/* Somebody's own words are no news to them; in a group others read them. */
static str taint_of(struct arena *a, const struct flow_timer *t)
{
    if (t->taint.len || str_eq(t->person, S("owner")) || str_starts(t->scope, S("user:")))
        return t->taint;
    return str_from(arena_printf(a, "a reminder that %.*s had set", STR(t->person)));
}

static void add_audit(const struct flow_firing *f, const struct announcement *m, struct batch *b)
{
    audit_add(b, &(struct audit_row){ .person = f->timer->person, .platform = m->to.platform, .session_id = f->timer->session_id,
                                      .event = "timer.fired", .subject = f->timer->kind,
                                      .detail = json_pack("{s:I, s:b, s:I}", "id", (json_int_t)f->timer->id, "late", f->late, "missed",
                                                          (json_int_t)f->missed) });
}

static enum err add(void *gateway, struct arena *a, const struct flow_firing *f, struct batch *b, void **ret_own) AWAITS
{
    struct announcement *m = ARENA_NEW(a, struct announcement);

    *m = (struct announcement){
        .gateway = gateway, .arena = a, .text = reminder_told(a, f, clock_wall_ms()), .taint = taint_of(a, f->timer),
        .external_id = str_from(arena_printf(a, "timer/%" PRId64 "/%" PRId64, f->timer->id, f->due)),
    };
    TRY(reach(m, f->timer));
    announcement_add(m, b);
    add_audit(f, m, b);
    *ret_own = m;
    return OK;
}

static void stored(void *gateway UNUSED, const struct batch *b, void *own)
{
    announcement_stored(own, b);
}

static void lost(void *gateway, const struct flow_firing *f, const char *why)
{
    struct gateway *g = gateway;
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_addf(&b, "%.*s %" PRId64 " of %.*s was due and reached nobody: %s", STR(f->timer->kind), f->timer->id, STR(f->timer->person), why);
    alerts_say(g->alerts, "timer", buf_c(&b));
}

struct timers *reminders_new(struct gateway *g)
{
    return timers_new(g->store, &(struct flow_teller){ add, stored, lost, g });
}
