// SPDX-License-Identifier: Apache-2.0
#include "nlu/entity_names.h"

#include <pthread.h>
#include <string.h>

#include "base/embedded.h"
#include "base/mem.h"
#include "nlu/normal.h"

extern const struct embedded_file nlu_places[];

/* Open addressing; the names are in the texts that are built in, or in an arena that is never freed. */
enum { SLOTS = 8192, BEGINNINGS = 4096 };

struct row { str key; struct name name; };

static struct row *rows;
/* The row's index plus 1 (0: free), and a part of the hash, so that few names are compared in vain. */
static struct { uint16_t row, mark; } slots[SLOTS];
static uint8_t  beginnings[BEGINNINGS / 8];
static size_t   n_rows, cap_rows;
static struct arena *held;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t hash(unsigned kind, str s)
{
    uint32_t h = 2166136261u ^ kind;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h ^ h >> 15;
}

static enum name_kind searched(enum name_kind kind) { return kind < NAME_SERVICE ? kind : NAME_SERVICE; }

static struct row *row_of(enum name_kind kind, str name, size_t *ret_slot, uint16_t *ret_mark)
{
    uint32_t h = hash(searched(kind), name);
    size_t i = h % SLOTS;

    *ret_mark = (uint16_t)(h >> 16);
    for (; slots[i].row; i = (i + 1) % SLOTS) {
        struct row *r = &rows[slots[i].row - 1];

        if (slots[i].mark == *ret_mark && searched(r->name.kind) == searched(kind) && str_eq(r->key, name))
            return r;
    }
    *ret_slot = i;
    return NULL;
}

/* Four letters, two Chinese characters, or all of a shorter name with its end. */
static uint32_t beginning(str text, bool ends)
{
    return hash(ends, str_take(text, text.len > 0 && (unsigned char)text.p[0] >= 0x80 ? 6 : 4)) % BEGINNINGS;
}

static void note_beginning(str key)
{
    uint32_t b = beginning(key, key.len < 4);

    beginnings[b / 8] |= (uint8_t)(1 << b % 8);
}

static bool is_noted(uint32_t b) { return beginnings[b / 8] & 1 << b % 8; }

/* The first of two of the same name stays. */
static void add(enum name_kind kind, str key, str value, const char *zone)
{
    size_t slot;
    uint16_t mark;

    if (key.len == 0 || row_of(kind, key, &slot, &mark))
        return;
    if (n_rows == cap_rows) {
        cap_rows = cap_rows ? 2 * cap_rows : 1024;
        rows = mem_resize(rows, cap_rows * sizeof *rows);
    }
    rows[n_rows++] = (struct row){ key, { kind, value, zone } };
    slots[slot].row = (uint16_t)n_rows;
    slots[slot].mark = mark;
    if (kind >= NAME_SERVICE)
        note_beginning(key);
}

static void add_all(enum name_kind kind, str names, char separator, str value)
{
    str name;

    while (str_split(&names, separator, &name))
        add(kind, name, value.len ? value : name, NULL);
}

static str normalised(str s)
{
    struct normal n;

    normal_make(held, s, &n);
    return n.text;
}

/* The names of one language: all of them stand for the first. */
static void add_place(str names, const char *zone)
{
    str name, first = NO_STR;

    while (str_split(&names, ',', &name)) {
        name = str_trim(name);
        if (first.len == 0)
            first = name;
        add(NAME_PLACE, normalised(name), first, zone);
    }
}

/* "zone|English names|Chinese names" */
static void add_place_line(str line)
{
    str zone, english, chinese;

    if (line.len == 0 || line.p[0] == '#' || !str_split(&line, '|', &zone) || !str_split(&line, '|', &english)
        || !str_split(&line, '|', &chinese))
        return;
    const char *name = arena_c(held, zone);

    add_place(english, name);
    add_place(chinese, name);
}

static void read_all(void)
{
    str places = embedded_named(nlu_places, S("places.txt")), line;

    held = arena_new();
#define NAMES(kind, names) add_all(kind, S(names), ' ', NO_STR);
#include "nlu/file_names.def"
#undef NAMES
#define SERVICE(unit, names) add_all(NAME_SERVICE, S(names), ',', S(unit));
#include "nlu/services.def"
#undef SERVICE
#define LANGUAGE(code, names) add_all(NAME_LANGUAGE, S(names), ',', S(code));
#include "nlu/languages.def"
#undef LANGUAGE
    while (str_split(&places, '\n', &line))
        add_place_line(line);
}

const struct name *name_find(enum name_kind kind, str name)
{
    size_t slot;
    uint16_t mark;

    pthread_once(&once, read_all);
    const struct row *r = row_of(kind, name, &slot, &mark);

    return r ? &r->name : NULL;
}

bool name_may_begin(str text)
{
    pthread_once(&once, read_all);
    size_t n = 0;

    while (n < 4 && n < text.len && (unsigned char)text.p[n] > ' ' && (unsigned char)text.p[n] < 0x80)
        n++;
    if (is_noted(beginning(text, false)))
        return true;
    return (n == 2 || n == 3) && is_noted(beginning(str_take(text, n), true));
}
