// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

static const struct { const char *name, *doc; } points[N_FAULTS] = {
#define FAULT_POINT(name, doc) [FAULT_##name] = { #name, doc },
#include "base/faults.def"
#undef FAULT_POINT
};

static struct {
    _Atomic(enum fault_action) action;      /* written last */
    _Atomic uint64_t           from;        /* the n-th hit acts */
    atomic_bool                once;
    _Atomic uint64_t           hits;
} armed[N_FAULTS];

atomic_bool faults_armed;

const char *fault_name(enum fault f)
{
    return points[f].name;
}

const char *fault_doc(enum fault f)
{
    return points[f].doc;
}

uint64_t fault_count(enum fault f)
{
    return atomic_load(&armed[f].hits);
}

bool fault_hit(enum fault f)
{
    uint64_t n = atomic_fetch_add(&armed[f].hits, 1) + 1;
    enum fault_action action = armed[f].action;

    if (action == FAULT_OFF || n < armed[f].from || (armed[f].once && n > armed[f].from))
        return false;
    if (action == FAULT_CRASH)
        kill(getpid(), SIGKILL);
    if (action == FAULT_SLEEP)
        nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL);   /* LINT: blocking is its purpose */
    return action == FAULT_FAIL;
}

static enum err point_named(str name, enum fault *out)
{
    for (size_t i = 0; i < N_FAULTS; i++)
        if (str_eq(name, str_from(points[i].name))) {
            *out = (enum fault)i;
            return OK;
        }
    return failed(ERR_NOT_FOUND, "there is no fault point '%.*s'", STR(str_take(name, 60)));
}

static enum err action_named(str name, enum fault_action *out)
{
    static const char *const names[] = { "off", "fail", "crash", "sleep" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq(name, str_from(names[i]))) {
            *out = (enum fault_action)i;
            return OK;
        }
    return failed(ERR_INPUT, "'%.*s' is no fault action (off, fail, crash, sleep)", STR(str_take(name, 60)));
}

struct arming { enum fault point; enum fault_action action; uint64_t from; bool once; };

static enum err parse_one(str spec, struct arming *out)
{
    str name = NO_STR, action = NO_STR, from = NO_STR, once = NO_STR;
    struct arming a = { .from = 1 };

    str_split(&spec, ':', &name);
    str_split(&spec, ':', &action);
    TRY(point_named(name, &a.point));
    TRY(action_named(action, &a.action));
    if (str_split(&spec, ':', &from))
        TRY(str_u64(from, &a.from));
    if (a.from == 0)
        return failed(ERR_INPUT, "a fault point's times are counted from 1");
    a.once = str_split(&spec, ':', &once);
    if (a.once && (!str_eq(once, S("once")) || spec.p))
        return failed(ERR_INPUT, "'%.*s' where only 'once' may stand", STR(str_take(once, 60)));
    *out = a;
    return OK;
}

static void arm(const struct arming *a)
{
    armed[a->point].action = FAULT_OFF;
    armed[a->point].hits = 0;
    armed[a->point].from = a->from;
    armed[a->point].once = a->once;
    armed[a->point].action = a->action;
}

enum err fault_arm(str spec)
{
    struct arming a;
    str one;

    for (str rest = spec; str_split(&rest, ',', &one); )
        TRY(parse_one(one, &a));
    for (str rest = spec; str_split(&rest, ',', &one); arm(&a))
        TRY(parse_one(one, &a));
    faults_armed = true;
    return OK;
}

void fault_disarm_all(void)
{
    for (size_t i = 0; i < N_FAULTS; i++)
        armed[i].action = FAULT_OFF;
    faults_armed = false;
}
