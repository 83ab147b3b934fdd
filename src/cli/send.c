// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/ask.h"

enum { TEXT_MAX = 1 << 20 };

static enum err read_stdin(struct buf *text)
{
    ssize_t n;

    do {
        size_t room;
        char *p = buf_room(text, 64 << 10, &room);

        n = room ? read(STDIN_FILENO, p, room) : 0;
        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "standard input: %s", strerror(errno));
        if (n > 0)
            buf_grown(text, (size_t)n);
    } while (n);
    if (text->len > TEXT_MAX)
        return failed(ERR_LIMIT, "a message has at most %d bytes", TEXT_MAX);
    return OK;
}

enum err cli_collect_text(struct cli *c, struct buf *text)
{
    text->max = TEXT_MAX + 1;
    if (c->n_words == 0 || (c->n_words == 1 && strcmp(c->words[0], "-") == 0))
        TRY(read_stdin(text));
    else
        for (size_t i = 0; i < c->n_words; i++)
            buf_addf(text, "%s%s", i ? " " : "", c->words[i]);
    if (str_trim(buf_str(text)).len == 0)
        return cli_usage(c, "there is no text to send");
    return OK;
}

static enum err send_streaming(struct cli *c, str text) AWAITS
{
    CLEANUP(ask_done) struct ask t = { .cli = c, .on_terminal = isatty(STDOUT_FILENO) };

    if (cli_flag(c, "session"))
        snprintf(t.session, sizeof t.session, "%s", cli_flag(c, "session"));
    TRY(ask_run(&t, text));
    return t.question[0] ? failed(ERR_AUTH, "it waits for your word: clawdbot approvals yes %s", t.question) : OK;
}

static enum err send_one(struct cli *c, str text) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:{s:o}}", "content", "text", json_from_str(text));
    CLEANUP(json_decrefp) json_t *answer = NULL;
    bool wait = !cli_flag(c, "async");

    if (cli_flag(c, "session"))
        json_object_set_new(body, "session_id", json_string(cli_flag(c, "session")));
    TRY(remote_call(c, "POST", wait ? "/api/v1/messages?mode=wait" : "/api/v1/messages?mode=async", body, &answer));
    if (c->json) {
        cli_print_json(answer);
    } else if (wait && json_at(answer, "approval")) {
        cli_print_text(stdout, json_text_str(answer, "approval.text"));
        putchar('\n');
    } else if (wait) {
        cli_print_text(stdout, json_text_str(answer, "text"));
        putchar('\n');
    } else {
        cli_print_fields(answer);
    }
    c->told = !c->json && *json_text(answer, "text");
    if (wait && json_at(answer, "approval"))
        return failed(ERR_AUTH, "it waits for your word: clawdbot approvals yes %s", json_text(answer, "approval.code"));
    if (wait && strcmp(json_text(answer, "state"), "done"))
        return failed(ERR_REMOTE, "the message ended as %s", json_text(answer, "state"));
    return OK;
}

static enum err send_fiber(void *arg) AWAITS
{
    CLEANUP(buf_done) struct buf text = {0};
    struct cli *c = arg;

    TRY(cli_collect_text(c, &text));
    str trimmed = str_trim(buf_str(&text));

    return cli_flag(c, "stream") ? send_streaming(c, trimmed) : send_one(c, trimmed);
}

enum err command_send(struct cli *c)
{
    if (cli_flag(c, "to"))
        return cli_send_to(c);
    if (cli_flag(c, "file") || cli_flag(c, "wait"))
        return cli_usage(c, "--file and --wait go with --to; without it the assistant is asked, and its answer waited for");
    if (cli_flag(c, "stream") && cli_flag(c, "async"))
        return cli_usage(c, "--stream and --async exclude each other");
    return cli_in_loop(c, send_fiber);
}
