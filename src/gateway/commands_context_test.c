// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/policy_rules.h"
#include "gateway/test_scene.h"
#include "gateway/tool_host.h"

static void start(struct scene *s) AWAITS
{
    scene_start(s, 10);
    gateway_register_tools();
    CHECK_OK(policy_rules_load(&s->gateway));
}

static str said(struct scene *s, const char *text) AWAITS
{
    size_t before = scene_replies(s).len;

    scene_say(s, SESSION_A, text);
    scene_settle(s);
    return str_skip(scene_replies(s), before ? before + 1 : 0);
}

#define CHECK_SAID(s, text, part) \
    do { str reply_ = said(s, text); if (str_find(reply_, S(part)) == STR_NONE) \
        test_failed(__FILE__, __LINE__, "%s: %.*s", text, STR(reply_)); } while (0)
#define CHECK_ASKED(s, part) CHECK(str_find(buf_str(&(s)->asked), S(part)) != STR_NONE)

TEST(what_is_pinned_is_shown_behind_every_message)
{
    struct scene s;

    start(&s);
    CHECK_SAID(&s, "/pins", "Nothing is pinned.");
    CHECK_SAID(&s, "/pin", "There is nothing to pin.");
    CHECK_SAID(&s, "the door is green", "echo: the door is green");
    CHECK_SAID(&s, "/pin we meet at nine", "Pinned as number 1: we meet at nine");
    CHECK_SAID(&s, "/pin 2", "Pinned as number 2: the door is green");
    CHECK_SAID(&s, "/pin", "Pinned as number 3: echo: the door is green");
    CHECK_SAID(&s, "hello", "echo: ");
    CHECK_ASKED(&s, "Pinned:\\n1. we meet at nine\\n2. the door is green\\n3. echo: the door is green]");
    CHECK_SAID(&s, "/unpin 9", "There is no pin of that number");
    CHECK_SAID(&s, "/unpin 2", "Done");
    CHECK_SAID(&s, "/pins", "1. we meet at nine\n2. echo: the door is green");
    CHECK_SAID(&s, "/new", "afresh");
    CHECK_SAID(&s, "/pins", "Nothing is pinned.");
    scene_end(&s);
}

TEST(a_plan_is_kept_by_the_model_and_shown_to_it)
{
    static const struct scripted script[] = {
        { "begin", MODEL_CALLS("c1", "plan", "{\\\"steps\\\":[{\\\"step\\\":\\\"dig\\\",\\\"state\\\":\\\"done\\\"},"
                                             "{\\\"step\\\":\\\"plant\\\",\\\"state\\\":\\\"doing\\\"}]}") },
        { "wrong", MODEL_CALLS("c2", "plan", "{\\\"steps\\\":[{\\\"step\\\":\\\"\\\",\\\"state\\\":\\\"done\\\"}]}") },
        { NULL,    NULL },
    };
    struct scene s;

    start(&s);
    s.script = script;
    CHECK_SAID(&s, "begin", "echo: ");
    CHECK_ASKED(&s, "The plan (keep it up to date with the tool plan):\\n- [x] dig\\n- [>] plant]");
    CHECK_SAID(&s, "go on", "echo: ");
    CHECK_ASKED(&s, "- [>] plant]");
    CHECK_SAID(&s, "wrong", "echo: ");
    CHECK_ASKED(&s, "step 1: its text has to have 1 to 500 bytes");
    CHECK_SAID(&s, "/pins", "Plan:\n- [x] dig\n- [>] plant");
    CHECK_SAID(&s, "/context", "- pins and plan: ");
    scene_end(&s);
}

TEST(a_conversation_is_summarised_when_a_person_asks_for_it)
{
    struct scene s;

    start(&s);
    CHECK_SAID(&s, "/compact", "There is nothing to summarise.");
    CHECK_SAID(&s, "the door is green", "echo: ");
    CHECK_SAID(&s, "the window is blue", "echo: ");
    CHECK_SAID(&s, "/context", "- summary of older messages: 0\n");
    CHECK_SAID(&s, "/compact the colours", "Summarised 2 messages (about ");
    CHECK_ASKED(&s, "What matters most to the user: the colours");
    CHECK_ASKED(&s, "User: the door is green");
    CHECK_SAID(&s, "and now?", "echo: ");
    CHECK_ASKED(&s, "What was said before this, in short");
    CHECK_ASKED(&s, "[The last message of that part, word for word:]\\nthe window is blue");
    CHECK(str_find(said(&s, "/context"), S("- summary of older messages: 0\n")) == STR_NONE);
    CHECK_SAID(&s, "/new", "afresh");
    CHECK_SAID(&s, "who are you?", "echo: ");
    CHECK(str_find(buf_str(&s.asked), S("the door is green")) == STR_NONE);
    CHECK_SAID(&s, "/压缩", "echo: ");       /* no command */
    CHECK_SAID(&s, "/context 现在", "系统提示");
    scene_end(&s);
}
