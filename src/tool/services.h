// SPDX-License-Identifier: Apache-2.0
/* services.h: what systemd says of its services. */
#pragma once
#include "base/arena.h"

struct services {
    size_t     n_running;
    const str *failed;      /* names of units */
    size_t     n_failed;
};

/* Reads what `systemctl list-units --type=service --all --plain --no-legend` prints: lines "unit load active sub
 * description". */
void     services_parse(struct arena *, str text, struct services *out);
/* ERR_NOT_FOUND: no systemd runs here.  ERR_TIMEOUT, ERR_IO: systemctl does not answer. */
enum err services_read(struct arena *, struct services *out) AWAITS MUST_USE;
