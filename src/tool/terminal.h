// SPDX-License-Identifier: Apache-2.0
/* terminal.h: a pseudo-terminal for a command, and its output as plain text.
 *
 * The escape sequences are those of ECMA-48 (xterm's ctlseqs).  What they would draw is not drawn: they are left out, so
 * that a line is what was written into it.  However the bytes are cut, the text is the same. */
#pragma once
#include "base/buf.h"

struct terminal_size { unsigned short columns, rows; };     /* 0: no terminal */

/* Both descriptors are the caller's, close on exec.  It is nobody's controlling terminal. */
enum err terminal_open(struct terminal_size, int *ret_master, int *ret_slave) MUST_USE;

struct terminal_text {
    enum { TERMINAL_PLAIN, TERMINAL_ESCAPE, TERMINAL_SKIP_ONE, TERMINAL_CSI, TERMINAL_STRING, TERMINAL_STRING_ESCAPE } state;
    bool written, carriage;     /* private: in this line stands something; the cursor was sent back to its beginning */
};

/* Adds what can be read of the bytes.  A carriage return becomes the end of a line when something is written over it. */
void terminal_text_add(struct terminal_text *, str bytes, struct buf *out);
