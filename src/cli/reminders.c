// SPDX-License-Identifier: Apache-2.0
/* reminders list | add | remove: what is told at its time. */
#include "base/json.h"
#include "cli/remote.h"
#include "net/url.h"

static void print_line(const json_t *r)
{
    fputs(json_text(r, "state"), stdout);
    fputs("  ", stdout);
    cli_print_text(stdout, json_text_str(r, "person"));
    fputs("  ", stdout);
    cli_print_excerpt(stdout, json_text_str(r, "said"), 400);
    putchar('\n');
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    const json_t *r;
    size_t i;

    TRY(remote_call(c, "GET", "/api/v1/reminders", NULL, &answer));
    const json_t *all = json_at(answer, "reminders");

    if (c->json)
        cli_print_json(all);
    else
        json_array_foreach((json_t *)all, i, r)
            print_line(r);
    return OK;
}

enum err command_reminders_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

static enum err add_fiber(void *arg) AWAITS
{
    static const char *const flags_taken[] = { "at", "in", "rule", "zone" };
    CLEANUP(json_decrefp) json_t *body = json_object(), *answer = NULL;
    CLEANUP(buf_done) struct buf text = { 0 };
    struct cli *c = arg;

    for (size_t i = 0; i < c->n_words; i++)
        buf_addf(&text, "%s%s", i ? " " : "", c->words[i]);
    json_object_set_new(body, "text", json_from_str(buf_str(&text)));
    for (size_t i = 0; i < N_ELEMENTS(flags_taken); i++)
        if (cli_flag(c, flags_taken[i]))
            json_object_set_new(body, flags_taken[i], json_from_str(str_from(cli_flag(c, flags_taken[i]))));
    TRY(remote_call(c, "POST", "/api/v1/reminders", body, &answer));
    if (c->json) {
        cli_print_json(answer);
        return OK;
    }
    cli_print_text(stdout, json_text_str(answer, "text"));
    putchar('\n');
    return OK;
}

enum err command_reminders_add(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    return cli_in_loop(c, add_fiber);
}

static enum err remove_fiber(void *arg) AWAITS
{
    struct cli *c = arg;

    for (size_t i = 0; i < c->n_words; i++) {
        CLEANUP(json_decrefp) json_t *answer = NULL;
        CLEANUP(buf_done) struct buf path = { 0 };

        buf_add(&path, S("/api/v1/reminders/"));
        url_add_encoded(&path, str_from(c->words[i]));
        TRY(remote_call(c, "DELETE", buf_c(&path), NULL, &answer));
        if (c->json)
            cli_print_json(answer);
        else
            printf("%s is taken back\n", c->words[i]);
    }
    return OK;
}

enum err command_reminders_remove(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    return cli_in_loop(c, remove_fiber);
}
