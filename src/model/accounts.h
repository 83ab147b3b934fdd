// SPDX-License-Identifier: Apache-2.0
/* accounts.h: where models are asked and as whom: the entries of models.providers, or a preset whose key is in the environment.
 * Nothing here does I/O; every mistake in an entry is an error that says where it stands and what may have been meant. */
#pragma once
#include "model/model.h"

struct account {
    const char            *name;        /* what stands before the '/' of its models' labels */
    const struct preset   *preset;      /* NULL: none */
    const struct provider *provider;
    struct model_target    target;      /* endpoint may have "{model}" in it */
    const char            *source;      /* for people: "models.providers.x in the configuration" */
    const char           **models;      /* the models that the owner lists; 0: its server is asked */
    size_t                 n_models;
};

/* An entry: {"preset", "endpoint", "api_key", "api", "key_field", "query", "quirks": [...], "models": [...]}.  An entry that is named
 * like a preset is of that preset.  *out borrows from the entry, and else is in the arena.  ERR_INPUT: a mistake in it;
 * ERR_AUTH: it has no key. */
enum err account_of_entry(struct arena *, const char *name, const json_t *entry, struct account *out) MUST_USE;
/* A preset without an entry: its key is in the environment, or it needs none.  ERR_NOT_FOUND: there is no preset of that name. */
enum err account_of_preset(struct arena *, str name, struct account *out) MUST_USE;

/* No '/' at the end, and `path` behind it where it names none, as "/v1".  ERR_INPUT: it is no base URL. */
enum err account_endpoint(struct arena *, const char *written, str path, const char **out) MUST_USE;
/* A model of this account, of which nothing is known but its name.  All of it in the arena. */
void     account_model(struct arena *, const struct account *, str name, struct model *out);
