// SPDX-License-Identifier: Apache-2.0
/* shell_words.h: a line of shell as the words that /bin/sh would run, where it is no more than words.  No I/O.
 *
 * Simple are commands of literal words (quotes and escapes taken away as POSIX, Shell Command Language 2.2 and 2.6.7
 * say), joined by && || | ; or line ends, with redirections from and to a file that is named literally.  All else
 * (a variable, a substitution, a here-document, a subshell, a function, background, braces, ~, ...) is complex: what
 * would run is not to be read off the line.  dash and bash agree about whatever is called simple. */
#pragma once
#include "base/arena.h"

enum { SHELL_LINE_MAX = 16 << 10 };

struct shell_word { str text; bool has_glob; };     /* has_glob: an unquoted * ? or [: it may become other words */
struct shell_redirect { str path; bool writes; };
enum shell_join { SHELL_FIRST, SHELL_AND, SHELL_OR, SHELL_PIPE, SHELL_THEN };

struct shell_command {
    enum shell_join join;           /* to the one before */
    struct shell_word *words;       /* at least one */
    size_t n;
    struct shell_word *assigned;    /* NAME=value before the first word */
    size_t n_assigned;
    struct shell_redirect *redirects;
    size_t n_redirects;
};

struct shell_line {
    const char *complex;            /* why it is more than words, and has no commands; NULL: it is simple */
    struct shell_command *commands;
    size_t n;
};

/* Everything of `out` is in the arena. */
void shell_words_parse(struct arena *, str line, struct shell_line *out);
/* Why nobody should trust their eyes with this text: bytes that are no text, control characters, characters that are
 * invisible or change the order in which others are shown.  NULL: it is what it looks like. */
const char *shell_text_deceives(str);
