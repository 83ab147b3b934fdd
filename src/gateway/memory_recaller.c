// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_recaller.h"

#include "config/config.h"
#include "gateway/memory_scopes.h"

static enum err ask_memory(void *memory, struct arena *a, const struct recall_query *q, struct recall_result *out) AWAITS
{
    return recall(memory, a, q, out);
}

/* The notes of the agent's own workspace, which are the owner's; of other knowledge the model asks (memory_search). */
static const str *own_notes(struct arena *a, const struct memory_scopes *s)
{
    str *name = ARENA_NEW(a, str);

    *name = S("workspace");
    for (size_t i = 0; i < s->n; i++)
        if (s->visible[i].kind == SCOPE_AGENT && s->visible[i].key.len)
            *name = str_from(arena_printf(a, "workspace-%.*s", STR(s->visible[i].key)));
    return name;
}

enum err memory_recaller_of(struct gateway *g, struct arena *a, str session_id, const struct person *person, const struct recaller **out)
{
    struct recaller *r = ARENA_NEW(a, struct recaller);
    struct memory_scopes s;

    *out = NULL;
    if (g->memory == NULL)
        return OK;
    TRY(memory_scopes_of(g, a, session_id, person, &s));
    if (!s.recall)
        return OK;
    *r = (struct recaller){ .recall = ask_memory, .arg = g->memory, .scopes = s.visible, .n_scopes = s.n,
                            .collections = own_notes(a, &s), .n_collections = 1,
                            .items = config_now()->memory_recall_items, .tokens = config_now()->memory_recall_tokens };
    *out = r;
    return OK;
}
