// SPDX-License-Identifier: Apache-2.0
/* roles list | show, policy list | explain | check: of the running gateway, or, while none runs, of the settings. */
#include <string.h>

#include "base/json.h"
#include "cli/remote.h"
#include "gateway/tool_host.h"
#include "tool/policy_show.h"

/* Asks the gateway; when there is none *out is NULL, and that is said on stderr. */
static enum err ask_gateway(struct cli *c, const char *method, const char *path, const json_t *body, json_t **out) AWAITS
{
    enum err e = remote_call(c, method, path, body, out);

    if (e == OK || c->exit_code != CLI_NO_GATEWAY)
        return e;
    c->exit_code = CLI_FAILED;
    *out = NULL;
    fprintf(stderr, "no gateway is running: this is of the settings alone, without paired people and what was said for always\n");
    return OK;
}

static void free_policy(struct policy **p)
{
    policy_free(*p);
}

static enum err policy_of_settings(struct cli *c, struct policy **out)
{
    TRY(cli_load_config(c));
    gateway_register_tools();
    return policy_new(config_now()->policy, config_now()->roles, out);
}

/* ---- roles ---- */

static void print_list(const char *what, const json_t *list)
{
    const json_t *one;
    size_t i;

    if (!list)
        return;
    printf("; %s", what);
    json_array_foreach(list, i, one)
        printf(" %s", json_string_value(one));
}

static void print_role(const json_t *r)
{
    printf("%-12s approves %s", json_text(r, "name"), json_text(r, "approves"));
    if (strcmp(json_text(r, "name"), json_text(r, "like")))
        printf("; like %s", json_text(r, "like"));
    print_list("only these tools:", json_at(r, "tools"));
    print_list("without", json_at(r, "deny"));
    printf("%s%s\n", json_text(r, "doc")[0] ? "; " : "", json_text(r, "doc"));
}

static enum err get_roles(struct cli *c, json_t **out) AWAITS
{
    CLEANUP(free_policy) struct policy *p = NULL;
    CLEANUP(json_decrefp) json_t *answer = NULL;

    TRY(ask_gateway(c, "GET", "/api/v1/admin/roles", NULL, &answer));
    if (!answer)
        TRY(policy_of_settings(c, &p));
    *out = answer ? json_incref(json_at(answer, "roles")) : policy_roles_json(p);
    if (!answer) {      /* the policy's own texts are in there */
        json_t *copy = json_deep_copy(*out);

        json_decref(*out);
        *out = copy;
    }
    return OK;
}

static enum err roles_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *roles = NULL;
    struct cli *c = arg;
    const json_t *one;
    bool found = false;
    size_t i;

    TRY(get_roles(c, &roles));
    if (c->json && c->n_words == 0) {
        cli_print_json(roles);
        return OK;
    }
    json_array_foreach(roles, i, one) {
        if (c->n_words && strcmp(json_text(one, "name"), c->words[0]) != 0)
            continue;
        found = true;
        if (c->json)
            cli_print_json(one);
        else
            print_role(one);
    }
    return found ? OK : failed(ERR_NOT_FOUND, "there is no role \"%.40s\"", c->words[0]);
}

enum err command_roles_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, roles_fiber);
}

enum err command_roles_show(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, roles_fiber);
}

/* ---- policy list ---- */

static void print_row(const json_t *r)
{
    CLEANUP(json_decrefp) json_t *row = json_copy(json_at(r, "row"));
    CLEANUP(buf_done) struct buf text = { 0 };

    json_object_del(row, "decision");
    json_object_del(row, "reason");
    json_print_to(&text, row);
    printf("%-20s %-6s", json_text(r, "rule"), json_text(r, "decision"));
    cli_print_text(stdout, buf_str(&text));
    if (json_text(r, "reason")[0]) {
        printf("  ");
        cli_print_text(stdout, json_text_str(r, "reason"));
    }
    putchar('\n');
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(free_policy) struct policy *p = NULL;
    struct cli *c = arg;
    const json_t *one;
    size_t i;

    TRY(ask_gateway(c, "GET", "/api/v1/admin/policy", NULL, &answer));
    if (!answer)
        TRY(policy_of_settings(c, &p));
    CLEANUP(json_decrefp) json_t *rows = answer ? json_incref(json_at(answer, "rows")) : policy_rows_json(p);

    if (c->json)
        cli_print_json(rows);
    else
        json_array_foreach(rows, i, one)
            print_row(one);
    return OK;
}

enum err command_policy_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

/* ---- policy explain ---- */

