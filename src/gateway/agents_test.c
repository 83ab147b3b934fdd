// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "channel/registry.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/test_scene.h"
#include "gateway/tool_host.h"
#include "tool/provenance.h"

static enum err read_rows(struct arena *a, const char *text, struct agent_list *out)
{
    CLEANUP(json_decrefp) json_t *rows = NULL;

    CHECK_OK(json_parse(str_from(text), &rows));
    CHECK_OK(config_load_for_test("/home/x", (const char *[]){ NULL }));
    gateway_register_tools();
    return agents_read(a, rows, "/home/x", out);
}

TEST(an_agent_has_what_the_configuration_says_and_defaults_for_the_rest)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct agent_list all;

    CHECK_OK(read_rows(a, "[{\"name\":\"coder\"},{\"name\":\"clerk\",\"persona\":\"You file.\",\"model\":\"b/c\",\"tools\":[\"read_file\"],"
                          "\"workspace\":\"/srv/clerk\",\"routes\":[{\"platform\":\"telegram\",\"user\":\"42\"}]}]", &all));
    CHECK_INT(all.n, 2);
    CHECK_STR(str_from(all.agents[0].workspace), "/home/x/agents/coder/workspace");
    CHECK_INT(all.agents[0].tools.n + all.agents[0].models.n + all.agents[0].n_routes, 0);
    CHECK_STR(str_from(all.agents[1].workspace), "/srv/clerk");
    CHECK_STR(str_from(all.agents[1].models.items[0]), "b/c");
    CHECK_STR(all.agents[1].routes[0].user, "42");
    CHECK_OK(agents_read(a, NULL, "/home/x", &all));
    CHECK_INT(all.n, 0);
    char path[] = "/tmp/clawdbot-persona-XXXXXX";
    int fd = mkstemp(path);

    CHECK(fd >= 0 && write(fd, "You file.", 9) == 9 && close(fd) == 0);
    CHECK_OK(read_rows(a, arena_printf(a, "[{\"name\":\"clerk\",\"persona\":{\"file\":\"%s\"}}]", path), &all));
    CHECK_STR(all.agents[0].persona, "You file.");
    CHECK(unlink(path) == 0);
}

TEST(a_mistake_is_told_with_its_place_and_what_may_be_meant)
{
    static const struct { const char *rows, *want; } cases[] = {
        { "{}", "agents: a list of maps is wanted, such as [{name: coder, tools: [read_file]}]" },
        { "[1]", "agents[0]: a map is wanted" },
        { "[{\"nam\":\"x\"}]", "agents[0]: there is no 'nam' here (did you mean name?)" },
        { "[{\"name\":\"a b\"}]", "agents[0].name: 1 to 32 letters, digits, '-' and '_' are wanted, and not the word default" },
        { "[{\"name\":\"../x\"}]", "agents[0].name: 1 to 32 letters, digits, '-' and '_' are wanted, and not the word default" },
        { "[{\"name\":\"default\"}]", "agents[0].name: 1 to 32 letters, digits, '-' and '_' are wanted, and not the word default" },
        { "[{\"name\":\"a\"},{\"name\":\"a\"}]", "agents[1].name: agents[0] has this name too" },
        { "[{\"name\":\"a\",\"tools\":[\"read_fil\"]}]", "agents[0].tools[0]: there is no tool 'read_fil' (did you mean read_file?)" },
        { "[{\"name\":\"a\",\"persona\":{\"fil\":\"/x\"}}]", "agents[0].persona: there is no 'fil' here (did you mean file?)" },
        { "[{\"name\":\"a\",\"persona\":{\"file\":\"/no/such\"}}]", "agents[0].persona.file: /no/such: No such file or directory" },
        { "[{\"name\":\"a\",\"persona\":{\"file\":\"x\"}}]", "agents[0].persona.file: an absolute path is wanted" },
        { "[{\"name\":\"a\",\"persona\":3}]", "agents[0].persona: a text is wanted; put numbers in quotes" },
        { "[{\"name\":\"a\",\"tools\":[]}]", "agents[0].tools: the list is empty; leave it out for all" },
        { "[{\"name\":\"a\",\"model\":[3]}]", "agents[0].model: a list of names is wanted" },
        { "[{\"name\":\"a\",\"workspace\":\"x\"}]", "agents[0].workspace: an absolute path is wanted" },
        { "[{\"name\":\"a\",\"routes\":[{}]}]", "agents[0].routes[0]: platform, chat or user is wanted" },
        { "[{\"name\":\"a\",\"routes\":[{\"chat\":\"1\"}]}]", "agents[0].routes[0]: a chat and a user are some platform's: platform is wanted too" },
        { "[{\"name\":\"a\",\"routes\":[{\"platform\":\"t\",\"chat\":1}]}]", "agents[0].routes[0].chat: a text is wanted; put numbers in quotes" },
        { "[{\"name\":\"a\",\"routes\":[{\"platfrom\":\"t\"}]}]", "agents[0].routes[0]: there is no 'platfrom' here (did you mean platform?)" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct agent_list all;

        CHECK_INT(read_rows(a, cases[i].rows, &all), ERR_INPUT);
        CHECK_STR(str_from(failed_text()), cases[i].want);
    }
}

#define AGENTS "[{name: coder, persona: You write code., tools: [read_file], routes: [{platform: fake, chat: work}]}, {name: clerk}]"

static void start(struct scene *s) AWAITS
{
    scene_start_with(s, 100, "agents=" AGENTS, NULL);
    scene_pair(s, "owner");
    scene_restart(s, 100);
}

static str say_in(struct scene *s, const char *chat, const char *text) AWAITS
{
    struct channel_host host = { .arg = &s->gateway, .channel = channel_find(S("fake")) };
    struct message m = { .platform = S("fake"), .chat_id = str_from(chat), .user_id = S("owner"), .text = str_from(text) };

    CHECK_OK(intake_channel(&host, &m, 1));
    scene_settle(s);
    return scene_replies(s);
}

TEST(a_chat_is_answered_by_the_agent_of_its_route_with_its_persona_tools_and_workspace)
{
    struct scene s;
    struct stat st;
    struct rows r;

    start(&s);
    say_in(&s, "work", "hello");
    CHECK(str_find(buf_str(&s.asked), S("You write code.")) != STR_NONE);
    CHECK(str_find(buf_str(&s.asked), S("agents/coder/workspace")) != STR_NONE);
    CHECK(str_find(buf_str(&s.asked), S("\"read_file\"")) != STR_NONE);
    CHECK(str_find(buf_str(&s.asked), S("\"exec\"")) == STR_NONE);
    CHECK(stat(home_path(&s.home, "agents/coder/workspace"), &st) == 0 && (st.st_mode & 0777) == 0700);
    say_in(&s, "elsewhere", "hello");
    CHECK(str_find(buf_str(&s.asked), S("You write code.")) == STR_NONE);
    CHECK(str_find(buf_str(&s.asked), S("\"exec\"")) != STR_NONE);
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "session.list", "ci", "", (int64_t)10));
    CHECK_INT(r.n, 2);
    scene_end(&s);
}

