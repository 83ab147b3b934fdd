// SPDX-License-Identifier: Apache-2.0
#include "nlu/intent.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "base/log.h"
#include "config/yaml_json.h"

extern const struct embedded_file nlu_intents[];

/* As help shows them. */
static const char *const order[] = {
    "files", "run", "git", "logs", "services", "system", "backup", "organize", "time", "memory", "assistant",
};

/* The trees stay: the texts of the intents are theirs. */
static struct {
    struct arena *arena;
    struct intent_group groups[N_ELEMENTS(order)];
    json_t *trees[N_ELEMENTS(order)];
} all;

static struct bilingual bilingual_at(const json_t *j, const char *key)
{
    const json_t *of = json_at(j, key);

    return (struct bilingual){ json_text_str(of, "en"), json_text_str(of, "zh") };
}

static void read_intent(str group, const char *name, const json_t *j, struct intent *out)
{
    struct slot *to = arena_alloc(all.arena, INTENT_SLOTS_MAX * sizeof *to);
    json_t *slots = json_at(j, "slots"), *slot;
    str as = json_text_str(j, "as");
    const char *key;

    *out = (struct intent){ .name = str_from(name), .group = group, .as = as.len ? as : str_from(name),
                            .summary = bilingual_at(j, "summary"), .say = bilingual_at(j, "say"), .slots = to, .plan = json_at(j, "plan") };
    json_object_foreach(slots, key, slot)
        if (out->n_slots < INTENT_SLOTS_MAX)
            to[out->n_slots++] = (struct slot){ str_from(key), json_text_str(slot, "type"), json_flag(slot, "required"),
                                                bilingual_at(slot, "ask") };
}

static void read_group(const char *name, struct intent_group *out, json_t **ret_tree)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    char *file = arena_printf(a, "%s.yaml", name);
    struct node *root;

    if (yaml_parse(a, embedded_named(nlu_intents, str_from(file)), &root) != OK) {
        log_event(LOG_ERROR, "nlu.intents", F("file", file), F("error", failed_text()));
        abort();            /* it is a part of the program */
    }
    json_t *tree = *ret_tree = node_to_json(root), *intents = json_at(tree, "intents"), *j;
    struct intent *to = arena_alloc(all.arena, json_object_size(intents) * sizeof *to);
    const char *key;

    *out = (struct intent_group){ str_from(name), bilingual_at(tree, "title"), to, 0 };
    json_object_foreach(intents, key, j)
        read_intent(out->name, key, j, &to[out->n++]);
}

static void read_all(void)
{
    all.arena = arena_new();
    for (size_t i = 0; i < N_ELEMENTS(order); i++)
        read_group(order[i], &all.groups[i], &all.trees[i]);
}

const struct intent_group *intent_groups(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_all);
    *ret_n = N_ELEMENTS(order);
    return all.groups;
}

const struct intent *intent_find(str name)
{
    size_t n;
    const struct intent_group *g = intent_groups(&n);

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < g[i].n; k++)
            if (str_eq(g[i].intents[k].name, name))
                return &g[i].intents[k];
    return NULL;
}

const struct slot *intent_slot(const struct intent *in, str name)
{
    for (size_t i = 0; i < in->n_slots; i++)
        if (str_eq(in->slots[i].name, name))
            return &in->slots[i];
    return NULL;
}
