// SPDX-License-Identifier: Apache-2.0
/* remote.h: what the tools that reach named hosts share (ssh.c, snmp.c): hosts are those that the configuration names in a
 * map of maps (ssh.hosts, snmp.hosts) and no others; a call may name several, which are reached side by side. */
#pragma once
#include "domain/tool.h"

enum { REMOTE_HOSTS_MAX = 16 };

/* The members of a schema's "properties" that remote_hosts_named() takes. */
#define REMOTE_SCHEMA \
    "\"host\":{\"type\":\"string\",\"description\":\"A host by its name in the configuration\"}," \
    "\"hosts\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"Instead of host: several, side by side\"}"

struct remote_host {
    const char   *section;      /* "ssh.hosts" */
    const char   *name;
    const json_t *settings;     /* its map */
};

/* Those of `map` (NULL: there is none) that the arguments host and hosts name, at most REMOTE_HOSTS_MAX.  Errors are
 * ERR_INPUT and ERR_NOT_FOUND; they name the hosts there are. */
enum err remote_hosts_named(struct arena *, const char *section, const json_t *map, const json_t *arguments,
                            struct remote_host *out, size_t *ret_n) MUST_USE;
/* ERR_INPUT: a setting that is none of `known` (ends with NULL), or one that is no text, number or flag. */
enum err remote_host_check(const struct remote_host *, const char *const *known) MUST_USE;

const char *remote_text(struct arena *, const struct remote_host *, const char *key, const char *otherwise);
/* A path: "~/" is $HOME, a relative one lies in $CLAWDBOT_HOME/config.  "" when not set. */
const char *remote_path(struct arena *, const struct remote_host *, const char *key);
enum err    remote_port(const struct remote_host *, unsigned otherwise, unsigned *out) MUST_USE;

/* A connected, non-blocking socket; kind is SOCK_STREAM or SOCK_DGRAM.  ERR_NET says what of it failed. */
enum err remote_dial(const char *host, unsigned port, int kind, uint64_t timeout_ms, int *ret_fd) AWAITS MUST_USE;

/* What came of one host, in the context's arena. */
struct remote_report { const char *name; str text; bool is_error; };
/* One after the other, each under its name when there are several; an error when one of them is. */
struct tool_result remote_result(const struct tool_context *, const char *taint_of, const struct remote_report *, size_t n);
