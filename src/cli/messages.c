// SPDX-License-Identifier: Apache-2.0
/* messages list | show | resend | drop: what the queues hold, and an operator's word on it. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/remote.h"
#include "net/url.h"

enum { TEXT_SHOWN = 60 };

static void print_row(const json_t *m)
{
    char id[40];

    snprintf(id, sizeof id, "%s/%lld", json_text(m, "box"), (long long)json_int(m, "id", 0));
    printf("%-12s %-8s %.19s  %-9s ", id, json_text(m, "state"), json_text(m, "created_at"), json_text(m, "platform"));
    cli_print_excerpt(stdout, json_text_str(m, "text"), TEXT_SHOWN);
    if (*json_text(m, "error")) {
        fputs("  # ", stdout);
        cli_print_excerpt(stdout, json_text_str(m, "error"), TEXT_SHOWN);
    }
    putchar('\n');
}

static enum err fetch_box(struct cli *c, const char *box, json_t *all) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf path = {0};
    const char *state = cli_flag(c, "state");
    uint64_t limit;

    TRY(cli_number(c, "limit", 20, &limit));
    buf_addf(&path, "/api/v1/admin/messages?box=%s&limit=%llu&state=", box, (unsigned long long)limit);
    url_add_encoded(&path, str_from(state ? state : ""));
    TRY(remote_call(c, "GET", buf_c(&path), NULL, &answer));
    json_array_extend(all, json_at(answer, "messages"));
    return OK;
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *all = json_array();
    struct cli *c = arg;
    const char *box = cli_flag(c, "box");
    json_t *m;
    size_t i;

    if (box && strcmp(box, "inbox") && strcmp(box, "outbox"))
        return cli_usage(c, "--box is inbox or outbox, not '%.40s'", box);
    if (box == NULL || strcmp(box, "inbox") == 0)
        TRY(fetch_box(c, "inbox", all));
    if (box == NULL || strcmp(box, "outbox") == 0)
        TRY(fetch_box(c, "outbox", all));
    if (c->json) {
        cli_print_json(all);
        return OK;
    }
    json_array_foreach(all, i, m)
        print_row(m);
    return OK;
}

enum err command_messages_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

struct place { const char *box; uint64_t id; };

/* "outbox/12"; a bare number where the box is clear. */
static enum err parse_place(struct cli *c, const char *word, const char *box, struct place *out)
{
    str s = str_from(word);

    if (str_eat(&s, S("inbox/")))
        box = "inbox";
    else if (str_eat(&s, S("outbox/")))
        box = "outbox";
    if (box == NULL || str_u64(s, &out->id))
        return cli_usage(c, "'%.60s' is not %s, as `clawdbot messages list` prints it", word,
                         box ? "the number of a message" : "inbox/ID or outbox/ID");
    out->box = box;
    return OK;
}

static enum err show_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *message = NULL;
    struct cli *c = arg;
    struct place p;

    TRY(parse_place(c, c->words[0], NULL, &p));
    TRY(remote_call(c, "GET", arena_printf(c->arena, "/api/v1/admin/messages/%s/%llu", p.box, (unsigned long long)p.id),
                    NULL, &message));
    if (c->json)
        cli_print_json(message);
    else
        cli_print_fields(message);
    return OK;
}

enum err command_messages_show(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, show_fiber);
}

/* The same deed on each of the words; the first that fails ends it. */
static enum err act(struct cli *c, const char *deed, const char *box) AWAITS
{
    CLEANUP(json_decrefp) json_t *all = json_array();

    for (size_t i = 0; i < c->n_words; i++) {
        json_t *answer;
        struct place p;

        TRY(parse_place(c, c->words[i], box, &p));
        if (box && strcmp(p.box, box))
            return cli_usage(c, "only replies are sent again: %s/%llu is not in the %s", p.box, (unsigned long long)p.id, box);
        TRY(remote_call(c, "POST", arena_printf(c->arena, "/api/v1/admin/%s/%llu/%s", p.box, (unsigned long long)p.id, deed),
                        NULL, &answer));
        json_array_append_new(all, answer);
        if (!c->json)
            printf("%s/%llu: %s\n", p.box, (unsigned long long)p.id, json_text(answer, "state"));
    }
    if (c->json)
        cli_print_json(all);
    return OK;
}

static enum err resend_fiber(void *arg) AWAITS
{
    return act(arg, "resend", "outbox");
}

static enum err drop_fiber(void *arg) AWAITS
{
    return act(arg, "drop", NULL);
}

enum err command_messages_resend(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    return cli_in_loop(c, resend_fiber);
}

enum err command_messages_drop(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    return cli_in_loop(c, drop_fiber);
}
