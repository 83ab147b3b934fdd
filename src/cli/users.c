// SPDX-License-Identifier: Apache-2.0
/* users list | show | role | link | unlink | rm: who is known to the running gateway. */
#include <string.h>

#include "base/json.h"
#include "cli/remote.h"
#include "net/url.h"

static void print_accounts(const json_t *person)
{
    const json_t *a;
    size_t i;

    json_array_foreach(json_at(person, "accounts"), i, a) {
        printf(" %s:", json_text(a, "platform"));
        cli_print_text(stdout, json_text_str(a, "user_id"));
        if (json_text(a, "name")[0]) {
            printf(" (");
            cli_print_text(stdout, json_text_str(a, "name"));
            printf(")");
        }
    }
}

static void print_person(const json_t *p)
{
    printf("%-16s %-10s", json_text(p, "id"), json_text(p, "role"));
    print_accounts(p);
    printf("%s\n", strcmp(json_text(p, "from"), "config") ? "" : "  [configuration]");
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    const json_t *one;
    size_t i;

    TRY(remote_call(c, "GET", "/api/v1/admin/users", NULL, &answer));
    if (c->json)
        cli_print_json(json_at(answer, "users"));
    else
        json_array_foreach(json_at(answer, "users"), i, one)
            print_person(one);
    return OK;
}

enum err command_users_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

/* METHOD before/WORD/after, with {field: second word} when there is a field; the person that comes back is printed. */
static enum err ask(struct cli *c, const char *method, const char *before, const char *after, const char *field) AWAITS
{
    CLEANUP(buf_done) struct buf path = { 0 };
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(json_decrefp) json_t *body = field ? json_pack("{s:o}", field, json_from_str(str_from(c->words[1]))) : NULL;

    buf_add(&path, str_from(before));
    url_add_encoded(&path, str_from(c->words[0]));
    buf_add(&path, str_from(after));
    TRY(remote_call(c, method, buf_c(&path), body, &answer));
    if (c->json) {
        cli_print_json(answer);
    } else if (json_at(answer, "removed")) {
        cli_print_text(stdout, json_text_str(answer, "removed"));
        printf(" is removed\n");
    } else {
        print_person(answer);
    }
    return OK;
}

#define USERS "/api/v1/admin/users/"

static enum err show_fiber(void *c) AWAITS { return ask(c, "GET", USERS, "", NULL); }
static enum err role_fiber(void *c) AWAITS { return ask(c, "POST", USERS, "/role", "role"); }
static enum err link_fiber(void *c) AWAITS { return ask(c, "POST", USERS, "/accounts", "account"); }
static enum err unlink_fiber(void *c) AWAITS { return ask(c, "POST", "/api/v1/admin/accounts/", "/remove", NULL); }
static enum err rm_fiber(void *c) AWAITS { return ask(c, "POST", USERS, "/remove", NULL); }

enum err command_users_show(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, show_fiber);
}

enum err command_users_role(struct cli *c)
{
    TRY(cli_want_words(c, 2, 2));
    return cli_in_loop(c, role_fiber);
}

enum err command_users_link(struct cli *c)
{
    TRY(cli_want_words(c, 2, 2));
    return cli_in_loop(c, link_fiber);
}

enum err command_users_unlink(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, unlink_fiber);
}

enum err command_users_rm(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, rm_fiber);
}
