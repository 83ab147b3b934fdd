// SPDX-License-Identifier: Apache-2.0
#include "nlu/unit.h"

#include "nlu/scan.h"

static const struct entry { struct unit unit; const char *names; } units[] = {
#define UNIT(name, kind, scale, offset, names) { { name, kind, scale, offset }, names },
#include "nlu/units.def"
#undef UNIT
};

/* Where `name` ends, that begins the text; 0: it does not. */
static size_t name_ends(str s, str name)
{
    if (!str_starts(s, name) || name.len == 0 || (is_letter(name.p[name.len - 1]) && is_letter(scan_char(s, name.len))))
        return 0;
    return name.len;
}

/* The longest of an entry's names; its own is written in capitals where that is usual, which a normalised text is not. */
static size_t longest_name(str s, const struct entry *e)
{
    str rest = str_from(e->names), name;
    size_t best = name_ends(s, str_from(e->unit.name));

    while (str_split(&rest, '|', &name)) {
        size_t end = name_ends(s, name);

        if (end > best)
            best = end;
    }
    return best;
}

const struct unit *unit_read(str s, size_t *ret_len)
{
    const struct unit *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; s.len && i < N_ELEMENTS(units); i++) {
        size_t len = longest_name(s, &units[i]);

        if (len > best_len) {
            best_len = len;
            best = &units[i].unit;
        }
    }
    if (best)
        *ret_len = best_len;
    return best;
}

static bool has_name(const struct entry *e, str name)
{
    str rest = str_from(e->names), one;

    while (str_split(&rest, '|', &one))
        if (str_eq(one, name))
            return true;
    return false;
}

const struct unit *unit_find(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(units); i++)
        if (str_eq(str_from(units[i].unit.name), name))
            return &units[i].unit;
    for (size_t i = 0; i < N_ELEMENTS(units); i++)
        if (has_name(&units[i], name))
            return &units[i].unit;
    return NULL;
}

enum err unit_convert(double value, const struct unit *from, const struct unit *to, double *out)
{
    if (!str_eq(str_from(from->kind), str_from(to->kind)))
        return failed(ERR_INPUT, "%s measures %s, %s measures %s", from->name, from->kind, to->name, to->kind);
    *out = (value * from->scale + from->offset - to->offset) / to->scale;
    return OK;
}
