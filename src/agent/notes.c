// SPDX-License-Identifier: Apache-2.0
#include "agent/notes.h"

#include "base/utf8.h"

static const struct { const char *name, *mark; } states[] = {
    [STEP_TODO] = { "todo", " " }, [STEP_DOING] = { "doing", ">" }, [STEP_DONE] = { "done", "x" }, [STEP_DROPPED] = { "dropped", "-" },
};

const char *step_state_name(enum step_state s)
{
    return states[s].name;
}

static enum err parse_step(struct arena *a, const json_t *j, size_t number, struct step *out)
{
    str text = str_trim(json_text_str(j, "step")), state = json_text_str(j, "state");

    if (text.len == 0 || text.len > STEP_MAX_BYTES)
        return failed(ERR_INPUT, "step %zu: its text has to have 1 to %d bytes", number, STEP_MAX_BYTES);
    for (size_t i = 0; i < N_ELEMENTS(states); i++)
        if (str_eq(state, str_from(states[i].name))) {
            *out = (struct step){ arena_str(a, text), (enum step_state)i };
            return OK;
        }
    return failed(ERR_INPUT, "step %zu: its state has to be todo, doing, done or dropped", number);
}

enum err steps_parse(struct arena *a, const json_t *list, const struct step **out, size_t *n)
{
    size_t count = json_array_size(list);
    struct step *steps = arena_alloc(a, count * sizeof *steps);

    if (!json_is_array(list))
        return failed(ERR_INPUT, "the steps have to be a list");
    if (count > STEPS_MAX)
        return failed(ERR_INPUT, "a plan has at most %d steps", STEPS_MAX);
    for (size_t i = 0; i < count; i++)
        TRY(parse_step(a, json_array_get(list, i), i + 1, &steps[i]));
    *out = steps;
    *n = count;
    return OK;
}

json_t *steps_to_json(const struct step *steps, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:o, s:s}", "step", json_from_str(steps[i].text),
                                              "state", step_state_name(steps[i].state)));
    return list;
}

void steps_describe(struct buf *b, const struct step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addf(b, "- [%s] %.*s\n", states[steps[i].state].mark, STR(steps[i].text));
}

static struct pin *pins_of(struct arena *a, const struct rows *r)
{
    struct pin *pins = arena_alloc(a, r->n * sizeof *pins);

    for (size_t i = 0; i < r->n; i++)
        pins[i] = (struct pin){ row_int(r, i, 0), row_str(r, i, 1), row_str(r, i, 2), row_str(r, i, 3) };
    return pins;
}

enum err notes_read(struct store *store, struct arena *a, str session_id, struct notes *out)
{
    CLEANUP(json_decrefp) json_t *steps = NULL;
    struct batch *b = batch_new(a);

    batch_add(b, "notes.pins", "s", session_id);
    batch_add(b, "notes.plan", "s", session_id);
    TRY(store_query(store, b));
    const struct rows *plan = batch_rows(b, 1);

    *out = (struct notes){ .pins = pins_of(a, batch_rows(b, 0)), .n_pins = batch_rows(b, 0)->n, .plan_taint = S("") };
    if (plan->n == 0)
        return OK;
    out->plan_taint = row_str(plan, 0, 1);
    TRY(json_parse(row_str(plan, 0, 0), &steps));
    return steps_parse(a, steps, &out->steps, &out->n_steps);
}

str notes_text(struct arena *a, const struct notes *n)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (n->n_pins == 0 && n->n_steps == 0)
        return S("");
    buf_add(&b, S("[Kept in view by the assistant's own program; nobody says this now.\n"));
    if (n->n_pins)
        buf_add(&b, S("Pinned:\n"));
    for (size_t i = 0; i < n->n_pins; i++)
        buf_addf(&b, "%zu. %.*s\n", i + 1, STR(n->pins[i].text));
    if (n->n_steps)
        buf_add(&b, S("The plan (keep it up to date with the tool plan):\n"));
    steps_describe(&b, n->steps, n->n_steps);
    b.p[b.len - 1] = ']';
    return arena_str(a, buf_str(&b));
}

str notes_taint(struct arena *a, const struct notes *n, str user_id)
{
    for (size_t i = 0; i < n->n_pins; i++) {
        const struct pin *p = &n->pins[i];

        if (p->taint.len)
            return p->taint;
        if (p->user_id.len && !str_eq(p->user_id, user_id))
            return str_from(arena_printf(a, "words of %.*s", STR(p->user_id)));
    }
    return n->n_steps ? n->plan_taint : S("");
}
