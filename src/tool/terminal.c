// SPDX-License-Identifier: Apache-2.0
#include "tool/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BELL = 7, BACKSPACE = 8, CANCEL = 24, SUBSTITUTE = 26, ESCAPE = 27, DELETE = 127 };

enum err terminal_open(struct terminal_size size, int *ret_master, int *ret_slave)
{
    struct winsize w = { .ws_col = size.columns, .ws_row = size.rows };
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;

    if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 && ioctl(master, TIOCSWINSZ, &w) == 0)
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        enum err e = failed(ERR_IO, "no terminal: %s", strerror(errno));

        if (master >= 0)
            close(master);
        return e;
    }
    *ret_master = master;
    *ret_slave = slave;
    return OK;
}

static void after_escape(struct terminal_text *t, unsigned char c)
{
    if (c == '[')
        t->state = TERMINAL_CSI;
    else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')     /* OSC, DCS, SOS, PM, APC */
        t->state = TERMINAL_STRING;
    else if (c >= 0x20 && c <= 0x2f)                            /* a character set, a line's size: one more byte */
        t->state = TERMINAL_SKIP_ONE;
    else if (c != ESCAPE)
        t->state = TERMINAL_PLAIN;
}

static void plain(struct terminal_text *t, unsigned char c, struct buf *out)
{
    bool is_text = (c >= ' ' && c != DELETE) || c == '\t' || c == '\n';

    if (c == ESCAPE)
        t->state = TERMINAL_ESCAPE;
    if (c == '\r')
        t->carriage = true;
    if (!is_text)
        return;
    if (t->carriage && t->written && c != '\n')
        buf_add_char(out, '\n');
    t->carriage = false;
    t->written = c != '\n';
    buf_add_char(out, (char)c);
}

static void step(struct terminal_text *t, unsigned char c, struct buf *out)
{
    switch (t->state) {
    case TERMINAL_PLAIN:
        plain(t, c, out);
        return;
    case TERMINAL_ESCAPE:
        after_escape(t, c);
        return;
    case TERMINAL_SKIP_ONE:
        if (c < 0x20 || c > 0x2f)
            t->state = TERMINAL_PLAIN;
        return;
    case TERMINAL_CSI:
        if (c == ESCAPE)
            t->state = TERMINAL_ESCAPE;
        else if ((c >= 0x40 && c <= 0x7e) || c == CANCEL || c == SUBSTITUTE)
            t->state = TERMINAL_PLAIN;
        return;
    case TERMINAL_STRING:
        if (c == ESCAPE)
            t->state = TERMINAL_STRING_ESCAPE;
        else if (c == BELL || c == CANCEL || c == SUBSTITUTE)
            t->state = TERMINAL_PLAIN;
        return;
    case TERMINAL_STRING_ESCAPE:
        if (c == '\\')
            t->state = TERMINAL_PLAIN;
        else        /* an escape ends a string whatever follows */
            after_escape(t, c);
        return;
    }
}

void terminal_text_add(struct terminal_text *t, str bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++)
        step(t, (unsigned char)bytes.p[i], out);
}
