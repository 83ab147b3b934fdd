// SPDX-License-Identifier: Apache-2.0
#include "document/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "net/url.h"
#include "runtime/module.h"
#include "document/charset.h"
#include "document/modules/html.h"

enum { LOOK_AT = 8 << 10, UTF8_MAX = 64 << 20 };

void page_done(struct page *p)
{
    buf_done(&p->title);
    buf_done(&p->text);
}

static bool type_contains(str content_type, const char *const *words, size_t n)
{
    str type = str_trim(str_take(content_type, str_find_char(content_type, ';')));

    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at + strlen(words[i]) <= type.len; at++)
            if (str_eq_nocase(str_cut(type, at, at + strlen(words[i])), str_from(words[i])))
                return true;
    return false;
}

#define IS_ONE_OF(type, ...) \
    type_contains((type), (const char *const[]){ __VA_ARGS__ }, N_ELEMENTS(((const char *const[]){ __VA_ARGS__ })))

bool page_is_text(str content_type, str body)
{
    str head = str_take(body, LOOK_AT);
    bool wide = str_starts(head, S("\xff\xfe")) || str_starts(head, S("\xfe\xff"))
                || IS_ONE_OF(charset_of_content_type(content_type), "utf-16", "ucs-2");

    if (content_type.len
        && !IS_ONE_OF(content_type, "text/", "json", "xml", "html", "javascript", "ecmascript", "yaml", "toml", "x-sh", "sql", "graphql",
                      "x-www-form-urlencoded", "x-ndjson", "octet-stream", "unknown", "pgp", "x-tex", "x-php"))
        return false;
    if (IS_ONE_OF(content_type, "openxml", "opendocument", "vnd.ms-"))
        return false;
    return wide || !head.len || !memchr(head.p, '\0', head.len);
}

/* A server that names no type: a page begins like one. */
static bool is_html(const struct page *p)
{
    str head = str_trim(str_take(p->body, 256));

    str_eat(&head, S("\xef\xbb\xbf"));
    if (IS_ONE_OF(p->content_type, "html"))
        return true;
    return (p->content_type.len == 0 || IS_ONE_OF(p->content_type, "octet-stream"))
           && (str_eq_nocase(str_take(head, 14), S("<!doctype html")) || str_eq_nocase(str_take(head, 5), S("<html")));
}

/* --- HTML --- */

static void on_base(void *arg, str href)
{
    struct buf *base = arg, old = *base;

    *base = (struct buf){0};
    if (url_resolve(buf_str(&old), href, base) == OK)
        buf_done(&old);
    else
        *base = old;
}

static bool resolve(void *arg, str href, struct buf *out)
{
    return url_resolve(buf_str(arg), href, out) == OK;
}

static enum err read_html(struct page *p, str utf8)
{
    CLEANUP(buf_done) struct buf base = {0};
    const void *table = NULL;
    struct html_page h = { .html = utf8, .title = &p->title, .text = &p->text, .arg = &base, .on_base = on_base, .resolve = resolve };

    TRY(module_load("html", &table));
    buf_add(&base, p->url);
    return ((const struct html_module *)table)->convert(&h);
}

/* --- text --- */

static void add_text(struct page *p, str text)
{
    str fits = text.len > PAGE_TEXT_MAX ? utf8_take(text, PAGE_TEXT_MAX) : text;

    buf_add(&p->text, fits);
    p->cut = fits.len < text.len;
}

/* False: it is not JSON, or somebody laid it out already. */
static bool read_json(struct page *p, str utf8)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (!IS_ONE_OF(p->content_type, "json") || memchr(str_trim(utf8).p, '\n', str_trim(utf8).len) || json_parse(utf8, &j) != OK)
        return false;
    char *text = json_dumps(j, JSON_INDENT(2) | JSON_ENCODE_ANY);

    if (text)
        add_text(p, str_from(text));
    free(text);
    return text != NULL;
}

static enum err read_text(struct page *p)
{
    CLEANUP(buf_done) struct buf utf8 = { .max = UTF8_MAX };
    bool markup = is_html(p) || IS_ONE_OF(p->content_type, "xml");

    TRY(charset_to_utf8(p->body, charset_of_content_type(p->content_type), markup ? CHARSET_OF_MARKUP : CHARSET_OF_TEXT, &utf8,
                        &p->charset));
    if (p->form == PAGE_READABLE && is_html(p))
        return read_html(p, buf_str(&utf8));
    if (p->form == PAGE_AS_IT_IS || !read_json(p, buf_str(&utf8)))
        add_text(p, buf_str(&utf8));
    return OK;
}

enum err page_read(struct page *p)
{
    p->title.max = 512;
    p->text.max = PAGE_TEXT_MAX;
    if (!page_is_text(p->content_type, p->body))
        return failed(ERR_INPUT, "it is no text");
    TRY(read_text(p));
    p->cut |= p->text.overflowed;
    return OK;
}
