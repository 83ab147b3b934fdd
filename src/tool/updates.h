// SPDX-License-Identifier: Apache-2.0
/* updates.h: which packages could be updated, as this machine knows it already: nothing is looked up in the network.  Of Debian and what is
 * made of it. */
#pragma once
#include "base/arena.h"

struct update { str name, version, now; };

struct updates {
    struct update *items;
    size_t  n;
    int64_t as_of_ms;           /* when the lists of packages were fetched; 0: never */
    bool    restart_needed;     /* what is installed already waits for one */
};

/* Reads what `apt list --upgradable` prints: lines "name/suites version architecture [upgradable from: version]". */
void     updates_parse(struct arena *, str text, struct updates *out);
/* root: "", or a folder like / for tests.  ERR_NOT_FOUND: there is no apt here. */
enum err updates_read(struct arena *, const char *root, struct updates *out) AWAITS MUST_USE;
