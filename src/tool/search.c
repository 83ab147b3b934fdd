// SPDX-License-Identifier: Apache-2.0
#include "tool/search.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "net/url.h"

enum { TITLE_MAX = 200, URL_MAX = 1000, SNIPPET_MAX = 600, REASON_MAX = 200 };

const struct search_provider search_providers[] = {
    { .name = "searxng", .needs = "tools.web_search.searxng.endpoint", .path = "search?q=%Q&format=json",
      .results = "results", .title = "title", .url = "url", .snippet = "content", .refused = "error" },
    { .name = "brave", .needs = "tools.web_search.brave.api_key", .path = "web/search?q=%Q&count=%N",
      .key_field = "X-Subscription-Token",
      .results = "web.results", .title = "title", .url = "url", .snippet = "description", .refused = "error.detail" },
    { .name = "tavily", .needs = "tools.web_search.tavily.api_key", .path = "search", .body = "{\"query\":%Q,\"max_results\":%N}",
      .key_field = "Authorization", .key_prefix = "Bearer ",
      .results = "results", .title = "title", .url = "url", .snippet = "content", .refused = "detail.error" },
    { .name = "bing", .needs = "tools.web_search.bing.api_key", .path = "v7.0/search?q=%Q&count=%N",
      .key_field = "Ocp-Apim-Subscription-Key",
      .results = "webPages.value", .title = "name", .url = "url", .snippet = "snippet", .refused = "error.message" },
};
const size_t n_search_providers = N_ELEMENTS(search_providers);

const struct search_provider *search_find(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(search_providers); i++)
        if (str_eq(name, str_from(search_providers[i].name)))
            return &search_providers[i];
    return NULL;
}

/* --- the request --- */

static void add_filled(struct buf *out, const char *pattern, str question, unsigned count, void (*add)(struct buf *, str))
{
    for (str rest = str_from(pattern); rest.len; rest = str_skip(rest, 1)) {
        if (str_eat(&rest, S("%Q")))
            add(out, question);
        else if (str_eat(&rest, S("%N")))
            buf_addf(out, "%u", count);
        if (rest.len)
            buf_add_char(out, *rest.p);
    }
}

enum err search_request(const struct search_provider *p, struct arena *a, const struct search_target *t, str question, unsigned count,
                        struct http_request *out)
{
    CLEANUP(buf_done) struct buf path = {0}, body = {0};
    struct http_field *fields = arena_alloc(a, 3 * sizeof *fields);
    size_t n = 0;

    add_filled(&path, p->path, question, count, url_add_encoded);
    if (p->body)
        add_filled(&body, p->body, question, count, json_add_string);
    TRY(buf_check(&path, "the question"));
    fields[n++] = (struct http_field){ S("Accept"), S("application/json") };
    if (p->body)
        fields[n++] = (struct http_field){ S("Content-Type"), S("application/json") };
    if (p->key_field && *t->api_key)
        fields[n++] = (struct http_field){ str_from(p->key_field),
                                           str_from(arena_printf(a, "%s%s", p->key_prefix ? p->key_prefix : "", t->api_key)) };
    *out = (struct http_request){ .method = p->body ? "POST" : "GET", .url = url_join(a, str_from(t->endpoint), buf_str(&path)),
                                  .fields = fields, .n_fields = n, .body = arena_str(a, buf_str(&body)) };
    return OK;
}

/* --- the answer --- */

static const struct { str text; const char *means; } entities[] = {
    { { "&amp;", 5 }, "&" }, { { "&lt;", 4 }, "<" }, { { "&gt;", 4 }, ">" }, { { "&quot;", 6 }, "\"" }, { { "&#39;", 5 }, "'" },
    { { "&#x27;", 6 }, "'" }, { { "&nbsp;", 6 }, " " },
};

/* A character reference at the beginning of s becomes what it means. */
static bool take_entity(str *s, struct buf *out)
{
    for (size_t i = 0; i < N_ELEMENTS(entities); i++)
        if (str_eat(s, entities[i].text)) {
            buf_add(out, str_from(entities[i].means));
            return true;
        }
    return false;
}

/* Some emphasize with tags what was searched for. */
static bool take_tag(str *s)
{
    static const str tags[] = { { "<strong>", 8 }, { "</strong>", 9 }, { "<b>", 3 }, { "</b>", 4 }, { "<em>", 4 }, { "</em>", 5 } };

    for (size_t i = 0; i < N_ELEMENTS(tags); i++)
        if (str_eat(s, tags[i]))
            return true;
    return false;
}

/* One line, plain, not too long. */
static void add_plain(struct buf *out, str text, size_t max)
{
    CLEANUP(buf_done) struct buf plain = {0};

    while (text.len) {
        if (take_tag(&text) || take_entity(&text, &plain))
            continue;
        bool blank = (unsigned char)*text.p <= ' ';

        if (!blank)
            buf_add_char(&plain, *text.p);
        else if (plain.len && plain.p[plain.len - 1] != ' ')
            buf_add_char(&plain, ' ');
        text = str_skip(text, 1);
    }
    str fits = str_trim(buf_str(&plain));

    buf_add(out, utf8_take(fits, max));
    if (fits.len > max)
        buf_add(out, S("..."));
}

static enum err refused(const struct search_provider *p, int status, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    CLEANUP(buf_done) struct buf why = {0};

    if (json_parse(body, &j) == OK && json_text_str(j, p->refused).len) {
        buf_add(&why, S(": "));
        add_plain(&why, json_text_str(j, p->refused), REASON_MAX);
    }
    if (strcmp(p->name, "searxng") == 0 && status == 403)
        buf_add(&why, S("; is \"json\" in search.formats of its settings.yml?"));
    return failed(ERR_REMOTE, "%s: status %d%s", p->name, status, buf_c(&why));
}

static void add_result(const struct search_provider *p, const json_t *r, unsigned number, struct buf *out)
{
    buf_addf(out, "%u. ", number);
    add_plain(out, json_text_str(r, p->title), TITLE_MAX);
    buf_add(out, S("\n   "));
    add_plain(out, json_text_str(r, p->url), URL_MAX);
    if (json_text_str(r, p->snippet).len) {
        buf_add(out, S("\n   "));
        add_plain(out, json_text_str(r, p->snippet), SNIPPET_MAX);
    }
    buf_add(out, S("\n"));
}

enum err search_decode(const struct search_provider *p, int status, str body, unsigned count, struct buf *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    unsigned number = 0;
    json_t *r;
    size_t i;

    if (status != 200)
        return refused(p, status, body);
    if (json_parse(body, &j) != OK || !json_is_object(j))
        return failed(ERR_REMOTE, "%s: what it answers is not JSON", p->name);
    json_array_foreach(json_at(j, p->results), i, r)
        if (number < count && json_text_str(r, p->url).len)
            add_result(p, r, ++number, out);
    return OK;
}
