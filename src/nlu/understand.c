// SPDX-License-Identifier: Apache-2.0
#include "nlu/understand.h"

#include <string.h>

#include "nlu/bind.h"

/* The text without what fills slots: their words mean nothing about what is asked. */
static str without_slots(struct arena *a, const struct understanding *u)
{
    char *text = arena_c(a, u->normal.text);

    for (size_t i = 0; i < u->classified.n_tags; i++)
        memset(text + u->classified.tags[i].start, ' ', u->classified.tags[i].end - u->classified.tags[i].start);
    return str_of(text, u->normal.text.len);
}

void understand(struct arena *a, const struct nlu_context *c, str text, struct understanding *out)
{
    struct understanding u = { 0 };

    normal_make(a, str_take(text, UNDERSTAND_MAX + 1), &u.normal);
    if (text.len <= UNDERSTAND_MAX) {
        entities_find(a, c, &u.normal, &u.entities);
        classify(a, &u.normal, &u.entities, &u.classified);
        u.intent = intent_find(u.classified.best[0].intent);
        u.confidence = u.classified.best[0].probability;
        bind_slots(a, c, &u);
        u.guard = guard_of(without_slots(a, &u));
    }
    u.sure = u.intent && u.classified.sure && u.guard == GUARD_NONE && bind_is_complete(&u);
    *out = u;
}

json_t *understanding_values(const struct understanding *u)
{
    json_t *j = json_object();

    for (size_t i = 0; i < u->n_slots; i++)
        json_object_setn(j, u->slots[i].slot->name.p, u->slots[i].slot->name.len, u->slots[i].value);
    return j;
}
