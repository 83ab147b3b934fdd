// SPDX-License-Identifier: Apache-2.0
#include "tool/ssh_target.h"

#include <stdlib.h>

/* true is the agent that this process was started with; a text is the path of another's socket. */
static enum err take_agent(struct arena *a, const struct remote_host *h, const char **out)
{
    const char *ours = getenv("SSH_AUTH_SOCK");

    *out = remote_path(a, h, "agent");
    if (!json_is_true(json_object_get(h->settings, "agent")))
        return OK;
    if (!ours || !*ours)
        return failed(ERR_INPUT, "%s.%s.agent: the gateway was started without one ($SSH_AUTH_SOCK); write the path of its socket "
                      "instead of true", h->section, h->name);
    *out = ours;
    return OK;
}

enum err ssh_target_from(struct arena *a, const struct remote_host *h, struct ssh_target *out)
{
    static const char *const known[] = { "host", "port", "user", "key", "passphrase", "agent", "password", "known_hosts", NULL };
    const char *home = getenv("HOME");
    struct ssh_target t = { .name = h->name };

    TRY(remote_host_check(h, known));
    TRY(remote_port(h, 22, &t.port));
    TRY(take_agent(a, h, &t.agent));
    t.host = remote_text(a, h, "host", h->name);
    t.user = remote_text(a, h, "user", "");
    t.key = remote_path(a, h, "key");
    t.passphrase = remote_text(a, h, "passphrase", "");
    t.password = remote_text(a, h, "password", "");
    t.known_hosts = remote_path(a, h, "known_hosts");
    if (!*t.known_hosts)
        t.known_hosts = arena_printf(a, "%s/.ssh/known_hosts", home ? home : "");
    if (!*t.user)
        return failed(ERR_INPUT, "%s.%s has no user: as whom is the host to be entered?", h->section, h->name);
    if (!*t.key && !*t.agent && !*t.password)
        return failed(ERR_INPUT, "%s.%s has neither key nor agent nor password", h->section, h->name);
    *out = t;
    return OK;
}

const char *ssh_target_text(struct arena *a, const struct ssh_target *t)
{
    return arena_printf(a, "%s@%s port %u, with%s%s%s%s", t->user, t->host, t->port, *t->key ? " the key " : "", t->key,
                        *t->agent ? " the agent" : "", *t->password ? " a password" : "");
}
