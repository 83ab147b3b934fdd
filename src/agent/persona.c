// SPDX-License-Identifier: Apache-2.0
#include "agent/persona.h"

#include <fcntl.h>
#include <unistd.h>

#include "agent/turn.h"
#include "base/utf8.h"
#include "tool/provenance.h"

enum { FILE_MAX = 8 << 10, QUOTE_MAX = 4 << 10, WHO_MAX = 200 };

/* Owner's own small files on the local disk, in the page cache after the first turn: read in place. */
static void add_file(struct buf *b, const char *workspace, const char *name)
{
    CLEANUP(buf_done) struct buf path = { 0 };
    char text[1024];
    size_t total = 0;
    ssize_t n;

    buf_addf(&path, "%s/%s", workspace, name);
    int fd = open(buf_c(&path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return;
    buf_addf(b, "\n\n# %s\n", name);
    while (total < FILE_MAX && (n = read(fd, text, sizeof text)) > 0) {
        buf_add(b, str_of(text, (size_t)n));
        total += (size_t)n;
    }
    close(fd);
}

enum { N_FILES = 3 };

static const char *file_of(const struct turn *t, size_t i)
{
    static const char *const names[N_FILES] = { "AGENTS.md", "SOUL.md", "USER.md" };

    return i == 0 && t->instructions ? t->instructions : names[i];
}

str persona_taint(const struct turn *t)
{
    for (size_t i = 0; person_is_owner(&t->person) && i < N_FILES; i++) {
        str whose = provenance_of(t->arena, file_of(t, i));

        if (whose.len)
            return str_from(arena_printf(t->arena, "file %.*s", STR(whose)));
    }
    return NO_STR;
}

str persona_prompt(const struct turn *t)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_addf(&b, "You are Clawdbot, a personal assistant running on your owner's own machine. You answer in the "
                 "language of the person you talk to, briefly and to the point, in Markdown.\n"
                 "You work in the folder %s. Tools see only this folder, and commands run in a sandbox whose only "
                 "network is what the owner opened, if anything. Say what you did and what came of it; never claim what a tool did not "
                 "confirm.",
             t->workspace);
    if (t->persona.len)
        buf_addf(&b, "\n\n# Your part: %.*s\n%.*s", STR(t->agent), STR(t->persona));
    if (person_is_owner(&t->person))
        for (size_t i = 0; i < N_FILES; i++)
            add_file(&b, t->workspace, file_of(t, i));
    return arena_str(t->arena, buf_str(&b));
}

/* Every line is marked: nothing in a quote can pass for what stands outside of it. */
static void add_quote(struct buf *b, str who, str text)
{
    CLEANUP(buf_done) struct buf all = { 0 };
    str line;

    buf_addf(&all, "%.*s: %.*s", STR(utf8_take(who, WHO_MAX)), STR(text));
    for (size_t i = 0; i < all.len; i++)
        if (all.p[i] == '\r')
            all.p[i] = '\n';
    for (str rest = buf_str(&all); str_split(&rest, '\n', &line); )
        buf_addf(b, "> %.*s\n", STR(line));
}

/* What a caller says was said before is quoted, not believed: it stands in the person's own message. */
static void add_previous(struct buf *b, const json_t *previous)
{
    size_t i;
    json_t *m;

    if (json_array_size(previous) == 0)
        return;
    buf_add(b, S("(Earlier messages, as the sender quotes them:\n"));
    json_array_foreach((json_t *)previous, i, m) {
        str text = json_is_string(m) ? json_strval(m) : json_text_str(m, "content.text");

        add_quote(b, json_text_str(m, "sender.user_id"), utf8_take(text, QUOTE_MAX));
    }
    buf_add(b, S(")\n\n"));
}

str persona_message(struct arena *arena, const struct message *m, const char *const *paths, const str *words)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (m->n_attachments == 0 && json_array_size(m->prev_messages) == 0)
        return m->text;
    add_previous(&b, m->prev_messages);
    buf_add(&b, m->text);
    for (size_t i = 0; i < m->n_attachments; i++) {
        const struct attachment *a = &m->attachments[i];

        buf_addf(&b, "%s[attached %.*s: %.*s%s%.*s%s%s]", b.len ? "\n" : "", STR(a->type),
                 STR(a->name.len ? a->name : a->url), a->mime.len ? ", " : "", STR(a->mime),
                 paths[i] ? ", in the workspace as " : "", paths[i] ? paths[i] : "");
        if (words && words[i].len) {
            buf_add_char(&b, '\n');
            add_quote(&b, S("said in it"), words[i]);
        }
    }
    return arena_str(arena, buf_str(&b));
}
