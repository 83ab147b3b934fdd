// SPDX-License-Identifier: Apache-2.0
/* egress.h: the one way out of the sandbox: a proxy in the gateway, one for each command, that connects where the owner's
 * configuration says and nowhere else.  The command finds it at 127.0.0.1:EGRESS_PORT of its own network namespace: the
 * listening socket is made there, by clawdbot-inside, and handed to the gateway, which accepts from it.  No network device,
 * no process and no file lies between.
 *
 * It takes CONNECT and plain http:// requests.  The host must be allowed by the name that was asked for; it is resolved here,
 * once; only addresses that are public (net/address.h), or of a private host that is allowed, are connected to. */
#pragma once
#include "runtime/lookup.h"
#include "tool/egress_rules.h"

enum { EGRESS_PORT = 3128 };    /* src/tool/inside/egress.h says the same */

/* What became of a connection that a command asked for.  OPENED is told before its first byte goes out, ENDED follows. */
enum egress_event { EGRESS_REFUSED, EGRESS_OPENED, EGRESS_ENDED };
struct egress_note {
    enum egress_event event;
    str         person, platform, session_id, call_id;  /* of the job, see egress_options */
    str         host;           /* as asked for; "" when the request was not understood */
    unsigned    port;
    str         address;        /* that was connected to; "" when it did not come so far */
    str         decision;       /* "sandbox.network.allow *.pypi.org", "not in sandbox.network.allow", "no such host", ... */
    uint64_t    sent, received; /* bytes to and from the other side; ENDED only */
};

/* What the gateway lends to every proxy.  {0}: nobody is told, there is no secret, the system resolves. */
struct egress_services {
    void      (*on_connection)(void *arg, const struct egress_note *);      /* must not await */
    enum err  (*secret)(void *arg, str name, str *out);     /* good until the next await; ERR_NOT_FOUND */
    enum err  (*lookup)(const char *host, unsigned port, struct addresses *out) AWAITS;
    const char *ca_file;        /* trusted besides the system's certificates */
    void       *arg;
};
void egress_use(const struct egress_services *);    /* copied; before the first job */

/* Of one job; what it points to lives as long as the job. */
struct egress_options {
    struct egress_policy policy;
    str person, platform, session_id, call_id;
};

struct egress;
/* The listening socket is to come through the other end of a socket pair: *ret_child, which the child inherits and the
 * caller closes. */
enum err egress_open(struct arena *, const struct egress_options *, struct egress **out, int *ret_child) MUST_USE;
/* The same for a container, whose engine hands no descriptor on: who calls first at the socket `path`, which is made, brings it;
 * nobody is listened to after that.  The caller removes the path. */
enum err egress_open_at(struct arena *, const struct egress_options *, const char *path, struct egress **out) MUST_USE;
/* The hosts that were connected to so far, "a, b": what the command's output may come from. "" when none. */
str      egress_reached(const struct egress *);
void     egress_close(struct egress *);     /* every connection ends with it; accepts NULL */
