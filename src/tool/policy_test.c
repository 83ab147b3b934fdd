// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "tool/policy.h"
#include "tool/registry.h"

static const struct tool http = { .name = "http_fetch", .risk = RISK_OUTSIDE }, ssh = { .name = "ssh", .risk = RISK_OUTSIDE };

struct asked { const char *role, *tool, *arguments, *taint; };

static const struct tool *tool_named(const char *name)
{
    return strcmp(name, "http_fetch") == 0 ? &http : strcmp(name, "ssh") == 0 ? &ssh : tool_find(str_from(name));
}

static enum decision ask(const struct policy *p, const struct asked *q, struct arena *a, struct policy_answer *out)
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    struct person who = { str_eq(str_from(q->role), S("owner")) ? S("owner") : S("bob"), str_from(q->role) };

    CHECK_OK(json_parse(str_from(q->arguments), &arguments));
    policy_decide(p, a, &(struct policy_facts){ .person = &who, .platform = S("telegram"), .chat_id = S("1"), .tool = tool_named(q->tool),
        .arguments = arguments, .workspace = "/home/me/workspace", .taint = str_from(q->taint) }, out);
    return out->decision;
}

static struct policy *policy_of(const char *rows, const char *roles)
{
    CLEANUP(json_decrefp) json_t *r = NULL;
    CLEANUP(json_decrefp) json_t *x = NULL;
    struct policy *p = NULL;

    CHECK_OK(json_parse(str_from(rows), &r));
    CHECK_OK(json_parse(str_from(roles), &x));
    CHECK_OK(policy_new(r, x, &p));
    return p;
}

static void free_policy(struct policy **p)
{
    policy_free(*p);
}

struct want { const char *line, *decision, *rule; };

static void check_lines(const struct policy *p, const char *role, const struct want *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *j = json_pack("{s:s}", "command", rows[i].line);
        struct asked q = { role, "exec", json_print(a, j).p, "" };
        struct policy_answer got;

        ask(p, &q, a, &got);
        if (strcmp(decision_name(got.decision), rows[i].decision) != 0 || strcmp(got.rule, rows[i].rule) != 0)
            test_failed(__FILE__, __LINE__, "%s: is %s by %s, want %s by %s", rows[i].line, decision_name(got.decision), got.rule,
                        rows[i].decision, rows[i].rule);
    }
}

TEST(without_a_configuration_the_defaults_decide)
{
    static const struct want rows[] = {
        { "ls -l", "allow", "default read" }, { "make test", "allow", "default execute" }, { "cat a > b", "allow", "default read" },
        { "cp a b", "allow", "default write" }, { "rm a", "ask", "default delete" }, { "ls && rm -rf x", "ask", "default delete" },
        { "/bin/rm a", "ask", "default delete" }, { "env rm a", "ask", "default delete" }, { "git clean -fd", "ask", "default delete" },
        { "find . -delete", "ask", "default delete" }, { "find . -exec rm {} +", "ask", "default complex" },
        { "sh -c 'rm a'", "ask", "default complex" }, { "echo $(rm a)", "ask", "default complex" }, { "curl http://x", "ask", "default network" },
        { "git push", "ask", "default network" }, { "echo x > /etc/passwd", "deny", "default system" },
        { "echo x > ../../../etc/passwd", "deny", "default system" }, { "tee /usr/bin/ls", "deny", "default system" },
        { "rm -rf /etc", "deny", "default system" }, { "echo x > /dev/null", "allow", "default execute" },
        { "echo x > /home/me/other", "ask", "default complex" }, { "cp x /home/other/y", "ask", "default elsewhere" },
        { "cd sub && rm x", "ask", "default delete" }, { "cd sub; ls", "ask", "default complex" },
    };
    CLEANUP(free_policy) struct policy *p = policy_of("[]", "{}");

    check_lines(p, "owner", rows, N_ELEMENTS(rows));
}

