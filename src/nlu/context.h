// SPDX-License-Identifier: Apache-2.0
/* context.h: what is known besides the text when it is read. */
#pragma once
#include "base/zone.h"

struct nlu_context {
    int64_t     now;                    /* ms */
    const struct zone *zone;            /* of whoever writes */
    str         project;                /* the folder of the session's project; "": none */
    str         last_file;              /* the file that was spoken of last; "": none */
    const str  *hosts;                  /* names of machines that can be reached (ssh.hosts) */
    size_t      n_hosts;
    bool        chinese;                /* the language of answers */
};
