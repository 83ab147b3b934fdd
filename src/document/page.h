// SPDX-License-Identifier: Apache-2.0
/* page.h: what a web server answered, as text that a model can read: HTML as Markdown, JSON that is one line laid out, other
 * text as it is, all of it UTF-8.  Pure but for the modules that it loads, and slow for a large page: in a pool thread. */
#pragma once
#include "base/buf.h"

enum page_form { PAGE_READABLE, PAGE_AS_IT_IS };

struct page {
    str            url, content_type;   /* in: where it came from; the Content-Type, or NO_STR */
    str            body;
    enum page_form form;
    struct buf     title, text;         /* out; UTF-8.  title is "" where there is none */
    const char    *charset;             /* out: what the body was in */
    bool           cut;                 /* out: the text is longer than PAGE_TEXT_MAX */
};

enum { PAGE_TEXT_MAX = 4 << 20 };

/* ERR_INPUT: it is no text; ERR_LIMIT: HTML that nobody can read. */
enum err page_read(struct page *) MUST_USE;
void     page_done(struct page *);

/* Judged by the Content-Type, and where that says little by the bytes. */
bool     page_is_text(str content_type, str body);
