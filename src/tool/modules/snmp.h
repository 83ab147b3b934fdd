// SPDX-License-Identifier: Apache-2.0
/* snmp.h: what the module "snmp" (net-snmp) does for the tools snmp_get and snmp_walk: it makes messages and reads
 * answers over a socket that it is lent.  Nothing of it waits: the caller waits for the socket, or until wait_ms() is over,
 * and then calls turn().  All on the loop thread, but derive(): the library keeps its users and engines in one list.
 * SNMPv2c: RFC 1901, RFC 3416; SNMPv3: RFC 3412, 3414, 3826. */
#pragma once
#include "base/str.h"

enum { SNMP_OID_MAX = 128, SNMP_KEY_MAX = 64, SNMP_ASK_MAX = 32 };

struct snmp_oid { size_t n; unsigned long parts[SNMP_OID_MAX]; };

enum snmp_level { SNMP_NO_AUTH, SNMP_AUTH, SNMP_AUTH_PRIV };

/* Texts are never NULL: "" when not set. */
struct snmp_target {
    const char *name, *host;
    unsigned    port;
    bool        is_v3;
    const char *community;                  /* v2c */
    const char *user, *auth, *auth_password, *priv, *priv_password;     /* v3: "SHA-256", "AES" */
    enum snmp_level level;
    uint64_t    timeout_ms;                 /* for one answer */
    unsigned    retries;
};

/* Keys out of the passwords (RFC 3414, A.2): a megabyte of hashing each, so in a pool thread. */
struct snmp_keys { unsigned char auth[SNMP_KEY_MAX], priv[SNMP_KEY_MAX]; size_t n_auth, n_priv; };

enum snmp_type {
    SNMP_INTEGER, SNMP_COUNTER, SNMP_GAUGE, SNMP_TICKS, SNMP_TEXT, SNMP_OID, SNMP_ADDRESS, SNMP_NOTHING,
    SNMP_NO_OBJECT, SNMP_NO_INSTANCE, SNMP_END,     /* what v2 says instead of a value */
};
/* Valid until the callback returns. */
struct snmp_value { struct snmp_oid at; enum snmp_type type; int64_t number; uint64_t count; str bytes; struct snmp_oid oid; };

enum snmp_ask { SNMP_GET, SNMP_NEXT };      /* next: the values behind each, in their order */
enum snmp_state { SNMP_WAITS, SNMP_ANSWERED, SNMP_REFUSED };

struct snmp_hooks { void (*value)(void *arg, const struct snmp_value *); void *arg; };
struct snmp_talk;

struct snmp_module {
    /* False: `error` says why.  Any thread, once open() has been called. */
    bool (*derive)(const struct snmp_target *, struct snmp_keys *out, char *error, size_t size);
    /* Takes the connected datagram socket over.  For v3 it asks who the agent is: wait for the answer first.  NULL: no memory. */
    struct snmp_talk *(*open)(const struct snmp_target *, int fd, const struct snmp_hooks *);
    /* v3, once it is known who the agent is. */
    bool (*log_in)(struct snmp_talk *, const struct snmp_keys *);
    /* With SNMP_NEXT, up to `repeat` values for each.  False: state() is SNMP_REFUSED. */
    bool (*ask)(struct snmp_talk *, enum snmp_ask, const struct snmp_oid *, size_t n, unsigned repeat);
    uint64_t (*wait_ms)(struct snmp_talk *);
    void (*turn)(struct snmp_talk *, bool is_readable);
    enum snmp_state (*state)(const struct snmp_talk *);
    bool (*too_big)(const struct snmp_talk *);           /* refused because the answer does not fit one message */
    const char *(*error)(const struct snmp_talk *);
    void (*end)(struct snmp_talk *);
};
extern const struct snmp_module clawdbot_module_snmp;
