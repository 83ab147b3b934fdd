// SPDX-License-Identifier: Apache-2.0
/* Entities are sorted, inside of the text, not empty, and begin and end between characters; none lies inside of a path, an address or code. */
#include <assert.h>

#include "base/utf8.h"
#include "nlu/entity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool between_characters(str s, size_t at) { return at == s.len || ((uint8_t)s.p[at] & 0xC0) != 0x80; }

static bool is_solid(enum entity_type t)
{
    return t == ENTITY_URL || t == ENTITY_EMAIL || t == ENTITY_PATH || t == ENTITY_GLOB || t == ENTITY_CODE;
}

static void check(const struct entity *e, str text)
{
    assert(e->type < ENTITY_TYPES && entity_type_name(e->type));
    assert(e->start < e->end && e->end <= text.len);
    assert(between_characters(text, e->start) && between_characters(text, e->end));
    assert(utf8_valid(e->text));
}

static void check_all(const struct entities *all, str text)
{
    size_t solid_end = 0;

    assert(all->n <= ENTITIES_MAX);
    for (size_t i = 0; i < all->n; i++) {
        const struct entity *e = &all->p[i];

        check(e, text);
        assert(i == 0 || e->start > e[-1].start || (e->start == e[-1].start && e->end <= e[-1].end));
        assert(e->end > solid_end);
        if (is_solid(e->type))
            solid_end = e->end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str hosts[] = { S("web-1"), S("DB01"), S("新机器") };
    struct nlu_context context = { .now = 1790000000000, .zone = zone_utc(), .project = S("/projects/app"), .last_file = S("/tmp/a.txt"),
        .hosts = hosts, .n_hosts = N_ELEMENTS(hosts) };
    struct arena *a = arena_new();
    struct normal n;
    struct entities all;

    normal_make(a, str_of(data, size), &n);
    entities_find(a, &context, &n, &all);
    check_all(&all, n.text);
    arena_free(a);
    return 0;
}
