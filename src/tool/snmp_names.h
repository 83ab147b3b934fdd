// SPDX-License-Identifier: Apache-2.0
/* snmp_names.h: object identifiers as people write them, and values as they read them.  Names are those of the table in
 * snmp_names.def (SNMPv2-MIB, IF-MIB, HOST-RESOURCES-MIB and the like): the MIB files themselves are not in Debian's main
 * part, and none are read. */
#pragma once
#include "base/buf.h"
#include "tool/modules/snmp.h"

/* "1.3.6.1.2.1.1.5.0", ".1.3.6", "sysName", "ifDescr.2", "IF-MIB::ifDescr.2".  ERR_INPUT says what is known. */
enum err snmp_oid_parse(str text, struct snmp_oid *out) MUST_USE;
/* Is it a named object that there is once, without the ".0" of its one instance? */
bool     snmp_oid_is_scalar(const struct snmp_oid *);
/* "1.3.6.1.2.1.1.5.0", and behind a space its name where it has one: "sysName.0". */
void     snmp_oid_print(struct buf *, const struct snmp_oid *);
bool     snmp_oid_is_below(const struct snmp_oid *, const struct snmp_oid *root);
int      snmp_oid_cmp(const struct snmp_oid *, const struct snmp_oid *);
/* One line: text in quotes never, bytes that are no text as hex, TimeTicks as days and hours too. */
void     snmp_value_print(struct buf *, const struct snmp_value *);
