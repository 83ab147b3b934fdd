// SPDX-License-Identifier: Apache-2.0
/* snmp_visit.h: the questions of one call to one host, and its answers as lines.  The library is driven from the fiber; only
 * the keys of a user are made in a pool thread. */
#pragma once
#include "tool/snmp_names.h"
#include "tool/snmp_target.h"

/* What the hosts of a call share. */
struct snmp_query {
    const struct tool_context *cx;
    const struct snmp_module  *module;
    bool            is_walk;
    struct snmp_oid oids[SNMP_ASK_MAX];     /* of a walk: one, the root */
    size_t          n;
    struct snmp_oid after;                  /* of a walk: where it goes on; the root at first */
    uint64_t        max_rows;
};

/* One host.  Set query, target and report. */
struct snmp_visit {
    const struct snmp_query *query;
    struct snmp_target    target;
    struct remote_report *report;
    struct buf            text;         /* private from here */
    struct snmp_talk     *talk;
    struct snmp_oid       last;
    uint64_t              rows;
    bool                  done, is_cut, goes_back, takes_all;
};

/* For fiber_spawn().  What goes wrong over there is in the report; an error is the end of the turn. */
enum err snmp_visit(void *visit) AWAITS;
void     snmp_visit_done(struct snmp_visit *);
