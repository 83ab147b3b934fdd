// SPDX-License-Identifier: Apache-2.0
/* Any bytes are understood as something or nothing: values are parts of the text, and a plan can be made of what has no slot missing. */
#include <assert.h>

#include "nlu/plan.h"
#include "nlu/understand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct understanding *u)
{
    str all = u->normal.original;

    for (size_t i = 0; i < u->n_slots; i++) {
        assert(u->slots[i].value && intent_slot(u->intent, u->slots[i].slot->name) == u->slots[i].slot);
        assert(u->slots[i].text.p >= all.p && u->slots[i].text.p + u->slots[i].text.len <= all.p + all.len);
    }
}

static void check_plan(struct arena *a, const struct understanding *u)
{
    CLEANUP(json_decrefp) json_t *values = understanding_values(u);
    struct plan_step step;
    struct plan p;

    json_object_set_new(values, "cwd", json_string("/w"));
    json_object_set_new(values, "zone", json_string("UTC"));
    json_object_set_new(values, "path_name", json_string("x"));
    for (int i = 0; i < 3; i++)
        json_object_set_new(values, (const char *[]){ "test", "build", "lint" }[i], json_string("make"));
    assert(plan_make(a, u->intent, values, &p) == OK);
    assert(plan_step_at(a, &p, 0, &step) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str hosts[] = { S("web-1"), S("db") };
    struct nlu_context c = { .now = INT64_C(1795257600000), .zone = zone_utc(), .project = S("/p"), .last_file = S("/p/a.txt"),
                             .hosts = hosts, .n_hosts = N_ELEMENTS(hosts) };
    struct arena *a = arena_new();
    struct understanding u;

    understand(a, &c, str_of(data, size), &u);
    check_values(&u);
    assert(!u.sure || u.intent);
    if (u.intent && u.missing == NULL)
        check_plan(a, &u);
    arena_free(a);
    return 0;
}