static enum err question_of(struct cli *c, json_t **out)
{
    static const char *const names[] = { "tool", "user", "role", "platform", "chat" };
    CLEANUP(json_decrefp) json_t *q = json_object();

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (cli_flag(c, names[i]))
            json_object_set_new(q, names[i], json_from_str(str_from(cli_flag(c, names[i]))));
    if (cli_flag(c, "tainted"))
        json_object_set_new(q, "taint", json_string("somebody else"));
    if (cli_flag(c, "arguments")) {
        json_t *arguments;

        if (json_parse(str_from(cli_flag(c, "arguments")), &arguments) != OK || !json_is_object(arguments))
            return cli_usage(c, "--arguments wants a JSON object, such as '{\"path\":\"a.txt\"}'");
        json_object_set_new(q, "arguments", arguments);
    }
    if (c->n_words)
        json_object_set_new(q, "command", json_from_str(str_from(c->words[0])));
    if (!c->n_words && !cli_flag(c, "arguments"))
        return cli_usage(c, "give a command, such as 'rm -rf /tmp/*', or --tool and --arguments");
    *out = json_incref(q);
    return OK;
}

/* Without a gateway only the people of the configuration are known. */
static enum err take_configured_user(json_t *question)
{
    str wanted = json_text_str(question, "user");
    const json_t *one;
    size_t i;

    if (wanted.len == 0)
        return OK;
    json_object_set_new(question, "person", json_from_str(wanted));
    if (json_text(question, "role")[0])
        return OK;
    json_array_foreach((json_t *)config_now()->users, i, one)
        if (str_eq(json_text_str(one, "name"), wanted)) {
            json_object_set_new(question, "role", json_from_str(json_text_str(one, "role")));
            return OK;
        }
    if (str_eq(wanted, S("owner")))
        return OK;
    return failed(ERR_NOT_FOUND, "\"%.*s\" does not stand in the settings' users, and no gateway is running that may know them; "
                                 "say --role instead", STR(str_take(wanted, 60)));
}

static enum err explain_offline(struct cli *c, json_t *question, json_t **out)
{
    CLEANUP(free_policy) struct policy *p = NULL;

    TRY(policy_of_settings(c, &p));
    TRY(take_configured_user(question));
    return policy_explain(p, c->arena, question, config_now()->workspace_path, out);
}

static void print_act(const json_t *act)
{
    CLEANUP(buf_done) struct buf words = { 0 };
    const json_t *one;
    size_t i;

    json_array_foreach(json_at(act, "command"), i, one) {
        buf_add(&words, i ? S(" ") : S(""));
        buf_add(&words, json_strval(one));
    }
    json_array_foreach(json_at(act, "paths"), i, one)
        if (words.len == 0 || !json_array_size(json_at(act, "command"))) {
            buf_add(&words, words.len ? S(" ") : S(""));
            buf_add(&words, json_strval(one));
        }
    printf("  %-6s ", json_text(act, "decision"));
    cli_print_text(stdout, words.len ? buf_str(&words) : S("(the call)"));
    printf("  by %s; it does:", json_text(act, "rule"));
    json_array_foreach(json_at(act, "effects"), i, one)
        printf(" %s", json_string_value(one));
    putchar('\n');
}

static void print_explanation(const json_t *answer)
{
    const json_t *one;
    size_t i;

    printf("%s, by %s: ", json_text(answer, "decision"), json_text(answer, "rule"));
    cli_print_text(stdout, json_text_str(answer, "why"));
    printf("\n  for ");
    cli_print_text(stdout, json_text_str(answer, "person"));
    printf(" (%s)\n", json_text(answer, "role"));
    if (json_array_size(json_at(answer, "acts")) > 1)
        json_array_foreach(json_at(answer, "acts"), i, one)
            print_act(one);
}

static enum err explain_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *question = NULL;
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;

    TRY(question_of(c, &question));
    TRY(ask_gateway(c, "POST", "/api/v1/admin/policy/explain", question, &answer));
    if (!answer)
        TRY(explain_offline(c, question, &answer));
    if (c->json)
        cli_print_json(answer);
    else
        print_explanation(answer);
    return OK;
}

enum err command_policy_explain(struct cli *c)
{
    TRY(cli_want_words(c, 0, 1));
    return cli_in_loop(c, explain_fiber);
}

/* ---- policy check ---- */

static enum err check_users(const struct policy *p, const json_t *users)
{
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)users, i, one)
        if (!policy_has_role(p, json_text_str(one, "role")))
            return failed(ERR_INPUT, "users row %zu: there is no role \"%.40s\"", i + 1, json_text(one, "role"));
    return OK;
}

enum err command_policy_check(struct cli *c)
{
    CLEANUP(free_policy) struct policy *p = NULL;

    TRY(cli_want_words(c, 0, 0));
    TRY(policy_of_settings(c, &p));
    TRY(check_users(p, config_now()->users));
    str useless = policy_useless_rows(p, c->arena);

    if (c->json) {
        CLEANUP(json_decrefp) json_t *j = json_pack("{s:b, s:o}", "good", true, "useless", json_from_str(useless));

        cli_print_json(j);
    } else {
        printf("the policy is good%s%.*s\n", useless.len ? ", but: " : "", STR(useless));
    }
    return OK;
}
