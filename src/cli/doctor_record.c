// SPDX-License-Identifier: Apache-2.0
/* doctor_record.c: the secrets and the audit log. */
#include "base/json.h"
#include "cli/doctor.h"
#include "cli/keeper.h"
#include "store/audit.h"

static void say_report(struct doctor *d, const json_t *report)
{
    if (!json_flag(report, "sound"))
        doctor_say(d, DOCTOR_FAIL, "%s", json_text(report, "error"));
    else if (json_int(report, "clock_back", 0))
        doctor_say(d, DOCTOR_WARN, "%lld rows, sound; at row %lld the clock was set back", (long long)json_int(report, "rows", 0),
                   (long long)json_int(report, "clock_back", 0));
    else
        doctor_say(d, DOCTOR_OK, "%lld rows, sound", (long long)json_int(report, "rows", 0));
}

static enum err verify(struct doctor *d, json_t **out) AWAITS
{
    CLEANUP(local_close) struct local l = { .has_config = true };
    struct audit_report report;

    if (d->gateway_pid)
        return remote_call(d->cli, "GET", "/api/v1/admin/audit/verify", NULL, out);
    TRY(local_open(d->cli, LOCAL_EXISTING, &l));
    enum err e = audit_verify(l.store, NULL, &report);

    *out = audit_report_json(e, &report);
    return OK;
}

void doctor_audit(struct doctor *d) AWAITS
{
    CLEANUP(json_decrefp) json_t *report = NULL;

    if (!d->has_config)
        return;
    enum err e = verify(d, &report);

    if (e == OK)
        say_report(d, report);
    else if (e != ERR_NOT_FOUND)
        doctor_say(d, DOCTOR_FAIL, "%s", failed_text());
}

static void say_missing(struct doctor *d, struct keeper *k)
{
    CLEANUP(config_report_done) struct config_report r = {0};

    if (config_secret_count() && keeper_resolve(k, &r))
        for (const struct config_note *n = r.first; n; n = n->next)
            if (n->error)
                doctor_say(d, DOCTOR_FAIL, "%s%s%s", n->where, *n->where ? ": " : "", n->text);
}

/* Before the model: its key may be one of them. */
void doctor_secrets(struct doctor *d) AWAITS
{
    CLEANUP(keeper_close) struct keeper k = { .cli = d->cli, .local = { .has_config = true } };

    if (!d->has_config)
        return;
    enum err e = keeper_open(&k, LOCAL_EXISTING);

    if (e == ERR_NOT_FOUND && config_secret_count())
        doctor_say(d, DOCTOR_FAIL, "the settings name secrets, and there are none yet: clawdbot secret set NAME");
    else if (e == ERR_NOT_FOUND)
        return;
    else if (e)
        doctor_say(d, DOCTOR_FAIL, "%s", failed_text());
    else if (keeper_count(&k) == 0)
        doctor_say(d, DOCTOR_OK, "none are kept");
    else
        doctor_say(d, DOCTOR_OK, "%zu, and the key to them is in %s", keeper_count(&k), keeper_key(&k));
    if (e == OK)
        say_missing(d, &k);
}
