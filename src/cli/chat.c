// SPDX-License-Identifier: Apache-2.0
/* chat: a talk on the terminal.  Lines are read in a pool thread, because libedit blocks; the loop stays free for
 * Ctrl-C.  While a line is edited the terminal sends no signal (see open_editor), so that SIGINT always means: stop
 * the answer. */
#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/ask.h"
#include "cli/setup.h"
#include "runtime/loop.h"
#include "runtime/offload.h"

enum { HISTORY_MAX = 1000, INTERRUPTED = 130 };

struct chat {
    struct ask ask;
    EditLine   *editor;         /* NULL: standard input is no terminal */
    History    *history;
    const char *history_path;
    char       *line;           /* of the last read; malloc'd when it comes from getline() */
    size_t      line_size;
    str         text;           /* in it, or in the editor */
    bool        ended;
    int         stops;          /* Ctrl-C within this turn */
};

static char *prompt(EditLine *e)
{
    static char text[] = "> ";

    (void)e;
    return text;
}

static const char *history_file(struct cli *c)
{
    struct config_inputs in;
    const char *home;

    cli_inputs(c, &in);
    return config_home(c->arena, &in, &home) == OK ? arena_printf(c->arena, "%s/chat_history", home) : NULL;
}

static void open_editor(struct chat *chat)
{
    HistEvent ev;

    chat->editor = el_init("clawdbot", stdin, stdout, stderr);
    chat->history = history_init();
    chat->history_path = history_file(chat->ask.cli);
    if (chat->editor == NULL || chat->history == NULL)
        return;
    history(chat->history, &ev, H_SETSIZE, HISTORY_MAX);
    history(chat->history, &ev, H_SETUNIQUE, 1);
    if (chat->history_path)
        history(chat->history, &ev, H_LOAD, chat->history_path);
    el_set(chat->editor, EL_PROMPT, prompt);
    el_set(chat->editor, EL_EDITOR, "emacs");
    el_set(chat->editor, EL_HIST, history, chat->history);
    el_set(chat->editor, EL_SETTY, "-d", "-isig", NULL);
    el_set(chat->editor, EL_BIND, "^C", "ed-start-over", NULL);
    el_set(chat->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
}

/* What was said to the assistant is nobody else's business. */
static void save_history(struct chat *chat)
{
    HistEvent ev;
    mode_t old = umask(077);

    if (chat->history && chat->history_path)
        history(chat->history, &ev, H_SAVE, chat->history_path);
    umask(old);
}

static void chat_done(struct chat *chat)
{
    save_history(chat);
    if (chat->history)
        history_end(chat->history);
    if (chat->editor)
        el_end(chat->editor);
    free(chat->line);
    ask_done(&chat->ask);
}

/* In a pool thread. */
static enum err read_line(void *arg)
{
    struct chat *chat = arg;

    if (chat->editor) {
        int n = 0;

        el_set(chat->editor, EL_PREP_TERM, 1);      /* by itself it does so only after the prompt: a quick Ctrl-C would be a signal */
        const char *line = el_gets(chat->editor, &n);

        chat->ended = line == NULL || n <= 0;
        chat->text = chat->ended ? NO_STR : str_of(line, strlen(line));
        return OK;
    }
    ssize_t n = getline(&chat->line, &chat->line_size, stdin);

    chat->ended = n < 0;
    chat->text = n < 0 ? NO_STR : str_of(chat->line, (size_t)n);
    return n < 0 && ferror(stdin) ? failed(ERR_IO, "standard input: %s", strerror(errno)) : OK;
}

static const int interrupt[] = { SIGINT, 0 };

/* The first Ctrl-C asks for an end, the second leaves.  Without a terminal and without a turn it is what it is
 * everywhere. */
static enum err interrupt_fiber(void *arg)
{
    struct chat *chat = arg;
    int which;

    for (;;) {
        TRY(signal_wait(interrupt, &which));
        if (!chat->ask.running && chat->editor)
            continue;
        if (!chat->ask.running || chat->stops++ > 0) {
            save_history(chat);
            _exit(INTERRUPTED);
        }
        if (ask_stop(&chat->ask))
            fprintf(stderr, "clawdbot: the answer was not stopped: %s\n", failed_text());
    }
}

static void remember(struct chat *chat)
{
    CLEANUP(buf_done) struct buf line = {0};
    HistEvent ev;

    if (chat->history == NULL)
        return;
    buf_add(&line, chat->text);
    history(chat->history, &ev, H_ENTER, buf_c(&line));
}

static enum err one_turn(struct chat *chat) AWAITS
{
    CLEANUP(buf_done) struct buf text = {0};

    remember(chat);
    buf_add(&text, str_trim(chat->text));
    chat->stops = 0;
    TRY(ask_run(&chat->ask, buf_str(&text)));
    return ask_go_on(&chat->ask);
}

/* A turn that fails does not end a talk between people; a script wants to know. */
static enum err talk(struct chat *chat) AWAITS
{
    for (;;) {
        TRY(fiber_offload(read_line, chat));
        if (chat->ended)
            return OK;
        if (str_trim(chat->text).len == 0)
            continue;
        enum err e = one_turn(chat);

        if (e && (chat->editor == NULL || chat->ask.cli->exit_code == CLI_NO_GATEWAY))
            return e;
        if (e && !chat->ask.cli->told) {
            fputs("clawdbot: ", stderr);
            cli_print_text(stderr, str_from(failed_text()));
            fputc('\n', stderr);
        }
    }
}

static enum err chat_fiber(void *arg) AWAITS
{
    struct cli *c = arg;
    CLEANUP(chat_done) struct chat chat = { .ask = { .cli = c, .on_terminal = isatty(STDOUT_FILENO) } };
    CLEANUP(fibers_done) struct fibers g = {0};
    CLEANUP(json_decrefp) json_t *status = NULL;

    if (cli_flag(c, "session"))
        snprintf(chat.ask.session, sizeof chat.ask.session, "%s", cli_flag(c, "session"));
    TRY(remote_call(c, "GET", "/health", NULL, &status));      /* say at once that nobody is there */
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !c->json)
        open_editor(&chat);
    TRY(signal_catch(interrupt));       /* before the prompt invites one */
    fibers_spawn(&g, "ctrl-c", interrupt_fiber, &chat);
    enum err e = talk(&chat);

    if (chat.editor)
        putchar('\n');
    return e;
}

enum err command_chat(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    if (isatty(STDIN_FILENO)) {
        TRY(cli_load_config(c));
        TRY(setup_offer(c));
    }
    return cli_in_loop(c, chat_fiber);
}