TEST(a_role_that_has_no_tools_has_none)
{
    static const struct { struct asked q; const char *decision, *rule; } rows[] = {
        { { "user", "read_file", "{\"path\":\"a\"}", "" }, "deny", "default user" },
        { { "guest", "exec", "{\"command\":\"ls\"}", "" }, "deny", "default guest" },
        { { "", "exec", "{\"command\":\"ls\"}", "" }, "deny", "role" }, { { "king", "exec", "{\"command\":\"ls\"}", "" }, "deny", "role" },
        { { "operator", "exec", "{\"command\":\"ls\"}", "" }, "allow", "default read" },
        { { "reader", "read_file", "{\"path\":\"a\"}", "" }, "allow", "default read" },
        { { "reader", "exec", "{\"command\":\"ls\"}", "" }, "deny", "role reader" },
        { { "owner", "exec", "{\"command\":\"ls\"}", "web page" }, "ask", "tainted" },
        { { "owner", "read_file", "{\"path\":\"a\"}", "web page" }, "allow", "default read" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\"}", "" }, "allow", "default fetch" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\"}", "web page" }, "ask", "tainted" },
        { { "owner", "http_fetch", "{\"url\":\"https://a.org/\",\"method\":\"POST\"}", "" }, "ask", "default network" },
        { { "owner", "ssh", "{\"host\":\"web1\",\"command\":\"uptime\"}", "" }, "ask", "default network" },
    };
    CLEANUP(free_policy) struct policy *p = policy_of("[]", "{\"reader\":{\"like\":\"user\",\"tools\":[\"read_file\",\"grep\"]}}");

    for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct policy_answer got;

        ask(p, &rows[i].q, a, &got);
        if (strcmp(decision_name(got.decision), rows[i].decision) != 0 || strcmp(got.rule, rows[i].rule) != 0)
            test_failed(__FILE__, __LINE__, "%s %s %s: is %s by %s, want %s by %s", rows[i].q.role, rows[i].q.tool, rows[i].q.arguments,
                        decision_name(got.decision), got.rule, rows[i].decision, rows[i].rule);
    }
}

TEST(the_first_row_that_fits_decides)
{
    static const struct want rows[] = {
        { "git push origin main", "allow", "policy row 2" }, { "git push --force", "deny", "policy row 1" }, { "git push", "allow", "policy row 2" },
        { "git push && rm x", "ask", "default delete" }, { "rm reports/a reports/b", "allow", "policy row 3" },
        { "rm reports/a b", "ask", "default delete" }, { "rm reports/../a", "ask", "default delete" }, { "rm reports/*", "ask", "default delete" },
        { "./git push", "ask", "default network" }, { "/usr/bin/git push", "allow", "policy row 2" }, { "make", "deny", "policy row 4" },
        { "PATH=. git push", "ask", "default complex" }, { "cat reports", "deny", "policy row 5" },
    };
    CLEANUP(free_policy) struct policy *p = policy_of(
        "[{\"command\":\"git push --force *\",\"decision\":\"deny\"},{\"role\":\"operator\",\"command\":\"git push *\",\"decision\":\"allow\"},"
        "{\"command\":\"rm *\",\"path\":\"reports/**\",\"decision\":\"allow\"},{\"platform\":\"telegram\",\"command\":\"make *\",\"decision\":\"deny\"},"
        "{\"command\":\"cat *\",\"path\":\"reports/secret/**\",\"decision\":\"deny\"}]", "{}");

    check_lines(p, "operator", rows, N_ELEMENTS(rows));
}

TEST(what_is_said_for_always_allows_that_call_again_and_no_other)
{
    CLEANUP(free_policy) struct policy *p = policy_of("[]", "{}");
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:s}", "command", "rm 'a b' *.o && git push");
    struct person bob = { S("bob"), S("operator") };
    struct policy_facts f = { .person = &bob, .tool = tool_named("exec"), .arguments = arguments, .workspace = "/w" };
    CLEANUP(json_decrefp) json_t *row = policy_row_for(&f);
    static const struct want rows[] = {
        { "rm 'a b' *.o && git push", "allow", "always 7" }, { "rm a b", "ask", "default delete" }, { "rm a.o", "ask", "default delete" },
        { "git push -f", "ask", "default network" }, { "git push", "allow", "always 7" },
    };

    CHECK(row != NULL);
    CHECK_OK(policy_add_always(p, 7, json_print(a, row)));
    check_lines(p, "operator", rows, N_ELEMENTS(rows));
    f.taint = S("a web page");
    CHECK(policy_row_for(&f) == NULL);
}
