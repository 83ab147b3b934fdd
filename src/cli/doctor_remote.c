// SPDX-License-Identifier: Apache-2.0
/* The hosts that the tools ssh and snmp_* may reach: what can be seen without reaching them. */
#include "base/json.h"
#include "cli/doctor.h"
#include "runtime/module.h"
#include "runtime/offload.h"
#include "tool/snmp_target.h"
#include "tool/ssh_target.h"

struct question { const struct ssh_module *module; struct ssh_call call; };

static enum err ask(void *arg)
{
    struct question *q = arg;

    return q->module->check(&q->call) ? OK : failed(ERR_INPUT, "%s", q->call.error);
}

static enum err check_ssh(struct doctor *d, const struct remote_host *h) AWAITS
{
    struct ssh_target t;
    struct question *q = ARENA_NEW(d->cli->arena, struct question);

    TRY(ssh_target_from(d->cli->arena, h, &t));
    TRY(module_open("ssh", (const void **)&q->module));
    q->call.target = &t;
    return fiber_offload(ask, q);
}

static enum err check_snmp(struct doctor *d, const struct remote_host *h) AWAITS
{
    struct snmp_target t;
    const void *module;

    TRY(snmp_target_from(d->cli->arena, h, &t));
    return module_open("snmp", &module);
}

static void check_all(struct doctor *d, const char *section, const json_t *map,
                      enum err (*check)(struct doctor *, const struct remote_host *)) AWAITS
{
    const char *name;
    json_t *settings;

    json_object_foreach((json_t *)map, name, settings) {
        struct remote_host h = { section, name, settings };

        if (!json_is_object(settings))
            doctor_say(d, DOCTOR_FAIL, "%s.%s is a map: host, user and so on", section, name);
        else if (check(d, &h))
            doctor_say(d, DOCTOR_FAIL, "%s: %s", name, failed_text());
        else
            doctor_say(d, DOCTOR_OK, "%s.%s", section, name);
    }
}

void doctor_remote(struct doctor *d) AWAITS
{
    if (!d->has_config)
        return;
    check_all(d, "ssh.hosts", config_now()->ssh_hosts, check_ssh);
    check_all(d, "snmp.hosts", config_now()->snmp_hosts, check_snmp);
    if (!json_object_size(config_now()->ssh_hosts) && !json_object_size(config_now()->snmp_hosts))
        doctor_say(d, DOCTOR_OK, "none are configured");
}