TEST(a_tool_that_an_agent_does_not_have_does_not_run_though_its_model_asks_for_it)
{
    static const struct scripted script[] = { { "make it", MODEL_CALLS("c1", "write_file", "{\\\"path\\\":\\\"x\\\",\\\"content\\\":\\\"y\\\"}") },
                                              { NULL, NULL } };
    struct scene s;

    start(&s);
    s.script = script;
    CHECK(str_find(say_in(&s, "work", "make it"), S("not allowed: this agent does not have that tool")) != STR_NONE);
    CHECK(access(home_path(&s.home, "agents/coder/workspace/x"), F_OK) != 0);
    scene_end(&s);
}

TEST(who_answers_in_a_chat_is_chosen_by_a_command_and_kept)
{
    struct scene s;

    start(&s);
    CHECK(str_ends(say_in(&s, "home", "/agent"), S("`default` answers here. There are:\n- `default`\n- `coder`\n- `clerk`")));
    CHECK(str_ends(say_in(&s, "home", "/agent codr"), S("There is no agent of that name. Did you mean `coder`?")));
    CHECK(str_ends(say_in(&s, "home", "/agent coder"), S("All right: `coder` answers here now.")));
    say_in(&s, "home", "hello");
    CHECK(str_find(buf_str(&s.asked), S("You write code.")) != STR_NONE);
    scene_restart(&s, 100);
    say_in(&s, "home", "hello again");
    CHECK(str_find(buf_str(&s.asked), S("You write code.")) != STR_NONE);
    say_in(&s, "work", "/agent default");           /* its route says coder */
    say_in(&s, "work", "hello");
    CHECK(str_find(buf_str(&s.asked), S("You write code.")) == STR_NONE);
    scene_end(&s);
}

TEST(a_conversation_of_our_own_surfaces_goes_over_to_another_agent_and_begins_anew)
{
    struct scene s;

    start(&s);
    scene_say(&s, SESSION_A, "a secret word");
    scene_say(&s, SESSION_A, "/agent coder");
    scene_say(&s, SESSION_A, "hello");
    scene_settle(&s);
    CHECK(str_find(buf_str(&s.asked), S("You write code.")) != STR_NONE);
    CHECK(str_find(buf_str(&s.asked), S("a secret word")) == STR_NONE);
    scene_end(&s);
}

TEST(a_conversation_whose_agent_is_gone_says_so_and_commands_still_work)
{
    struct scene s;

    start(&s);
    say_in(&s, "work", "hello");
    CHECK_OK(config_load_for_test(s.home.folder, (const char *[]){ "agents=[{name: clerk}]", NULL }));
    CHECK_OK(agents_load(&s.gateway));
    struct message m = { .platform = S("fake"), .chat_id = S("work"), .user_id = S("owner"), .text = S("hello"), .agent = S("coder") };
    struct received r;

    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    scene_settle(&s);
    CHECK(str_find(scene_replies(&s), S("the agent coder of this conversation is not in the configuration any more")) != STR_NONE);
    scene_end(&s);
}

TEST(the_mark_of_a_file_lasts_while_any_workspace_has_it)
{
    struct scene s;

    start(&s);
    CHECK(symlink("nowhere", home_path(&s.home, "agents/coder/workspace/theirs")) == 0);
    CHECK_OK(provenance_mark(S("theirs"), S("a page")));
    CHECK_OK(provenance_prune(s.gateway.workspace));
    CHECK(provenance_of(s.home.arena, "theirs").len);
    CHECK(unlink(home_path(&s.home, "agents/coder/workspace/theirs")) == 0);
    CHECK_OK(provenance_prune(s.gateway.workspace));
    CHECK_INT(provenance_of(s.home.arena, "theirs").len, 0);
    scene_end(&s);
}
