// SPDX-License-Identifier: Apache-2.0
/* person.h: who somebody is to the assistant, on whatever platform they write. */
#pragma once
#include "base/str.h"

struct person {
    str id;             /* short name; "owner" for whoever holds this machine's token; "" for a stranger */
    str role;           /* owner, admin, operator, user, guest, or one of the configuration's `roles` */
};

static inline bool person_is_owner(const struct person *p) { return str_eq(p->role, S("owner")); }
