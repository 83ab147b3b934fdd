// SPDX-License-Identifier: Apache-2.0
/* markup_marks.h: how each platform writes bold, links, lists and the like, as one row of a table (markup_marks.c).  What a row
 * leaves out the platform does not have: that text is written without. */
#pragma once
#include "base/buf.h"
#include "domain/channel.h"

/* Text is put into at most one of each at a time; code holds no other. */
enum text_style { STYLE_BOLD, STYLE_ITALIC, STYLE_STRIKE, STYLE_CODE, TEXT_STYLES };

struct mark { const char *open, *close; };      /* close NULL: like open */

/* Where a mark is one. */
enum mark_place {
    ANYWHERE,
    AT_WORDS,           /* not inside a word: an invisible space makes it stand at one's edge */
    AT_SPACES,          /* only behind a space or another mark: elsewhere the style is left out */
};

enum link_form {
    LINK_SAYS_ADDRESS,  /* text (https://...) */
    LINK_TAG,           /* <a href="...">text</a> */
    LINK_BRACKETS,      /* [text](https://...) */
    LINK_ANGLES,        /* <https://...|text> */
};

struct marks {
    struct mark style[TEXT_STYLES];
    bool        tags;           /* marks are tags, which may stand anywhere and are written at once */
    enum mark_place place;
    bool        code_alone;     /* code stands in no other style */
    bool        code_any_ticks; /* more backticks around code that holds some; else such code is written as text */
    struct mark fence;          /* around a block of code or an aligned table; NULL: its lines are text */
    struct mark line;           /* around each line of a block where there is no fence */
    bool        fence_language; /* the language's name and a newline stand behind the opening */
    enum link_form link;
    bool        bare_links;     /* an address that is its own text stands without marks */
    unsigned    heading_max;    /* "# " to so many; deeper ones, and 0: bold */
    struct mark quote;          /* around a quote; NULL: each of its lines begins with "> " */
    bool        quote_lines;    /* "> " is syntax: at the very start of each of its lines */
    bool        quotes_nest;    /* a quote in a quote is one; else it is a part of it */
    const char *bullet;
    unsigned    indent;         /* columns a level of a list; 0: as wide as the item's mark */
    const char *newline;        /* within a paragraph or a list */
    /* Characters of text that would be marks. */
    const char *backslash;      /* a backslash before them */
    const char *entity;         /* written as &lt; and the like */
    const char *line_start;     /* escaped, too, where a line begins with them; "1." as well */
    bool        entity_in_code;
    bool        entity_numbers; /* &#60; rather than &lt; */
    const char *const *mentions;        /* NULL at the end: what would call people is never written, wherever it comes from */
};

const struct marks *markup_marks(enum markup);

/* What would call people, from `from` on, is taken apart by an invisible space. */
void markup_without_mentions(struct buf *, size_t from, const struct marks *);
/* Is what this text begins with a call for people? */
bool markup_is_mention(str, const struct marks *);
