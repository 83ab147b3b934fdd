// SPDX-License-Identifier: Apache-2.0
/* irc_line.h: a line of IRC (RFC 1459 section 2.3.1, tags of IRCv3) taken apart, and text cut for lines.  No I/O. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum { IRC_PARAMS_MAX = 15, IRC_LINE_BYTES = 510 };     /* a line without its CRLF, as others see it: with our own name before it */

struct irc_line {
    str    tags;                        /* "time=...;msgid=..." as they came */
    str    nick, mask;                  /* who said it: "ann", "ann!user@host"; a server has no nick but its name as the mask */
    str    command;
    str    params[IRC_PARAMS_MAX];      /* those that are missing: "" */
    size_t n_params;
};

/* Parts point into `line`.  ERR_INPUT: it is no line. */
enum err irc_parse(str line, struct irc_line *out) MUST_USE;
bool     irc_is(const struct irc_line *, const char *command);
/* A tag's value, unescaped, in the arena; "" if absent. */
str      irc_tag(struct arena *, const struct irc_line *, const char *name);

bool     irc_has_tag(const struct irc_line *, const char *name);

/* As the server compares names: rfc1459 takes {|}~ for the lower case of [\]^; `ascii` does not.  In the arena. */
str      irc_lower(struct arena *, str, bool ascii);
/* Without colours and other marks, valid UTF-8. */
void     irc_add_plain(struct buf *, str text);
/* What of the text goes into one line of `most` bytes: whole characters, where it can whole words; *text goes on behind it.  "" at
 * the end; line breaks part lines, empty ones are passed over. */
str      irc_take_line(str *text, size_t most);
/* Is it said to `nick`?  *ret_text is what is said, without the name in front. */
bool     irc_addressed(str text, str nick, str *ret_text);
/* "2026-01-01T10:00:00.123Z" in ms; 0: it is no such time. */
int64_t  irc_time_ms(str);
/* May it stand in a line as one parameter that is not the last? */
bool     irc_is_word(str);
