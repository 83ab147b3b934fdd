// SPDX-License-Identifier: Apache-2.0
#include "gateway/absorb.h"

#include "base/test.h"
#include "gateway/absorb_model.h"
#include "gateway/test_scene.h"
#include "memory/memory.h"

/* "exchange: a / fact: b": all that is remembered of the owner, oldest first. */
static str remembered(struct scene *s)
{
    struct arena *a = s->home.arena;
    struct scope owner = { SCOPE_USER, S("owner") };
    struct memory_filter f = { .scopes = &owner, .n_scopes = 1, .limit = 100 };
    const struct memory_item *items;
    CLEANUP(buf_done) struct buf b = { 0 };
    size_t n;

    CHECK_OK(memory_list(s->gateway.memory, a, &f, &items, &n));
    for (size_t i = n; i-- > 0; )
        buf_addf(&b, "%s%s: %.*s", b.len ? " / " : "", item_kind_name(items[i].kind), STR(items[i].text));
    return arena_str(a, buf_str(&b));
}

TEST(a_conversation_is_taken_in_once)
{
    struct scene s;
    size_t n;

    scene_start_with(&s, 4, "memory.absorb.model=false", NULL);
    scene_say(&s, SESSION_A, "Remember that the gate code is 4711. What is the time?");
    scene_say(&s, SESSION_A, "/help");
    scene_settle(&s);
    CHECK_OK(absorb_session(&s.gateway, S(SESSION_A), &n));
    CHECK_INT(n, 2);
    CHECK_STR(remembered(&s), "fact: the gate code is 4711. / exchange: Remember that the gate code is 4711. What is the time?\n\n"
                              "> echo: Remember that the gate code is 4711. What is the time?");
    CHECK_OK(absorb_session(&s.gateway, S(SESSION_A), &n));
    CHECK_INT(n, 0);
    scene_restart(&s, 4);
    scene_say(&s, SESSION_A, "我不喜欢香菜。");
    scene_settle(&s);
    CHECK_OK(absorb_session(&s.gateway, S(SESSION_A), &n));
    CHECK_INT(n, 1);
    CHECK(str_find(remembered(&s), S("preference: 我不喜欢香菜。")) != STR_NONE);
    scene_end(&s);
}

TEST(the_model_says_what_is_worth_keeping_and_the_rules_where_it_fails)
{
    static const struct scripted script[] = {
        { "Known already", "{\"choices\":[{\"delta\":{\"content\":\"{\\\"memories\\\":[{\\\"kind\\\":\\\"project\\\",\\\"text\\\":\\\"The owner "
          "builds a boat\\\",\\\"importance\\\":0.9,\\\"replaces\\\":0,\\\"days\\\":0}]}\"},\"finish_reason\":\"stop\"}]}" },
        { NULL, NULL },
    };
    struct scene s;
    size_t n;

    scene_start(&s, 4);
    s.script = script;
    scene_say(&s, SESSION_A, "I prefer oak. The boat needs planks.");
    scene_settle(&s);
    CHECK_OK(absorb_session(&s.gateway, S(SESSION_A), &n));
    CHECK(str_starts(remembered(&s), S("project: The owner builds a boat / exchange: ")));
    s.script = NULL;        /* it echoes: no findings */
    scene_say(&s, SESSION_A, "I prefer oak, not ash");
    scene_settle(&s);
    CHECK_OK(absorb_session(&s.gateway, S(SESSION_A), &n));
    CHECK(str_find(remembered(&s), S("preference: I prefer oak, not ash")) != STR_NONE);
    scene_end(&s);
}

TEST(what_rests_is_taken_in_by_itself_and_a_restart_goes_on_behind_it)
{
    struct scene s;
    struct rows r;

    scene_start_with(&s, 4, "memory.absorb.model=false", "memory.absorb.after=1ms");
    scene_say(&s, SESSION_A, "I prefer tea.");
    scene_settle(&s);
    for (int i = 0; i < 2; i++) {
        struct fiber *f = fiber_spawn("absorb", absorb_run, &s.gateway);

        UNTIL(str_find(remembered(&s), S("preference: I prefer tea.")) != STR_NONE);
        do
            CHECK_OK(store_read(s.gateway.memory_store, s.home.arena, &r, "memory_meta.get", "c", "absorb.seen"));
        while (r.n == 0);
        fiber_cancel(f);
        CHECK_ERR(fiber_join(f), ERR_CANCELLED);
        scene_restart(&s, 4);
    }
    CHECK(str_ends(row_str(&r, 0, 0), S(SESSION_A)));
    scene_end(&s);
}

TEST(findings_of_a_model_are_checked)
{
    static const struct { const char *answer, *want; } cases[] = {
        { "{\"memories\":[]}", "" },
        { "Sure:\n```json\n{\"memories\":[{\"kind\":\"fact\",\"text\":\"Anna lives in Graz\",\"importance\":7,\"replaces\":1,\"days\":2}]}\n```",
          "fact Anna lives in Graz 1.0 replaces 77 until 172801000|" },
        { "{\"memories\":[{\"kind\":\"fact\",\"text\":\"  \"},{\"kind\":\"exchange\",\"text\":\"not a kind for it\"},"
          "{\"kind\":\"task\",\"text\":\"Call Bob\",\"replaces\":9,\"days\":-4}, 5, null]}", "task Call Bob 0.5 replaces 0 until 0|" },
        { "no", "error" }, { "", "error" }, { "{\"memories\":{}}", "error" }, { "}{", "error" },
    };
    static const struct memory_item known[] = { { .id = 77 } };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };
        struct finding *f;
        size_t n = 0;

        if (absorb_read_findings(a, str_from(cases[i].answer), known, 1, 1000, &f, &n))
            buf_addf(&got, "error");
        for (size_t k = 0; k < n; k++)
            buf_addf(&got, "%s %.*s %.1f replaces %d until %lld|", item_kind_name(f[k].item.kind), STR(f[k].item.text), f[k].item.importance,
                     (int)f[k].replaces, (long long)f[k].item.expires_at);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}
