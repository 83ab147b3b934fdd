// SPDX-License-Identifier: Apache-2.0
/* policy_act.h: what a call would do, piece by piece.  Each piece is decided by itself and the strictest decision is
 * the call's: `git add . && git push` is two acts, `sort a > b` is a command and a write to b. */
#pragma once
#include "tool/policy.h"
#include "tool/shell_words.h"

/* EFFECT(id, "name", "what it is"): a set of them belongs to an act. */
enum effect_place {
#define EFFECT(id, name, doc) EFFECT_PLACE_##id,
#include "tool/policy_effects.def"
#undef EFFECT
    N_EFFECTS
};
enum effect {
#define EFFECT(id, name, doc) EFFECT_##id = 1 << EFFECT_PLACE_##id,
#include "tool/policy_effects.def"
#undef EFFECT
};
extern const char *const effect_names[N_EFFECTS];

struct act_path {
    str  path;          /* relative to the workspace; absolute when it is elsewhere */
    bool unsure;        /* it holds ".." or becomes something else in the shell: where it leads is not to be read off it */
    bool whole;         /* it may be about everything below */
};

struct policy_act {
    unsigned           effects;
    const char        *complex;     /* why it is more than words; NULL: it is not */
    const struct shell_word *words; /* the command; n_words 0: it is none */
    size_t             n_words;
    struct act_path   *paths;       /* files it is about, as far as can be told */
    size_t             n_paths;
    bool               guessed;     /* the paths are no more than words that may be files: enough to forbid, not to allow */
    str                host;        /* where it reaches; "": nowhere */
    bool               looks;       /* of a tool that acts and looks: it looks */
};

struct policy_acts { struct policy_act *items; size_t n; };

/* Everything in the arena; at least one. */
struct policy_acts policy_acts_of(struct arena *, const struct policy_facts *);

/* For policy_command.c: adds a file; `effect` (0: none that is known) when it lies in the workspace or in a job's own /tmp,
 * else what it means to do that elsewhere. */
struct act_place { struct arena *arena; const char *workspace; str cwd; bool remote; };
void act_add_path(const struct act_place *, struct policy_act *, const struct shell_word *, unsigned effect);
