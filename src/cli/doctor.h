// SPDX-License-Identifier: Apache-2.0
/* doctor.h: one question after the other about whether this can work here.  A check is a row of doctor.def and a
 * function in doctor_checks.c; it says what it finds, in one line each, and goes on. */
#pragma once
#include "cli/remote.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
    struct cli    *cli;
    const char    *home;
    bool           has_config;      /* config_now() may be asked */
    int            gateway_pid;     /* 0: none runs */
    const char    *about;           /* the row at hand */
    struct json_t *findings;
    size_t         n_warn, n_fail;
};

void doctor_say(struct doctor *, enum doctor_verdict, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define DOCTOR(fn, about) void doctor_##fn(struct doctor *) AWAITS;
#include "cli/doctor.def"
#undef DOCTOR
