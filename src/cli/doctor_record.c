// SPDX-License-Identifier: Apache-2.0
/* doctor_record.c: the audit log. */
#include "base/json.h"
#include "cli/doctor.h"
#include "cli/local.h"
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
    CLEANUP(local_close) struct local l = { 0 };
    struct audit_report report;

    if (d->gateway_pid)
        return remote_call(d->cli, "GET", "/api/v1/admin/audit/verify", NULL, out);
    TRY(local_open(d->cli, &l));
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
