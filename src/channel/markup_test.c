// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/json.h"
#include "base/utf8.h"
#include "channel/markup.h"

static void check_written(const char *source, void (*write)(struct buf *, const struct md_node *), const char *want)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = {0};

    write(&b, markup_parse(a, str_from(source)));
    CHECK_STR(buf_str(&b), want);
}

TEST(telegram_gets_only_the_tags_it_allows)
{
    static const struct { const char *markdown, *html; } cases[] = {
        { "plain & <simple>",                   "plain &amp; &lt;simple&gt;" },
        { "**bold** *em* ~~gone~~ `a<b`",       "<b>bold</b> <i>em</i> <s>gone</s> <code>a&lt;b</code>" },
        { "***both***",                         "<i><b>both</b></i>" },
        { "**bold `code` on**",                 "<b>bold </b><code>code</code><b> on</b>" },
        { "# Title **b**\ntext",                "<b>Title b</b>\n\ntext" },
        { "one\ntwo  \nthree\n\nfour",          "one\ntwo\nthree\n\nfour" },
        { "- a\n- b\n  - c\n\n    d",           "• a\n• b\n  • c\n\n    d" },
        { "- a\n- b\n  - c",                    "• a\n• b\n  • c" },
        { "9. a\n10. b\n    more",              "9. a\n10. b\n    more" },
        { "- [x] done\n- [ ] open",             "• ☑ done\n• ☐ open" },
        { "[x](https://e.org/?a=1&b=\"2\")",    "<a href=\"https://e.org/?a=1&amp;b=&quot;2&quot;\">x</a>" },
        { "[x](javascript:alert(1))",           "x (javascript:alert(1))" },
        { "[`x` **y**](https://e.org)",         "<a href=\"https://e.org\">x <b>y</b></a>" },
        { "see https://e.org.",                 "see <a href=\"https://e.org\">https://e.org</a>." },
        { "![cat](https://e.org/c.png)",        "<a href=\"https://e.org/c.png\">cat</a>" },
        { "![](https://e.org/c.png)",           "<a href=\"https://e.org/c.png\">https://e.org/c.png</a>" },
        { "```c++\nint a = 1 < 2;\n```",        "<pre><code class=\"language-c++\">int a = 1 &lt; 2;</code></pre>" },
        { "```\"><b>\nx\n```",                  "<pre>x</pre>" },
        { "> a\n> > b\n>\n> ```\n> c\n> ```\n> d",
          "<blockquote>a\n\n&gt; b</blockquote>\n\n<pre>c</pre>\n\n<blockquote>d</blockquote>" },
        { "a\n\n---\n\nb",                      "a\n\n――――――――\n\nb" },
        { "<b>raw</b> <script>",                "&lt;b&gt;raw&lt;/b&gt; &lt;script&gt;" },
        { "<div>\nraw\n</div>",                 "&lt;div&gt;\nraw\n&lt;/div&gt;" },
        { "&amp; &lt; &#65; &#x42; &copy; &nope;", "&amp; &lt; A B © &amp;nope;" },
        { "| a | bb |\n|---|--:|\n| 长 | 1 |\n| x | 22 |",
          "<pre>a  | bb\n---+---\n长 |  1\nx  | 22</pre>" },
        { "",                                   "" },
        { "[a]: https://e.org",                 "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_written(cases[i].markdown, markup_to_telegram, cases[i].html);
}

TEST(plain_text_keeps_the_layout_and_says_addresses)
{
    static const struct { const char *markdown, *plain; } cases[] = {
        { "**a** [b](https://e.org) <c>",   "a b (https://e.org) <c>" },
        { "https://e.org www.e.org",        "https://e.org www.e.org" },
        { "> q\n> r\n\n- x\n  y",           "> q\n> r\n\n• x\n  y" },
        { "```js\na\n\nb\n```",             "a\n\nb" },
        { "# T",                            "T" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_written(cases[i].markdown, markup_to_plain, cases[i].plain);
}

TEST(the_page_gets_no_raw_html_and_no_strange_links)
{
    static const struct { const char *markdown, *html; } cases[] = {
        { "<img src=x onerror=alert(1)>",   "<p>&lt;img src=x onerror=alert(1)&gt;</p>\n" },
        { "[x](javascript:alert(1))",       "<p>x</p>\n" },
        { "[x](JAVA&#115;CRIPT:alert(1))",  "<p>x</p>\n" },
        { "[x](data:text/html,y)",          "<p>x</p>\n" },
        { "[x](//e.org)",                   "<p>x</p>\n" },
        { "[x](HTTPS://e.org/\"'<)",
          "<p><a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"HTTPS://e.org/&quot;&#39;&lt;\">x</a></p>\n" },
        { "![a](https://e.org/i.png)",
          "<p><a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"https://e.org/i.png\">a</a></p>\n" },
        { "```a\"b\n<x>\n```",              "<pre><code class=\"language-a&quot;b\">&lt;x&gt;\n</code></pre>\n" },
        { "3. a\n4. b",                     "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>\n" },
        { "|a|\n|:---:|\n|b|",                "<table><tr><th class=\"center\">a</th></tr><tr><td class=\"center\">b</td></tr></table>\n" },
        { "## h\n> q",                      "<h2>h</h2>\n<blockquote><p>q</p>\n</blockquote>" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_written(cases[i].markdown, markup_to_web, cases[i].html);
}

static void check_cases(enum markup markup, const char *name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = json_load_file(arena_printf(a, "tests/data/markup/%s.json", name), 0, NULL);
    const json_t *c;
    size_t i;

    CHECK(json_array_size(json_at(j, "cases")) > 20);
    json_array_foreach(json_at(j, "cases"), i, c) {
        CLEANUP(buf_done) struct buf b = {0};

        markup_write(&b, markup_parse(a, json_text_str(c, "markdown")), markup);
        CHECK_STR(buf_str(&b), json_text(c, "written"));
    }
}

TEST(each_platform_gets_what_its_documentation_says)
{
    static const struct { enum markup markup; const char *name; } dialects[] = {
        { MARKUP_DISCORD, "discord" }, { MARKUP_SLACK, "slack" }, { MARKUP_WHATSAPP, "whatsapp" }, { MARKUP_GOOGLE_CHAT, "google_chat" },
        { MARKUP_WECOM, "wecom" }, { MARKUP_DINGTALK, "dingtalk" }, { MARKUP_FEISHU, "feishu" }, { MARKUP_TEAMS, "teams" },
        { MARKUP_XMPP, "xmpp" }, { MARKUP_IRC, "irc" },
    };
    for (size_t i = 0; i < N_ELEMENTS(dialects); i++)
        check_cases(dialects[i].markup, dialects[i].name);
}

TEST(what_shows_nothing_is_written_as_text)
{
    for (unsigned m = 0; m <= MARKUP_IRC; m++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf b = {0};

        markup_write(&b, markup_parse(a, S(" [a]: x ")), m);
        CHECK(str_find(buf_str(&b), S("x")) != STR_NONE);
    }
}

TEST(units_count_what_a_reader_sees)
{
    static const struct { const char *markdown; size_t units; } cases[] = {
        { "",                           0 },
        { "abc",                        3 },
        { "**abc**",                    3 },
        { "😀",                         2 },
        { "a & b",                      5 },
        { "[a](https://e.org)",         17 },       /* plain text says the address */
        { "```py\nx\n```",              1 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_INT(markup_units(markup_parse(a, str_from(cases[i].markdown))), cases[i].units);
    }
}

TEST(deep_wide_and_broken_sources_are_survived)
{
    static const struct { const char *unit; size_t times; } cases[] = {
        { "> ", 20000 }, { "- ", 20000 }, { "*a ", 20000 }, { "**_", 20000 }, { "[", 20000 }, { "![](", 20000 },
        { "`", 20000 }, { "\xff", 1000 }, { "|", 3000 }, { "&#x", 5000 }, { "<a ", 20000 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf source = {0}, out = {0};

        for (size_t k = 0; k < cases[i].times; k++)
            buf_add(&source, str_from(cases[i].unit));
        const struct md_node *doc = markup_parse(a, buf_str(&source));
        markup_to_telegram(&out, doc);
        markup_to_web(&out, doc);
        CHECK(utf8_valid(buf_str(&out)));
    }
}

TEST(a_wide_and_long_table_does_not_multiply)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf source = {0}, out = {0};

    for (const char *const *part = (const char *const[]){ "|a", "\n", "|---", "\n", NULL }; *part; part++)
        for (size_t k = 0; k < (**part == '\n' ? 1 : 3000); k++)
            buf_add(&source, str_from(*part));
    for (size_t k = 0; k < 3000; k++)
        buf_add(&source, S("|b\n"));
    markup_to_web(&out, markup_parse(a, buf_str(&source)));
    CHECK(out.len < 64 * source.len);
}
