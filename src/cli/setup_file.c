// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/setup.h"
#include "store/folder.h"

void setup_quote(struct buf *b, const char *text)
{
    buf_add_char(b, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_add_char(b, '\'');
        if (text[0] == '$' && text[1] == '{')
            buf_add_char(b, '$');
        buf_add_char(b, *text);
    }
    buf_add_char(b, '\'');
}

static void add_line(struct buf *b, const char *key, const char *value)
{
    if (*value == '\0')
        return;
    buf_addf(b, "%s: ", key);
    setup_quote(b, value);
    buf_add_char(b, '\n');
}

void setup_render(struct buf *b, const struct setup_answers *s)
{
    buf_add(b, S("# Written by `clawdbot setup`, which writes it anew each time.\n"
                 "# What you write in default.yaml beside it wins.\n"));
    add_line(b, "language", s->language);
    if (*s->endpoint || *s->api_key || *s->model)
        buf_add(b, S("model_provider:\n"));
    add_line(b, "  endpoint", s->endpoint);
    add_line(b, "  api_key", s->api_key);
    add_line(b, "  model", s->model);
}

static enum err write_file(const char *path, str text)
{
    CLEANUP(raw_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || fchmod(fd, 0600))
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    while (text.len) {
        ssize_t n = write(fd, text.p, text.len);

        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "%s: %s", path, strerror(errno));
        text = str_skip(text, n > 0 ? (size_t)n : 0);
    }
    return fsync(fd) ? failed(ERR_IO, "%s: %s", path, strerror(errno)) : OK;
}

enum err setup_put(struct cli *c, const char *path, str text)
{
    const char *new = arena_printf(c->arena, "%s.new", path);

    TRY(folders_make_for(path));
    TRY(write_file(new, text));
    if (rename(new, path))
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    return folder_sync_of(path);
}

enum err setup_write(struct cli *c, const struct setup_answers *s, const char **ret_path)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct config_inputs in;
    const char *home;

    cli_inputs(c, &in);
    TRY(config_home(c->arena, &in, &home));
    *ret_path = arena_printf(c->arena, "%s/config/setup.yaml", home);
    setup_render(&text, s);
    return setup_put(c, *ret_path, buf_str(&text));
}
