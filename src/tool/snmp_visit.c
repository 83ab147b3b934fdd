// SPDX-License-Identifier: Apache-2.0
#include "tool/snmp_visit.h"

#include <sys/socket.h>

#include "runtime/fd.h"
#include "runtime/offload.h"

enum { TEXT_MAX = 64 << 10, LINE_MAX_ = 4096, REPEAT = 20, VISIT_MS = 60000 };

/* --- answers --- */

static void add_row(struct snmp_visit *v, const struct snmp_value *value)
{
    CLEANUP(buf_done) struct buf line = { .max = LINE_MAX_ };

    snmp_oid_print(&line, &value->at);
    buf_add(&line, S(" = "));
    snmp_value_print(&line, value);
    if (buf_check(&line, "a value"))
        buf_add(&v->text, S("[the next value is cut] "));
    buf_add(&v->text, buf_str(&line));
    buf_add_char(&v->text, '\n');
    v->rows++;
}

/* A walk takes what lies below its root, in order, and no more than it may. */
static void take_value(void *arg, const struct snmp_value *value)
{
    struct snmp_visit *v = arg;
    const struct snmp_query *q = v->query;

    if (!q->is_walk || v->takes_all) {
        add_row(v, value);
        return;
    }
    if (v->done)
        return;
    v->goes_back = value->type != SNMP_END && snmp_oid_cmp(&value->at, &v->last) <= 0;
    v->is_cut = v->rows >= q->max_rows || v->text.len + LINE_MAX_ > TEXT_MAX;
    v->done = value->type == SNMP_END || v->goes_back || !snmp_oid_is_below(&value->at, &q->oids[0]);
    if (v->done || v->is_cut) {
        v->is_cut &= !v->done;
        v->done = true;
        return;
    }
    add_row(v, value);
    v->last = value->at;
}

/* --- waiting --- */

static enum err readable_within(int fd, uint64_t ms, bool *ret_readable) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    int events;

    deadline_set(&d, ms);
    enum err e = fiber_wait_fd(fd, FD_READ, &events);

    *ret_readable = e == OK;
    return e == ERR_TIMEOUT ? OK : e;
}

static enum err answer(struct snmp_visit *v, int fd) AWAITS
{
    const struct snmp_module *m = v->query->module;
    bool is_readable;

    while (m->state(v->talk) == SNMP_WAITS) {
        TRY(readable_within(fd, m->wait_ms(v->talk), &is_readable));
        TRY(fiber_check());
        m->turn(v->talk, is_readable);
    }
    return m->state(v->talk) == SNMP_ANSWERED ? OK : failed(ERR_REMOTE, "%s", m->error(v->talk));
}

/* --- the conversation --- */

struct derivation { const struct snmp_visit *visit; struct snmp_keys keys; };

static enum err derive(void *arg)
{
    struct derivation *d = arg;
    char why[200];

    return d->visit->query->module->derive(&d->visit->target, &d->keys, why, sizeof why) ? OK : failed(ERR_INPUT, "%s", why);
}

static enum err log_in(struct snmp_visit *v, int fd) AWAITS
{
    struct derivation d = { .visit = v };

    TRY(answer(v, fd));
    TRY(fiber_offload(derive, &d));
    return v->query->module->log_in(v->talk, &d.keys) ? OK : failed(ERR_REMOTE, "%s", v->query->module->error(v->talk));
}

static enum err ask(struct snmp_visit *v, int fd, enum snmp_ask what, const struct snmp_oid *oids, size_t n, unsigned repeat) AWAITS
{
    (void)v->query->module->ask(v->talk, what, oids, n, repeat);        /* when it cannot, the state says so */
    return answer(v, fd);
}

static enum err walk(struct snmp_visit *v, int fd) AWAITS
{
    const struct snmp_query *q = v->query;
    unsigned repeat = REPEAT;

    v->last = q->after;
    while (!v->done) {
        struct snmp_oid from = v->last;
        enum err e = ask(v, fd, SNMP_NEXT, &from, 1, repeat);

        if (e == ERR_REMOTE && repeat > 1 && q->module->too_big(v->talk))
            repeat = 1;
        else if (e)
            return e;
        else if (snmp_oid_cmp(&from, &v->last) == 0)
            break;      /* it had nothing to say */
    }
    if (v->goes_back)
        return failed(ERR_REMOTE, "the agent's answers do not go forward");
    if (v->rows || snmp_oid_cmp(&q->after, &q->oids[0]))
        return OK;
    v->takes_all = true;        /* the root itself may be a value */
    return ask(v, fd, SNMP_GET, q->oids, 1, 0);
}

static enum err converse(struct snmp_visit *v) AWAITS
{
    const struct snmp_query *q = v->query;
    const struct snmp_hooks hooks = { take_value, v };
    CLEANUP(deadline_clear) struct deadline d;
    int fd;

    deadline_set(&d, VISIT_MS);
    TRY(remote_dial(v->target.host, v->target.port, SOCK_DGRAM, v->target.timeout_ms, &fd));
    v->talk = q->module->open(&v->target, fd, &hooks);
    if (!v->talk)
        return failed(ERR_LIMIT, "no memory");
    if (v->target.is_v3)
        TRY(log_in(v, fd));
    return q->is_walk ? walk(v, fd) : ask(v, fd, SNMP_GET, q->oids, q->n, 0);
}

enum err snmp_visit(void *arg)
{
    struct snmp_visit *v = arg;

    v->text.max = TEXT_MAX + LINE_MAX_;
    enum err e = converse(v);

    if (e)
        TRY(fiber_check());         /* the turn itself is to end */
    if (e == ERR_TIMEOUT)
        buf_addf(&v->text, "[%s: not ready after %d s: given up]", v->target.name, VISIT_MS / 1000);
    else if (e)
        buf_addf(&v->text, "[%s: %s]", v->target.name, failed_text());
    else if (v->is_cut) {
        buf_addf(&v->text, "[%llu values; it goes on: after=", (unsigned long long)v->rows);
        for (size_t i = 0; i < v->last.n; i++)
            buf_addf(&v->text, "%s%lu", i ? "." : "", v->last.parts[i]);
        buf_add_char(&v->text, ']');
    } else if (v->rows == 0)
        buf_add(&v->text, S("[nothing is there]"));
    v->report->text = arena_str(v->query->cx->arena, str_trim(buf_str(&v->text)));
    v->report->is_error = e != OK;
    return OK;
}

void snmp_visit_done(struct snmp_visit *v)
{
    if (v->talk)
        v->query->module->end(v->talk);
    buf_done(&v->text);
}
