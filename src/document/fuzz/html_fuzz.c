// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a page: the Markdown is UTF-8, no line of it ends in a blank outside of code, and it neither begins nor ends with one. */
#include <assert.h>

#include "base/utf8.h"
#include "document/modules/html.h"

static void on_base(void *arg, str href)
{
    (void)arg;
    assert(href.len);
}

static bool resolve(void *arg, str href, struct buf *out)
{
    (void)arg;
    buf_add(out, S("https://h/"));
    buf_add(out, str_take(href, 20));
    return href.len % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    CLEANUP(buf_done) struct buf in = {0}, title = { .max = 64 }, text = { .max = 1 << 20 };
    struct html_page page = { .title = &title, .text = &text, .on_base = on_base, .resolve = resolve };

    utf8_add_repaired(&in, str_of(p, n));
    page.html = buf_str(&in);
    if (clawdbot_module_html.convert(&page) != OK)
        return 0;
    assert(text.overflowed || text.len == 0 || (text.p[0] != '\n' && text.p[text.len - 1] != '\n'));
    assert(str_find_char(buf_str(&title), '\n') == STR_NONE);
    return 0;
}
