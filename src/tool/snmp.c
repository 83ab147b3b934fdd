// SPDX-License-Identifier: Apache-2.0
/* snmp.c: what network devices and hosts say of themselves; reading only. */
#include "config/config.h"
#include "runtime/fiber.h"
#include "runtime/module.h"
#include "tool/file_job.h"
#include "tool/snmp_visit.h"

struct visits { struct snmp_visit all[REMOTE_HOSTS_MAX]; struct remote_report reports[REMOTE_HOSTS_MAX]; size_t n; };

static void visits_done(struct visits **v)
{
    for (size_t i = 0; i < (*v)->n; i++)
        snmp_visit_done(&(*v)->all[i]);
}

static enum err visits_plan(const struct snmp_query *q, const struct remote_host *hosts, size_t n, struct visits *v)
{
    for (; v->n < n; v->n++) {
        v->reports[v->n] = (struct remote_report){ .name = hosts[v->n].name };
        v->all[v->n] = (struct snmp_visit){ .query = q, .report = &v->reports[v->n] };
        TRY(snmp_target_from(q->cx->arena, &hosts[v->n], &v->all[v->n].target));
    }
    return OK;
}

static enum err visit_all(struct visits *v) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    for (size_t i = 0; i < v->n; i++)
        fibers_spawn(&g, "snmp", snmp_visit, &v->all[i]);
    return fibers_wait(&g);
}

static enum err call(struct snmp_query *q, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct remote_host hosts[REMOTE_HOSTS_MAX];
    CLEANUP(visits_done) struct visits *v = ARENA_NEW(q->cx->arena, struct visits);
    size_t n;

    TRY(remote_hosts_named(q->cx->arena, "snmp.hosts", config_now()->snmp_hosts, arguments, hosts, &n));
    TRY(visits_plan(q, hosts, n, v));
    if (module_open("snmp", (const void **)&q->module))
        return failed_in(ERR_IO, "SNMP is no part of this installation: ");
    TRY(visit_all(v));
    *out = remote_result(q->cx, "SNMP answers of %s", v->reports, n);
    return OK;
}

static enum err answer(const struct tool_context *cx, enum err e, struct tool_result *out) AWAITS
{
    if (e == OK || e == ERR_BUG)
        return e;
    TRY(fiber_check());
    *out = tool_refusal(cx, "%s", failed_text());
    return OK;
}

/* Too large for a stack. */
static struct snmp_query *query_new(const struct tool_context *cx)
{
    struct snmp_query *q = ARENA_NEW(cx->arena, struct snmp_query);

    q->cx = cx;
    return q;
}

/* --- snmp_get --- */

/* Of what there is once, the one instance is meant. */
static enum err take_one(str text, struct snmp_query *q)
{
    struct snmp_oid *o = &q->oids[q->n];

    if (q->n == SNMP_ASK_MAX)
        return failed(ERR_INPUT, "at most %d objects at a time", SNMP_ASK_MAX);
    TRY(snmp_oid_parse(text, o));
    if (snmp_oid_is_scalar(o) && o->n < SNMP_OID_MAX)
        o->parts[o->n++] = 0;
    q->n++;
    return OK;
}

static enum err take_oids(const json_t *arguments, struct snmp_query *q)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_at(arguments, "oids"), i, one)
        TRY(take_one(json_strval(one), q));
    return q->n ? OK : failed(ERR_INPUT, "oids: name at least one object");
}

static enum err get_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct snmp_query *q = query_new(cx);
    enum err e = take_oids(arguments, q);

    return answer(cx, e ? e : call(q, arguments, out), out);
}

const struct tool tool_snmp_get = {
    .name = "snmp_get",
    .description = "Asks network devices or hosts that the configuration names for values by SNMP.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"oids\"],\"properties\":{" REMOTE_SCHEMA ","
              "\"oids\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
              "\"description\":\"Objects: 1.3.6.1.2.1.1.5.0, or common names such as sysName, ifDescr.2, hrStorageUsed.1\"}}}",
    .risk = RISK_OUTSIDE, .repeatable = true, .run = get_run,
};

/* --- snmp_walk --- */

static enum err take_walk(const json_t *arguments, struct snmp_query *q)
{
    str after = json_text_str(arguments, "after");

    TRY(snmp_oid_parse(json_text_str(arguments, "oid"), &q->oids[0]));
    q->n = 1;
    q->is_walk = true;
    q->after = q->oids[0];
    q->max_rows = config_now()->snmp_max_rows;
    if (json_int(arguments, "max", 0) && (uint64_t)json_int(arguments, "max", 0) < q->max_rows)
        q->max_rows = (uint64_t)json_int(arguments, "max", 0);
    if (after.len == 0)
        return OK;
    TRY(snmp_oid_parse(after, &q->after));
    return snmp_oid_is_below(&q->after, &q->oids[0]) ? OK : failed(ERR_INPUT, "after: it does not lie below oid");
}

static enum err walk_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct snmp_query *q = query_new(cx);
    enum err e = take_walk(arguments, q);

    return answer(cx, e ? e : call(q, arguments, out), out);
}

const struct tool tool_snmp_walk = {
    .name = "snmp_walk",
    .description = "Lists all values below an object by SNMP, from network devices or hosts that the configuration names.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"oid\"],\"properties\":{" REMOTE_SCHEMA ","
              "\"oid\":{\"type\":\"string\",\"description\":\"Where to begin: 1.3.6.1.2.1.2.2, or a common name such as system, "
              "ifTable, ifDescr, hrStorageTable\"},"
              "\"after\":{\"type\":\"string\",\"description\":\"Go on behind this one: the end of an earlier answer names it\"},"
              "\"max\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"Most values to bring\"}}}",
    .risk = RISK_OUTSIDE, .repeatable = true, .run = walk_run,
};
