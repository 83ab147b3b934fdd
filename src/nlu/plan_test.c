// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "nlu/plan.h"

static struct intent intent_of(struct arena *a, const char *plan)
{
    json_t *j = json_loads(plan, JSON_DECODE_ANY, NULL);

    CHECK(j != NULL);
    arena_on_free(a, (void (*)(void *))json_decref, j);
    return (struct intent){ .name = S("x"), .as = S("x"), .plan = j };
}

/* What the first step's arguments become, printed. */
static const char *filled(struct arena *a, const char *plan, const char *values)
{
    struct intent in = intent_of(a, plan);
    CLEANUP(json_decrefp) json_t *v = json_loads(values, 0, NULL);
    struct plan p;
    struct plan_step s;

    CHECK(v != NULL);
    if (plan_make(a, &in, v, &p) != OK || plan_step_at(a, &p, 0, &s) != OK)
        return failed_text();
    return arena_c(a, json_print(a, s.arguments));
}

TEST(arguments_are_filled_with_values_and_never_become_more_than_they_are)
{
    static const struct { const char *arguments, *values, *want; } cases[] = {
        { "{\"command\":\"pytest\",\"cwd\":\"$cwd\"}", "{\"cwd\":\"/projects/my_app\"}",
          "{\"command\":\"pytest\",\"cwd\":\"/projects/my_app\"}" },
        { "{\"argv\":[\"tail\",\"-n\",\"$n|50\",\"--\",\"$path\"]}", "{\"path\":\"a; rm -rf /\"}",
          "{\"argv\":[\"tail\",\"-n\",\"50\",\"--\",\"a; rm -rf /\"]}" },
        { "{\"argv\":[\"tail\",\"-n\",\"$n|50\"]}", "{\"n\":7}", "{\"argv\":[\"tail\",\"-n\",\"7\"]}" },
        { "{\"limit\":\"$n|50\",\"path\":\"$path?\"}", "{}", "{\"limit\":50}" },
        { "{\"at\":\"$time.at\",\"rule\":\"$time.rule?\"}", "{\"time\":{\"at\":\"2026-11-22T09:00\"}}", "{\"at\":\"2026-11-22T09:00\"}" },
        { "{\"command\":{\"line\":[\"grep\",\"--\",\"$q\",\"/var/log/x\"]}}", "{\"q\":\"it's $(id) `x`\"}",
          "{\"command\":\"grep -- 'it'\\\\''s $(id) `x`' /var/log/x\"}" },
        { "{\"command\":{\"line\":[\"ls\",{\"if\":\"all\",\"then\":[\"-a\",\"$all\"]},\"$path?\"]}}", "{\"all\":\"é\"}",
          "{\"command\":\"ls -a 'é'\"}" },
        { "{\"command\":{\"line\":[\"x\",\"$e|\",\"$n\"]}}", "{\"n\":-3}", "{\"command\":\"x '' -3\"}" },
        { "{\"to\":{\"join\":[\"backups/\",\"$name\",\".tar.gz\"]}}", "{\"name\":\"a\"}", "{\"to\":\"backups/a.tar.gz\"}" },
        { "{\"text\":\"$$5\",\"flag\":true,\"n\":3}", "{}", "{\"text\":\"$5\",\"flag\":true,\"n\":3}" },
        { "{\"path\":\"$path|$cwd\"}", "{\"cwd\":\"/w\"}", "{\"path\":\"/w\"}" },
        { "{\"x\":\"$none\"}", "{}", "x needs a value for none" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        char *plan = arena_printf(a, "{\"tool\":\"t\",\"arguments\":%s}", cases[i].arguments);

        CHECK_STR(str_from(filled(a, plan, cases[i].values)), cases[i].want);
    }
}

TEST(the_first_alternative_whose_conditions_hold_is_taken)
{
    static const char *const plan = "[{\"if\":[\"host\",\"!local\"],\"tool\":\"ssh\",\"arguments\":{\"n\":1}},"
                                    "{\"if\":[\"local\"],\"tool\":\"exec\",\"arguments\":{\"n\":2}}]";
    static const struct { const char *values, *want; } cases[] = {
        { "{\"host\":\"web-1\"}", "{\"n\":1}" },
        { "{\"host\":\"\",\"local\":true}", "{\"n\":2}" },
        { "{\"host\":\"a\",\"local\":true}", "{\"n\":2}" },
        { "{\"local\":false}", "there is nothing to be done about x in this way" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_STR(str_from(filled(a, plan, cases[i].values)), cases[i].want);
    }
}

TEST(a_later_step_uses_what_the_one_before_brought_also_when_the_plan_was_kept_meanwhile)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct intent in = intent_of(a, "{\"steps\":[{\"tool\":\"find\",\"arguments\":{}},"
                                    "{\"tool\":\"remove\",\"arguments\":{\"files\":\"$found\"},\"show\":\"text\",\"title\":{\"en\":\"Gone:\"}}]}");
    CLEANUP(json_decrefp) json_t *values = json_object();
    struct plan p, again;
    struct plan_step s;

    CHECK_OK(plan_make(a, &in, values, &p));
    CHECK_INT(p.n_steps, 2);
    CLEANUP(json_decrefp) json_t *kept = plan_to_json(&p);

    CHECK_OK(plan_from_json(a, kept, &again));
    plan_add_result(&again, S("a.tmp\n\nb.tmp\n"));
    CHECK_OK(plan_step_at(a, &again, 1, &s));
    CHECK_STR(s.name, "remove");
    CHECK_STR(json_print(a, s.arguments), "{\"files\":[\"a.tmp\",\"b.tmp\"]}");
    CHECK(plan_shown(&again).as_text);
    CHECK_STR(plan_shown(&again).title.en, "Gone:");
}

TEST(every_intent_has_a_name_a_summary_in_both_languages_and_slots_that_can_be_asked_for)
{
    size_t n;
    const struct intent_group *g = intent_groups(&n);
    size_t intents = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < g[i].n; k++) {
            const struct intent *in = &g[i].intents[k];

            CHECK(in->summary.en.len && in->summary.zh.len);
            CHECK(intent_find(in->name) == in);
            intents++;
        }
    CHECK(intents >= 60);
}
