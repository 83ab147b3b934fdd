// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "nlu/rule.h"

#include <string.h>

static struct nlu_context context;

static struct rule_facts said(const char *text)
{
    context = (struct nlu_context){ .now = INT64_C(1795257600000), .zone = zone_utc() };     /* 2026-11-21 10:40, a Saturday */
    return (struct rule_facts){ .text = str_from(text), .platform = S("telegram"), .chat_id = S("77"), .person = S("anna"),
                                .role = S("user"), .is_private = true, .language = S("en"), .context = &context };
}

/* "name, name": what fires. */
static const char *fired(struct arena *a, const char *yaml, const struct rule_facts *f)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct rule_hit hits[RULE_HITS_MAX];
    struct rules *all;

    if (rules_read(str_from(yaml), &all) != OK)
        return failed_text();
    size_t n = rules_match(a, all, f, hits);

    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s%.*s%s%.*s", i ? ", " : "", STR(hits[i].name), hits[i].text.len ? "=" : "", STR(hits[i].text));
    rules_free(all);
    return arena_c(a, buf_str(&b));
}

#define RULE(match) "rules: [{name: r, match: " match ", do: {reply: hi}}]"

TEST(a_rule_fires_when_all_that_it_asks_for_is_there)
{
    static const struct { const char *match, *text; bool want; } cases[] = {
        { "{exact: [ping, 在吗]}", "Ping!", true },                 { "{exact: [ping, 在吗]}", "在嗎？", true },
        { "{exact: ping}", "ping me", false },                      { "{keywords: [outage, 宕机]}", "an OUTAGE again", true },
        { "{keywords: [out]}", "an outage", false },                { "{keywords: [宕机]}", "服务器宕机了", true },
        { "{keywords: {all: [disk, full], none: [not]}}", "the disk is full", true },
        { "{keywords: {all: [disk, full], none: [not]}}", "the disk is not full", false },
        { "{regex: '^deploy (\\w+)$'}", "Deploy web", true },       { "{regex: '^deploy (\\w+)$'}", "please deploy web", false },
        { "{channel: telegram}", "x", true },                       { "{channel: ['telegram:77']}", "x", true },
        { "{channel: ['telegram:78', slack]}", "x", false },        { "{user: anna}", "x", true },
        { "{user: ['role:user']}", "x", true },                     { "{user: ['role:owner', bob]}", "x", false },
        { "{time: {days: [sat]}}", "x", true },                     { "{time: {days: [mon, friday]}}", "x", false },
        { "{time: {from: '09:00', until: '10:41'}}", "x", true },   { "{time: {from: '09:00', until: '10:40'}}", "x", false },
        { "{time: {from: '22:00', until: '11:00', days: [fri]}}", "x", true },  /* Friday's night goes on */
        { "{time: {from: '22:00', until: '11:00', days: [sat]}}", "x", false },
        { "{intent: system_disk}", "how much disk is left", false },        /* nobody was asked for an understanding */
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct rule_facts f = said(cases[i].text);

        CHECK_STR(str_from(fired(a, arena_printf(a, RULE("%s"), cases[i].match), &f)), cases[i].want ? "r=hi" : "");
    }
}

TEST(the_order_is_priority_then_the_file_and_a_stop_is_the_end)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rule_facts f = said("deploy web now");
    static const char *const yaml =
        "rules:\n"
        "- {name: low, match: {keywords: deploy}, do: {reply: never}, priority: -1}\n"
        "- {name: b, match: {regex: 'deploy (?<what>\\w+)'}, do: {reply: '{what}/{1} by {user}, {nothing}'}}\n"
        "- {name: a, match: {keywords: now}, do: {forward: {to: 'telegram:1'}}, priority: 5, then: continue}\n";

    CHECK_STR(str_from(fired(a, yaml, &f)), "a=deploy web now, b=web/web by anna, {nothing}");
}

TEST(a_mistake_is_told_with_its_place)
{
    static const struct { const char *yaml, *want; } cases[] = {
        { "rules: [{name: x}]", "1:9: a rule needs name, match and do" },
        { "rules:\n- name: x\n  match: {regex: '(a'}\n  do: {reply: y}",
          "3:18: regex: missing closing parenthesis, at character 3 of the pattern" },
        { "rules: [{name: x, match: {intent: fly}, do: {reply: y}}]", "1:35: there is no intent 'fly'" },
        { "rules: [{name: x, match: {exact: a}, do: {workflow: y}}]",
          "1:43: workflows are not built yet: a rule can reply, use a tool, let an agent answer, or forward" },
        { "rules: [{name: x, match: {exact: a}, do: {tool: y}, then: continue}]",
          "1:59: then continue goes with reply and forward only: a tool's or an agent's answer is the answer" },
        { "rules: [{name: x, match: {}, do: {reply: y}}]", "1:26: match is empty: it would fit every message" },
        { "rules: [{name: x, match: {time: {from: '25:00'}}, do: {reply: y}}]", "1:40: from wants a time such as \"09:30\"" },
        { "rules: [{name: x, macth: {}, do: {reply: y}}]", "1:19: a rule has no 'macth' there" },
        { "rulez: []", "1:1: the file has one key, `rules`" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct rule_facts f = said("x");

        CHECK_STR(str_from(fired(a, cases[i].yaml, &f)), cases[i].want);
    }
}

TEST(a_pattern_that_would_take_for_ever_fits_nothing_and_that_is_said)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rules *all;
    char *text = arena_alloc(a, 5001);

    memset(text, 'a', 5000);
    struct rule_facts f = said(text);

    CHECK_OK(rules_read(S(RULE("{regex: '^(a+)+$|x(a*)*b'}")), &all));
    f.text = str_of(text, 40);
    text[39] = '!';
    CLEANUP(json_decrefp) json_t *j = rules_explain(a, all, &f);

    CHECK_STR(json_text_str(j, "0.why"), "the regular expression took too long on this text");
    rules_free(all);
}
