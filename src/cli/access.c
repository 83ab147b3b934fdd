// SPDX-License-Identifier: Apache-2.0
/* pair, login, token new: who may talk to the gateway. */
#include "base/json.h"
#include "cli/remote.h"
#include "net/url.h"

/* POSTs, and prints one field of the answer. */
static enum err ask_for(struct cli *c, const char *path, const char *field) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;

    TRY(remote_call(c, "POST", path, NULL, &answer));
    if (c->json)
        cli_print_json(answer);
    else
        printf("%s\n", json_text(answer, field));
    return OK;
}

static enum err token_fiber(void *arg) AWAITS
{
    return ask_for(arg, "/api/v1/admin/tokens", "token");
}

enum err command_token_new(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, token_fiber);
}

static enum err login_fiber(void *arg) AWAITS
{
    return ask_for(arg, "/api/v1/admin/login-link", "url");
}

enum err command_login(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, login_fiber);
}

static enum err list_pairings(struct cli *c) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    json_t *all, *p;
    size_t i;

    TRY(remote_call(c, "GET", "/api/v1/admin/pairings", NULL, &answer));
    all = json_at(answer, "pairings");
    if (c->json) {
        cli_print_json(all);
        return OK;
    }
    json_array_foreach(all, i, p) {
        printf("%s  %s ", json_text(p, "code"), json_text(p, "platform"));
        cli_print_text(stdout, json_text_str(p, "user_id"));
        putchar(' ');
        cli_print_text(stdout, json_text_str(p, "user_name"));
        printf("  until %s\n", json_text(p, "expires_at"));
    }
    if (json_array_size(all) == 0)
        puts("nobody waits to be let in");
    return OK;
}

static enum err pair_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf path = {0};
    struct cli *c = arg;

    if (c->n_words == 0)
        return list_pairings(c);
    buf_add(&path, S("/api/v1/admin/pairings/"));
    url_add_encoded(&path, str_from(c->words[0]));
    if (cli_flag(c, "role")) {
        buf_add(&path, S("?role="));
        url_add_encoded(&path, str_from(cli_flag(c, "role")));
    }
    TRY(remote_call(c, "POST", buf_c(&path), NULL, &answer));
    if (c->json) {
        cli_print_json(answer);
        return OK;
    }
    cli_print_text(stdout, json_text_str(answer, "who"));
    printf(" may talk to the assistant now, as %s\n", json_text(answer, "role"));
    return OK;
}

enum err command_pair(struct cli *c)
{
    TRY(cli_want_words(c, 0, 1));
    return cli_in_loop(c, pair_fiber);
}
