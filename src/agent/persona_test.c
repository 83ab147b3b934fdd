// SPDX-License-Identifier: Apache-2.0
#include "agent/test_turn.h"

#include "agent/persona.h"
#include "config/config.h"
#include "model/tokens.h"

static void write_file(struct scene *s, const char *name, const char *text)
{
    FILE *f = fopen(home_path(&s->home, name), "w");

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static const char *many_lines(struct scene *s, const char *line, size_t n)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s %zu\n", line, i);
    return arena_c(s->home.arena, buf_str(&b));
}

TEST(the_files_of_the_workspace_share_the_system_prompt)
{
    struct scene s;

    scene_start(&s, NULL, 0);
    struct turn t = scene_turn(&s, "hi");

    write_file(&s, "AGENTS.md", "Be kind.");
    write_file(&s, "USER.md", many_lines(&s, "the user likes a long walk in the morning,", 2000));
    write_file(&s, "MEMORY.md", many_lines(&s, "it is remembered that it rained on day", 2000));
    str prompt = persona_prompt(&t, NULL, 0);

    CHECK(tokens_in(prompt) <= 4000 && tokens_in(prompt) > 3500);
    CHECK(str_starts(prompt, S("You are Clawdbot")) && str_find(prompt, S("You have no tools here.")) != STR_NONE);
    CHECK(str_find(prompt, S("# AGENTS.md\nBe kind.\n")) != STR_NONE);
    CHECK(str_find(prompt, S("[the rest of USER.md is left out: persona.tokens]")) != STR_NONE);
    CHECK(str_find(prompt, S("it is remembered that it rained on day 0\n")) != STR_NONE);
    CHECK(str_find(prompt, S("\n\nToday is ")) != STR_NONE);
    CHECK(str_eq(prompt, persona_prompt(&t, NULL, 0)));
    t.person.role = S("guest");
    CHECK(str_find(persona_prompt(&t, NULL, 0), S("Be kind")) == STR_NONE);
    scene_end(&s);
}

TEST(the_system_prompt_is_in_the_language_in_which_the_conversation_began)
{
    const char *replies[] = { TEXT("a"), TEXT("b"), TEXT("c") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    scene_say(&s, "你好");
    CHECK(scene_asked(&s, "你是 Clawdbot") && scene_asked(&s, "你的工具：exec"));
    scene_say(&s, "thanks");
    CHECK(scene_asked(&s, "你是 Clawdbot"));
    scene_end(&s);
}
