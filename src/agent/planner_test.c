// SPDX-License-Identifier: Apache-2.0
#include "agent/test_turn.h"

struct plan_of_two { int asked; bool stops_behind_the_first; };

/* Lists the folder, then says what came of it. */
static enum err next(void *arg, struct arena *a, const struct planned *done, struct reply *out)
{
    struct plan_of_two *p = arg;
    struct tool_call *call = ARENA_NEW(a, struct tool_call);

    p->asked++;
    if (done->n_replies == 0) {
        *call = (struct tool_call){ S("step-1"), S("list_dir"), S("{}") };
        *out = (struct reply){ .calls = call, .n_calls = 1, .stop = STOP_CALLS, .kept = S("{\"api\":\"x\",\"items\":[7]}") };
        return OK;
    }
    if (p->stops_behind_the_first)
        return failed(ERR_IO, "stopped");
    CHECK_INT(done->n_results, 1);
    CHECK_STR(done->first->kept, "{\"api\":\"x\",\"items\":[7]}");
    *out = (struct reply){ .text = str_from(arena_printf(a, "it has: %.*s", STR(done->results[0].text))), .stop = STOP_END };
    return OK;
}

static struct turn planned_turn(struct scene *s, const struct planner *p)
{
    struct turn t = scene_turn(s, "list it");

    t.asker = (struct asker){ 0 };
    t.planner = p;
    return t;
}

TEST(a_planner_chooses_the_steps_and_no_model_is_asked)
{
    struct plan_of_two plan = { 0 };
    struct planner planner = { next, &plan };
    struct scene s;

    scene_start(&s, NULL, 0);
    scene_add_message(&s, "list it");
    struct turn t = planned_turn(&s, &planner);

    CHECK_OK(turn_run(&t));
    CHECK(str_starts(t.text, S("it has: ")));
    CHECK_INT(plan.asked, 2);
    scene_end_turn(&s, &t);
    turn_ended(&t);
    CHECK_STR(scene_journal(&s), "reply call result reply");
    scene_end(&s);
}

TEST(a_planned_turn_that_was_cut_goes_on_behind_what_its_journal_has)
{
    struct plan_of_two plan = { .stops_behind_the_first = true };
    struct planner planner = { next, &plan };
    struct scene s;

    scene_start(&s, NULL, 0);
    scene_add_message(&s, "list it");
    struct turn t = planned_turn(&s, &planner);

    CHECK_INT(turn_run(&t), ERR_IO);
    CHECK_STR(scene_journal(&s), "reply call result");
    plan = (struct plan_of_two){ 0 };
    t = planned_turn(&s, &planner);
    CHECK_OK(turn_run(&t));
    CHECK_INT(plan.asked, 1);
    CHECK(str_starts(t.text, S("it has: ")));
    scene_end_turn(&s, &t);
    CHECK_STR(scene_journal(&s), "reply call result reply");
    scene_end(&s);
}
