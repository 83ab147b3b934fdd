// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "memory/memory_internal.h"

static void set_embedder(struct memory *m, const struct embedder *e)
{
    free(m->label);
    m->label = str_dup_c(str_from(e->label ? e->label : ""));
    m->embedder = *e;
    m->embedder.label = m->label;
}

enum err memory_open(const struct memory_options *o, struct memory **out)
{
    struct memory *m = NEW(struct memory);

    m->store = o->store;
    m->text.store = o->store;
    m->folder = str_dup_c(str_from(o->folder));
    set_embedder(m, &o->embedder);
    *out = m;
    return OK;
}

void memory_close(struct memory *m)
{
    if (m == NULL)
        return;
    partitions_forget(m);
    text_done(&m->text);
    free(m->folder);
    free(m->label);
    free(m);
}

void memory_changed(struct memory *m)
{
    m->changes++;
    wake_all(&m->changed);
}

struct store *memory_store(struct memory *m)
{
    return m->store;
}

struct text *memory_text(struct memory *m)
{
    return &m->text;
}

const struct embedder *memory_embedder(const struct memory *m)
{
    return &m->embedder;
}
