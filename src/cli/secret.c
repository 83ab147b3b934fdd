// SPDX-License-Identifier: Apache-2.0
/* secret set | list | rm | rotate.  A value comes from a file, from standard input or unseen from the terminal, never from the
 * command line, which other users and the shell's history can read; and it is shown nowhere. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/keeper.h"
#include "cli/prompt.h"
#include "store/folder.h"
#include "store/secrets.h"

static void wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

/* ---- the value ---- */

static enum err read_all(int fd, const char *name, struct buf *out)
{
    size_t room;
    ssize_t n;

    (void)buf_room(out, SECRET_VALUE_MAX + 2, &room);       /* in one place */
    do {
        char *to = buf_room(out, 4096, &room);

        n = room ? read(fd, to, room) : 0;
        if (n > 0)
            buf_grown(out, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? failed(ERR_IO, "%s: %s", name, strerror(errno)) : OK;
}

/* As echo and editors leave it. */
static str without_line_end(str s)
{
    if (str_ends(s, S("\n")))
        s.len--;
    if (str_ends(s, S("\r")))
        s.len--;
    return s;
}

static enum err read_value(struct cli *c, const char *name, struct buf *out) AWAITS
{
    const char *path = cli_flag(c, "file");
    str line;

    if (path) {
        CLEANUP(raw_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd < 0 ? failed(ERR_IO, "%s: %s", path, strerror(errno)) : read_all(fd, path, out);
    }
    if (!isatty(STDIN_FILENO))
        return read_all(STDIN_FILENO, "standard input", out);
    printf("Value of %s (not shown): ", name);
    fflush(stdout);
    TRY(prompt_line(c->arena, HIDDEN, &line));
    buf_add(out, line);
    if (line.len)
        explicit_bzero((char *)line.p, line.len);
    return OK;
}

/* ---- set ---- */

static enum err set_fiber(void *arg) AWAITS
{
    CLEANUP(wipe) struct buf bytes = { .max = SECRET_VALUE_MAX + 2 };
    CLEANUP(keeper_close) struct keeper k = { .cli = arg };
    const char *name = k.cli->words[0];

    TRY(keeper_open(&k, LOCAL_MADE));
    TRY(read_value(k.cli, name, &bytes));
    str value = without_line_end(buf_str(&bytes));

    TRY(keeper_keep(&k, name, value));
    if (!k.cli->json)
        printf("%s is set\n", name);
    return OK;
}

enum err command_secret_set(struct cli *c)
{
    if (c->n_words > 1)         /* the rest is not repeated: it may be the value */
        return cli_usage(c, "a value is not given on the command line, where others can read it: leave it out and type it, or pipe "
                            "it in, or --file FILE");
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, set_fiber);
}

/* ---- list, rm, rotate ---- */

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *names = json_array();
    CLEANUP(keeper_close) struct keeper k = { .cli = arg };

    TRY(keeper_open(&k, LOCAL_MADE));
    for (size_t i = 0; i < keeper_count(&k); i++) {
        json_array_append_new(names, json_from_str(keeper_name(&k, i)));
        if (!k.cli->json)
            printf("%.*s\n", STR(keeper_name(&k, i)));
    }
    if (k.cli->json)
        cli_print_json(names);
    else if (json_array_size(names) == 0)
        puts("there are no secrets; `clawdbot secret set NAME` keeps one");
    return OK;
}

enum err command_secret_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

static enum err rm_fiber(void *arg) AWAITS
{
    CLEANUP(keeper_close) struct keeper k = { .cli = arg };

    TRY(keeper_open(&k, LOCAL_MADE));
    for (size_t i = 0; i < k.cli->n_words; i++) {
        TRY(keeper_forget(&k, k.cli->words[i]));
        if (!k.cli->json)
            printf("%s is gone\n", k.cli->words[i]);
    }
    return OK;
}

enum err command_secret_rm(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    return cli_in_loop(c, rm_fiber);
}

static enum err rotate_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(keeper_close) struct keeper k = { .cli = arg };

    TRY(keeper_open(&k, LOCAL_MADE));
    TRY(k.secrets ? secrets_rotate(k.secrets, S("owner"))
                  : remote_call(k.cli, "POST", "/api/v1/admin/secrets/rotate", NULL, &answer));
    if (!k.cli->json)
        printf("there is a new master key; keep a copy of %s/master.key\n", k.local.home);
    return OK;
}

enum err command_secret_rotate(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, rotate_fiber);
}
