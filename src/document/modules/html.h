// SPDX-License-Identifier: Apache-2.0
/* modules/html.h: the module that reduces a page to Markdown, by gumbo: title, headings, paragraphs, links, lists, tables,
 * code, quotations, what images are said to show.  Scripts, styles, navigation, forms' fields and what is hidden are left out;
 * where a page says which part of it is the main one, the rest is.
 *
 * Nothing here recurses over the page, and a page that makes gumbo use too much memory or time is ERR_LIMIT. */
#pragma once
#include "base/buf.h"

struct html_page {
    str         html;               /* UTF-8 */
    struct buf *title, *text;       /* their maximum is the caller's */
    void       *arg;
    void      (*on_base)(void *arg, str href);                      /* <base href>, before any link */
    /* The address that a reference leads to, onto out; false: the reader cannot go there. */
    bool      (*resolve)(void *arg, str href, struct buf *out);
};

struct html_module { enum err (*convert)(const struct html_page *); };
extern const struct html_module clawdbot_module_html;
