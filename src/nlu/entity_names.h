// SPDX-License-Identifier: Apache-2.0
/* entity_names.h: the names that are known: of services, languages, places (services.def, languages.def, places.txt) and what files and
 * domains are known by (file_names.def).  Read into one table when it is first needed, by any thread. */
#pragma once
#include "base/str.h"

enum name_kind {
    NAME_EXTENSION, NAME_TOP_LEVEL, NAME_FILE, NAME_FOLDER, NAME_NO_PATH, NAME_TIME, NAME_NUMERAL, NAME_SERVICE, NAME_LANGUAGE, NAME_PLACE,
    NAME_KINDS,
};

/* What a name stands for: the unit of a service, the code of a language, a place's first name in that language. */
struct name { enum name_kind kind; str value; const char *zone; };

/* NULL: unknown.  The name normalised, all of it.  Services, languages and places are one kind when one of them is asked for. */
const struct name *name_find(enum name_kind, str name);
static inline bool name_is(enum name_kind kind, str name) { return name_find(kind, name) != NULL; }
/* Whether a service, language or place may stand at the start; false is certain. */
bool name_may_begin(str text);
enum { NAME_LONGEST = 48 };     /* bytes */
