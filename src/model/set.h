// SPDX-License-Identifier: Apache-2.0
/* set.h: all models of a configuration, by role, and by name when somebody asks for one.  A model that was made once stays in
 * its set, so that what was learned of it (quirks, failures) is kept. */
#pragma once
#include "base/map.h"
#include "config/config.h"
#include "model/detect.h"
#include "model/local_server.h"

/* What a configuration says of models.  Borrowed: it has to live as long as the set. */
struct model_set_settings {
    struct model_settings single;                   /* model_provider */
    const json_t         *providers, *facts;        /* models.providers, models.facts; NULL: none */
    bool                  has_local;                /* model.engine */
    struct local_server_settings local;
    struct local_server  *local_server;             /* who runs it; NULL: nobody, and it cannot be asked */
    struct string_list    roles[N_MODEL_ROLES];     /* models.main, ...: "provider/model", in the order of asking */
    struct string_list    canary;                   /* models.canary.main */
};
void model_set_settings_now(struct model_set_settings *);      /* of config_now() */

struct model_set {
    struct model_route routes[N_MODEL_ROLES];       /* n is 0: there is none for that */
    struct model_route canary;                      /* what some conversations ask before main; n is 0: nothing */
    /* private */
    struct arena      *arena;
    struct model_set_settings settings;
    struct account_node *accounts;
    struct model      *local;                       /* NULL: none */
    struct map         models;                      /* struct model by label */
};

const char *model_role_name(enum model_role);       /* "main", as in models.main */

/* Every mistake in the settings that can be seen without asking anybody: ERR_INPUT, or ERR_AUTH for a key that is missing; the
 * text says where it stands, and what may be meant. */
enum err model_set_check(const struct model_set_settings *) MUST_USE;
/* main without a setting is model_provider and then the local model, or the one of them that is set, or else what model_find() finds;
 * fast and vision are main then, the others are none.  The set lives in the arena, and so do its models.  Errors as of
 * model_set_check() and model_find(). */
enum err model_set_open(struct arena *, const struct model_set_settings *, struct model_set **out) AWAITS MUST_USE;
/* The model of a label, "provider/model": one of the set, or made now; "local" is the one that we run.  ERR_NOT_FOUND: there is no
 * such provider; ERR_AUTH: it has no key; ERR_INPUT: that is no label. */
enum err model_set_get(struct model_set *, str label, struct model **out) MUST_USE;
/* What somebody chose: a label, or a name of the main model's server, which may have a '/' in it too. */
enum err model_set_find(struct model_set *, str name, struct model **out) MUST_USE;
/* Another model of the server that `m` is on.  ERR_NOT_FOUND: the local one has no other. */
enum err model_set_get_beside(struct model_set *, const struct model *m, str name, struct model **out) MUST_USE;
/* The names that the server of `m` has: those that the owner lists for it, or what it says itself (model_list()). */
enum err model_set_list(struct model_set *, struct arena *, const struct model *m, const char ***ret_names, size_t *ret_n) AWAITS MUST_USE;
