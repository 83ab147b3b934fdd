// SPDX-License-Identifier: Apache-2.0
/* send --to: text and a file to a chat or a person, through the gateway's outbox. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "cli/ask.h"

enum { FILE_SIZE_MAX = 64 << 20 };

static enum err read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "re");
    size_t n;

    if (!f)
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    do {
        size_t room;
        char *to = buf_room(out, 256 << 10, &room);

        n = room ? fread(to, 1, room, f) : 0;
        buf_grown(out, n);
    } while (n);
    bool broken = ferror(f);

    fclose(f);
    if (broken)
        return failed(ERR_IO, "%s cannot be read", path);
    return out->len > FILE_SIZE_MAX ? failed(ERR_LIMIT, "%s is larger than %d MB", path, FILE_SIZE_MAX >> 20) : OK;
}

static enum err add_file(struct cli *c, json_t *body)
{
    CLEANUP(buf_done) struct buf bytes = { .max = FILE_SIZE_MAX + 1 }, data = { .max = SIZE_MAX / 2 };
    const char *path = cli_flag(c, "file"), *slash;

    if (!path)
        return OK;
    TRY(read_file(path, &bytes));
    buf_add_base64(&data, buf_str(&bytes));
    slash = strrchr(path, '/');
    json_object_set_new(body, "file", json_pack("{s:s, s:o}", "name", slash ? slash + 1 : path, "data", json_from_str(buf_str(&data))));
    return OK;
}

static void print_sent(const json_t *answer)
{
    const char *state = json_text(answer, "state"), *error = json_text(answer, "error");

    printf("%s ", strcmp(state, "sent") == 0 ? "sent to" : strcmp(state, "ready") == 0 ? "on its way to" : state);
    printf("%s:", json_text(answer, "to.platform"));
    cli_print_text(stdout, json_text_str(answer, "to.chat_id"));
    if (*error) {
        fputs(": ", stdout);
        cli_print_text(stdout, str_from(error));
    }
    putchar('\n');
}

static enum err send_to_fiber(void *arg) AWAITS
{
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(json_decrefp) json_t *body = NULL, *answer = NULL;
    struct cli *c = arg;
    bool wait = cli_flag(c, "wait");

    if (c->n_words || !cli_flag(c, "file"))
        TRY(cli_collect_text(c, &text));
    body = json_pack("{s:s, s:o}", "to", cli_flag(c, "to"), "text", json_from_str(str_trim(buf_str(&text))));
    TRY(add_file(c, body));
    TRY(remote_call(c, "POST", wait ? "/api/v1/send?mode=wait" : "/api/v1/send", body, &answer));
    if (c->json)
        cli_print_json(answer);
    else
        print_sent(answer);
    c->told = !c->json;
    if (wait && strcmp(json_text(answer, "state"), "sent"))
        return failed(ERR_REMOTE, "it ended as %s", json_text(answer, "state"));
    return OK;
}

enum err cli_send_to(struct cli *c)
{
    if (cli_flag(c, "session") || cli_flag(c, "stream") || cli_flag(c, "async"))
        return cli_usage(c, "--session, --stream and --async are for messages to the assistant; --to goes to somebody else");
    return cli_in_loop(c, send_to_fiber);
}
