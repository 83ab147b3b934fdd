// SPDX-License-Identifier: Apache-2.0
#include "cli/prompt.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/offload.h"

struct line { char *text; size_t size; ssize_t n; };

static enum err read_line(void *arg)    /* in a pool thread */
{
    struct line *l = arg;

    l->n = getline(&l->text, &l->size, stdin);
    return OK;
}

static void line_done(struct line *l)
{
    if (l->text)
        explicit_bzero(l->text, l->size);
    free(l->text);
}

static struct termios shown;    /* the terminal as it was found */

/* Ctrl-C while nothing is shown must not leave a terminal that shows nothing. */
static void show_and_die(int signal_number)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static bool hide_typing(void)
{
    if (tcgetattr(STDIN_FILENO, &shown))
        return false;
    struct termios hidden = shown;

    hidden.c_lflag &= ~(tcflag_t)ECHO;
    signal(SIGINT, show_and_die);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    return true;
}

static void show_typing(void)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    signal(SIGINT, SIG_DFL);
}

enum err prompt_line(struct arena *a, enum visibility v, str *out)
{
    CLEANUP(line_done) struct line l = {0};
    bool hidden = v == HIDDEN && hide_typing();
    enum err e = fiber_offload(read_line, &l);

    if (hidden) {
        show_typing();
        putchar('\n');
    }
    TRY(e);
    *out = l.n < 0 ? NO_STR : arena_str(a, str_trim(str_of(l.text, (size_t)l.n)));
    return OK;
}
