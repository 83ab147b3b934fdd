// SPDX-License-Identifier: Apache-2.0
/* test_server.h: for tests: real servers, started by the test with settings of its own on a free loopback port. */
#pragma once
#include "runtime/process.h"
#include "tool/desk.h"

/* A port of 127.0.0.1 that nobody had a moment ago; kind: SOCK_STREAM or SOCK_DGRAM. */
unsigned test_free_port(int kind);
/* A program of Debian's, to its end; a failure fails the test.  argv ends with NULL. */
void     test_run(const char *const *argv);
/* Waits until `path` is a file with something in it, and returns that. */
const char *test_awaits(struct desk *, const char *path) AWAITS;
void     test_awaits_end(int pid) AWAITS;      /* of a process that is not ours */

/* OpenSSH's server, in d's folder: host key "host_key", user keys "user_key" and "other_key", "known_hosts" for it.  It
 * lets in the user who runs the test, with user_key. */
struct test_sshd { struct process *process; unsigned port; const char *root, *user; };
/* False where there is no sshd; it says so on stderr. */
bool test_sshd_start(struct desk *, struct test_sshd *) AWAITS;
void test_sshd_stop(struct test_sshd *);

/* net-snmp's agent, in d's folder: community "see-all"; users "private" (authPriv, SHA and AES, passwords "authword1" and
 * "privword1"), "strong" (the same with SHA-256 and AES-256), "signed" (authNoPriv), "open" (noAuthNoPriv); sysName is
 * "test device". */
struct test_snmpd { struct process *process; unsigned port; };
bool test_snmpd_start(struct desk *, struct test_snmpd *) AWAITS;
void test_snmpd_stop(struct test_snmpd *);
