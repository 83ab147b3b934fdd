// SPDX-License-Identifier: Apache-2.0
/* approvals list | show | yes | no: what waits for somebody's word. */
#include <string.h>

#include "base/json.h"
#include "cli/remote.h"
#include "net/url.h"

static enum err fetch(struct cli *c, json_t **ret_answer) AWAITS
{
    return remote_call(c, "GET", "/api/v1/approvals?limit=1000", NULL, ret_answer);
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    json_t *all, *q;
    size_t i;

    TRY(fetch(c, &answer));
    all = json_at(answer, "approvals");
    if (c->json) {
        cli_print_json(all);
        return OK;
    }
    json_array_foreach(all, i, q) {
        printf("%s  until %.19s  %s  ", json_text(q, "code"), json_text(q, "expires_at"), json_text(q, "platform"));
        cli_print_text(stdout, json_text_str(q, "person"));
        fputs("  ", stdout);
        cli_print_text(stdout, json_text_str(q, "tool"));
        putchar('\n');
    }
    return OK;
}

enum err command_approvals_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

static enum err show_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    json_t *q;
    size_t i;

    TRY(fetch(c, &answer));
    json_array_foreach(json_at(answer, "approvals"), i, q)
        if (strcmp(json_text(q, "code"), c->words[0]) == 0) {
            json_object_del(q, "html");
            if (c->json)
                cli_print_json(q);
            else
                cli_print_fields(q);
            return OK;
        }
    return failed(ERR_NOT_FOUND, "no open question has the code %.40s", c->words[0]);
}

enum err command_approvals_show(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, show_fiber);
}

static enum err answer(struct cli *c, const char *word, const char *scope) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s}", "answer", word, "scope", scope);
    CLEANUP(json_decrefp) json_t *said = NULL;
    CLEANUP(buf_done) struct buf path = { 0 };

    buf_add(&path, S("/api/v1/approvals/"));
    url_add_encoded(&path, str_from(c->words[0]));
    TRY(remote_call(c, "POST", buf_c(&path), body, &said));
    if (c->json)
        cli_print_json(said);
    else
        printf("%s: %s\n", json_text(said, "tool"), json_text(said, "state"));
    return OK;
}

static enum err yes_fiber(void *arg) AWAITS
{
    struct cli *c = arg;

    return answer(c, "yes", cli_flag(c, "always") ? "always" : cli_flag(c, "session") ? "session" : "once");
}

static enum err no_fiber(void *arg) AWAITS
{
    return answer(arg, "no", "once");
}

enum err command_approvals_yes(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    if (cli_flag(c, "session") && cli_flag(c, "always"))
        return cli_usage(c, "--session and --always exclude each other");
    return cli_in_loop(c, yes_fiber);
}

enum err command_approvals_no(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, no_fiber);
}
