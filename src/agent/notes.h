// SPDX-License-Identifier: Apache-2.0
/* notes.h: what a conversation keeps in view, word for word, however long it gets: what people pinned, and the model's plan.
 *
 * Models are shown it behind all messages: there it changes nothing of the beginning of the prompt, which stays in providers'
 * caches.  /new puts it behind, too. */
#pragma once
#include "base/json.h"
#include "store/store.h"

enum { PINS_MAX = 20, PIN_MAX_BYTES = 4000, STEPS_MAX = 40, STEP_MAX_BYTES = 500 };

struct pin { int64_t id; str text, user_id, taint; };
enum step_state { STEP_TODO, STEP_DOING, STEP_DONE, STEP_DROPPED };
struct step { str text; enum step_state state; };

struct notes {
    const struct pin  *pins;
    size_t             n_pins;
    const struct step *steps;
    size_t             n_steps;
    str                plan_taint;
};

enum err    notes_read(struct store *, struct arena *, str session_id, struct notes *out) AWAITS MUST_USE;
/* As a model reads it; "" when there is nothing. */
str         notes_text(struct arena *, const struct notes *);
/* Whose words are in it besides those of whoever asks now; "": nobody's. */
str         notes_taint(struct arena *, const struct notes *, str user_id);

const char *step_state_name(enum step_state);       /* todo, doing, done, dropped */
/* [{"step", "state"}], as it is stored and as the model writes it; ERR_INPUT says what is wrong with which step. */
enum err    steps_parse(struct arena *, const json_t *, const struct step **out, size_t *n) MUST_USE;
json_t     *steps_to_json(const struct step *, size_t n);
/* A line each: "- [x] text". */
void        steps_describe(struct buf *, const struct step *, size_t n);
