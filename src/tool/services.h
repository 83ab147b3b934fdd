// SPDX-License-Identifier: Apache-2.0
/* services.h: what systemd says of its services. */
#pragma once
#include "base/arena.h"

/* What `systemctl list-units` calls its columns. */
struct service_unit { str name, load, active, sub, about; };

struct services {
    const struct service_unit *units;       /* as systemctl sorts them: by name */
    size_t n, n_running, n_failed;
};

/* Reads what `systemctl list-units --type=service --all --plain --no-legend` prints: lines "unit load active sub
 * description". */
void     services_parse(struct arena *, str text, struct services *out);
bool     service_has_failed(const struct service_unit *);
/* ERR_NOT_FOUND: no systemd runs here. */
enum err services_check(void) MUST_USE;
/* ERR_NOT_FOUND as well; ERR_TIMEOUT, ERR_IO: systemctl does not answer. */
enum err services_read(struct arena *, struct services *out) AWAITS MUST_USE;

extern const char *services_booted;         /* a folder that is there where systemd runs: sd_booted(3); for tests */
