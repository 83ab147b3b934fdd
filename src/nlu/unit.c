// SPDX-License-Identifier: Apache-2.0
#include "nlu/unit.h"

#include <assert.h>
#include <pthread.h>

#include "nlu/scan.h"

static const struct entry { struct unit unit; const char *names; } units[] = {
#define UNIT(name, kind, scale, offset, names) { { name, kind, scale, offset }, names },
#include "nlu/units.def"
#undef UNIT
};

/* All names, those of one first byte together; made when they are first looked for.  A unit's own name is written in capitals where that is
 * usual, which a normalised text is not. */
enum { NAMES_MAX = 1024 };
struct name { str text; const struct unit *unit; };
static struct name names[NAMES_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint16_t first_of[257];          /* those of byte b are first_of[b] up to first_of[b + 1] */

static void each_name(void (*take)(str name, const struct unit *))
{
    for (size_t i = 0; i < N_ELEMENTS(units); i++) {
        str rest = str_from(units[i].names), name;

        take(str_from(units[i].unit.name), &units[i].unit);
        while (str_split(&rest, '|', &name))
            if (name.len)
                take(name, &units[i].unit);
    }
}

static void count_name(str name, const struct unit *u UNUSED) { first_of[(uint8_t)name.p[0] + 1]++; }

static void put_name(str name, const struct unit *u)
{
    size_t at = first_of[(uint8_t)name.p[0] + 1]++;

    assert(at < NAMES_MAX);
    names[at] = (struct name){ name, u };
}

/* Counted, summed, and put where the sums say: a place of first_of[] is the beginning of its byte's names while they are put. */
static void make_names(void)
{
    each_name(count_name);
    for (size_t b = 256; b > 0; b--)
        first_of[b] = first_of[b - 1];
    for (size_t b = 1; b <= 256; b++)
        first_of[b] = (uint16_t)(first_of[b] + first_of[b - 1]);
    each_name(put_name);
}

/* The length of a name that begins the text; 0: it does not. */
static size_t name_length(str s, str name)
{
    if (!str_starts(s, name) || (is_letter(name.p[name.len - 1]) && is_letter(scan_char(s, name.len))))
        return 0;
    return name.len;
}

const struct unit *unit_read(str s, size_t *ret_len)
{
    const struct unit *best = NULL;
    size_t best_len = 0;

    pthread_once(&once, make_names);
    uint8_t b = s.len ? (uint8_t)s.p[0] : 0;

    for (size_t i = first_of[b]; i < first_of[b + 1]; i++) {
        size_t len = name_length(s, names[i].text);

        if (len > best_len) {
            best_len = len;
            best = names[i].unit;
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
