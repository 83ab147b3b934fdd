// SPDX-License-Identifier: Apache-2.0
/* Pages as page_read() makes text of them, through the modules. */
#include "base/test.h"
#include "base/time.h"
#include "base/utf8.h"
#include "document/charset.h"
#include "document/page.h"
#include "document/test_host.h"

static struct page read_page(const char *type, str body)
{
    struct page p = { .url = S("https://example.org/a/b"), .content_type = str_from(type), .body = body };

    CHECK_OK(page_read(&p));
    CHECK(utf8_valid(buf_str(&p.text)) && utf8_valid(buf_str(&p.title)));
    return p;
}

TEST(html_becomes_markdown)
{
    static const struct { const char *in, *want; } cases[] = {
        { "", "" }, { "plain", "plain" }, { "<p>a<p>b", "a\n\nb" }, { "a<br>b", "a\nb" }, { "  a \n\t b  ", "a b" },
        { "<div>a</div><div>b</div>", "a\nb" }, { "<h1> T </h1>x<h3>U<br>V</h3>y", "# T\n\nx\n\n### U V\n\ny" }, { "<h2></h2>x", "x" },
        { "<b>a</b><i>b</i> <u>c</u>", "ab c" }, { "a&amp;b &lt;c&gt; &#20013;", "a&b <c> \xe4\xb8\xad" },
        /* links */
        { "<a href=x>y</a>", "[y](https://example.org/a/x)" }, { "<a href=/x?q=1#f>y</a>", "[y](https://example.org/x?q=1)" },
        { "a <a href='//h/'> y </a>b", "a [y](https://h/) b" }, { "<a href='javascript:x()'>y</a>", "y" }, { "<a href='#top'>y</a>", "y" },
        { "<a href='data:text/html,x'>y</a>", "y" }, { "<a href=x></a>z", "z" }, { "<a href=x><h2>H</h2><p>p</p></a>", "[H p](https://example.org/a/x)" },
        { "<base href='/z/'><a href=x>y</a>", "[y](https://example.org/z/x)" }, { "<base href='file:///'><a href=x>y</a>", "[y](https://example.org/a/x)" },
        { "<a href=x><img alt='a cat'></a>", "[[image: a cat]](https://example.org/a/x)" }, { "<img src=x alt=''><img alt=b>", "[image: b]" },
        /* lists */
        { "<ul><li>a<li>b</ul>", "- a\n- b" }, { "<ol start=9><li>a</li><li>b</li></ol>c", "9. a\n10. b\n\nc" },
        { "<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c" }, { "<ul><li><p>a</p><p>b</p></ul>", "- a\n\n  b" },
        { "<ul><li></li><li>b</li></ul>", "- b" }, { "<li>alone", "- alone" }, { "<ol><li>a<br>b</ol>", "1. a\n   b" },
        { "<dl><dt>t<dd>d</dl>", "t\nd" }, { "<blockquote>a<p>b</blockquote>c", "> a\n>\n> b\n\nc" },
        /* code */
        { "<pre>a\n  b\n</pre>", "```\na\n  b\n```" }, { "<pre><code>x ``` y</code></pre>", "````\nx ``` y\n````" }, { "run <code>ls  -l</code>.", "run `ls -l`." },
        { "<code>a`b</code>", "`` a`b ``" }, { "<ul><li>x<pre>a\nb</pre></ul>", "- x\n\n  ```\n  a\n  b\n  ```" }, { "<pre> </pre>x", "x" },
        /* tables */
        { "<table><tr><th>a<th>b<tr><td>1<td>2|3</table>x", "| a | b |\n| --- | --- |\n| 1 | 2\\|3 |\n\nx" },
        { "<table><tr><td>a<br>b<td><a href=x>y</a></table>", "| a b | [y](https://example.org/a/x) |\n| --- | --- |" },
        { "<table><tr><td>only</table>", "only" }, { "<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", "| a | b |\n| --- | --- |\n\nc" },
        /* what is not for readers */
        { "<script>x</script><style>y</style>a<noscript>n</noscript>", "a" }, { "<nav>n</nav>a<div hidden>h</div>", "a" },
        { "<p style='DISPLAY : none'>h</p><p style='visibility:hidden'>h</p><span aria-hidden=true>h</span>a", "a" },
        { "<div role=navigation>n</div><form>f<input value=v><select><option>o</select><button>b</button></form>", "f" },
        { "<template>t</template><svg><title>s</title></svg><iframe>i</iframe><!-- c -->a", "a" },
        /* the main part */
        { "<header>h</header><main>m</main><footer>f</footer>", "m" }, { "x<div role=main>m</div>", "m" }, { "x<article>a</article>y", "a" },
        { "<article>a</article><article>b</article>", "a\nb" }, { "x<main><script>1</script></main>", "x" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(page_done) struct page p = read_page("text/html; charset=utf-8", str_from(cases[i].in));

        if (strcmp(buf_c(&p.text), cases[i].want) != 0)
            test_failed(__FILE__, __LINE__, "%s\nis\n%s\nwant\n%s", cases[i].in, buf_c(&p.text), cases[i].want);
    }
}

TEST(html_title_is_one_line)
{
    CLEANUP(page_done) struct page p = read_page("text/html", S("<title> A\n &amp;  B </title><svg><title>no</title></svg><p>x"));

    CHECK_STR(buf_str(&p.title), "A & B");
    CHECK_STR(buf_str(&p.text), "x");
}

/* Pages that make a parser slow, deep or large: an end in bounded time, with a text or with a reason. */
TEST(html_meant_to_hurt_does_not)
{
    static const struct { const char *piece; size_t times; } cases[] = {
        { "<div>", 200000 }, { "<b>", 200000 }, { "<font color=red><p>", 50000 }, { "<a href=x><p>", 50000 }, { "<table>", 50000 },
        { "<table><tr><td>", 50000 }, { "<ul><li>", 50000 }, { "<blockquote>", 50000 }, { "<i></b>", 100000 }, { "</p>", 300000 },
        { "<svg><desc>", 50000 }, { "<select>", 100000 }, { "<template>", 20000 }, { "<h1><pre>", 50000 }, { "<!--", 300000 }, { "&", 500000 },
        { "<x a=", 100000 }, { "<form><table>", 30000 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf in = {0};

        for (size_t n = cases[i].times / 16; n; n--)
            buf_add(&in, str_from(cases[i].piece));
        CLEANUP(page_done) struct page p = { .url = S("https://h/"), .content_type = S("text/html"), .body = buf_str(&in) };
        enum err e = page_read(&p);

        CHECK(e == OK || e == ERR_LIMIT);
        CHECK(utf8_valid(buf_str(&p.text)));
    }
}

TEST(text_of_any_charset_becomes_utf8)
{
#define CHINESE "\xe8\xbf\x99\xe6\x98\xaf\xe4\xb8\x80\xe4\xb8\xaa\xe6\xb5\x8b\xe8\xaf\x95\xe9\xa1\xb5\xe9\x9d\xa2"
    static const struct { str in; const char *declared; enum charset_source source; const char *name, *want; } cases[] = {
        { { "\xd5\xe2\xca\xc7\xd2\xbb\xb8\xf6\xb2\xe2\xca\xd4\xd2\xb3\xc3\xe6", 16 }, "gb2312", 0, "GB18030", CHINESE },
        { { "<meta charset=GBK>\xd5\xe2", 20 }, "", CHARSET_OF_MARKUP, "GB18030", "<meta charset=GBK>\xe8\xbf\x99" },
        { { "<meta content='text/html; charset=big5'>\xb4\xfa", 42 }, "", CHARSET_OF_MARKUP, "BIG5-HKSCS", "<meta content='text/html; charset=big5'>\xe6\xb8\xac" },
        { { "<?xml version='1.0' encoding='Shift_JIS'?>\x83\x65", 44 }, "", CHARSET_OF_MARKUP, "CP932", "<?xml version='1.0' encoding='Shift_JIS'?>\xe3\x83\x86" },
        { { "\xff\xfe" "a\0-N", 6 }, "utf-8", 0, "UTF-16LE", "a\xe4\xb8\xad" }, { { "\xfe\xff\0a", 4 }, "", 0, "UTF-16BE", "a" },
        { { "\xef\xbb\xbf" "a\xff", 5 }, "latin1", 0, "UTF-8", "a\xef\xbf\xbd" }, { { "caf\xe9", 4 }, "ISO-8859-1", 0, "CP1252", "caf\xc3\xa9" },
        { { "caf\xc3\xa9", 5 }, "", 0, "UTF-8", "caf\xc3\xa9" }, { { "<meta charset=utf-16>\xc3\xa9", 23 }, "", CHARSET_OF_MARKUP, "UTF-8", "<meta charset=utf-16>\xc3\xa9" },
        { { "a\xd5", 2 }, "gbk", 0, "GB18030", "a\xef\xbf\xbd" }, { { "a\xff" "b", 3 }, "gbk", 0, "GB18030", "a\xef\xbf\xbd" "b" },
        { { "\xb0\xa1", 2 }, "euc-kr", 0, "CP949", "\xea\xb0\x80" }, { { "\xcf", 1 }, "windows-1251", 0, "CP1251", "\xd0\x9f" },
        { { "abc", 3 }, "ISO-2022-CN-EXT", 0, "UTF-8", "abc" }, { { "abc", 3 }, "UTF-8//TRANSLIT", 0, "UTF-8", "abc" },
        { { "", 0 }, "", 0, "UTF-8", "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf out = {0};
        const char *name = "";

        CHECK_OK(charset_to_utf8(cases[i].in, str_from(cases[i].declared), cases[i].source, &out, &name));
        CHECK_STR(str_from(name), cases[i].name);
        CHECK_STR(buf_str(&out), cases[i].want);
    }
}

/* The corpus: whole pages, each of which says the same few words in its language. */
TEST(pages_of_the_corpus_are_read_in_their_charset)
{
    static const struct { const char *file, *charset, *want; } cases[] = {
        { "gb18030-guessed.html", "GB18030", "\xe5\x8c\x97\xe4\xba\xac\xe6\x98\xaf\xe4\xb8\xad\xe5\x9b\xbd\xe7\x9a\x84\xe9\xa6\x96\xe9\x83\xbd" },
        { "big5-guessed.html", "BIG5-HKSCS", "\xe5\x8c\x97\xe4\xba\xac\xe6\x98\xaf\xe4\xb8\xad\xe5\x9c\x8b\xe7\x9a\x84\xe9\xa6\x96\xe9\x83\xbd" },
        { "shift_jis-meta.html", "CP932", "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xaf\xe6\x97\xa5\xe6\x9c\xac\xe3\x81\xae\xe9\xa6\x96\xe9\x83\xbd" },
        { "euc-kr-meta.html", "CP949", "\xec\x84\x9c\xec\x9a\xb8" }, { "windows-1251-guessed.html", "CP1251", "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf path = {0}, bytes = {0};
        size_t room;

        buf_addf(&path, "tests/corpus/html/%s", cases[i].file);
        FILE *f = fopen(buf_c(&path), "rb");

        CHECK(f);
        char *to = buf_room(&bytes, 65536, &room);

        buf_grown(&bytes, fread(to, 1, room, f));
        fclose(f);
        CLEANUP(page_done) struct page p = read_page("text/html", buf_str(&bytes));

        CHECK_STR(str_from(p.charset), cases[i].charset);
        CHECK(str_find(buf_str(&p.text), str_from(cases[i].want)) != STR_NONE);
    }
}

TEST(json_on_one_line_is_laid_out_and_other_text_stays)
{
    static const struct { const char *type, *in, *want; } cases[] = {
        { "application/json", "{\"a\":[1,2]}", "{\n  \"a\": [\n    1,\n    2\n  ]\n}" }, { "application/ld+json", "{}", "{}" },
        { "application/json", "{\n\"a\":1}", "{\n\"a\":1}" }, { "application/json", "{\"a\":1", "{\"a\":1" }, { "text/plain", "{\"a\":1}", "{\"a\":1}" },
        { "text/csv", "a,b\n", "a,b\n" }, { "", "a", "a" }, { "", "<!DOCTYPE html><p>a<p>b", "a\n\nb" }, { "text/plain", "<p>a", "<p>a" },
        { "application/rss+xml", "<rss/>", "<rss/>" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(page_done) struct page p = read_page(cases[i].type, str_from(cases[i].in));

        CHECK_STR(buf_str(&p.text), cases[i].want);
        CHECK(!p.cut);
    }
}

TEST(what_is_no_text_is_told_by_its_type_or_its_bytes)
{
    static const struct { const char *type; str body; bool text; } cases[] = {
        { "image/png", { "a", 1 }, false }, { "application/pdf", { "%PDF", 4 }, false }, { "application/zip", { "PK", 2 }, false },
        { "application/octet-stream", { "a", 1 }, true }, { "application/octet-stream", { "a\0b", 3 }, false }, { "text/plain", { "a\0b", 3 }, false },
        { "", { "\x7f" "ELF\0", 5 }, false }, { "text/plain; charset=utf-16", { "a\0b\0", 4 }, true }, { "", { "\xff\xfe" "a\0", 4 }, true },
        { "application/vnd.openxmlformats-officedocument.wordprocessingml.document", { "PK", 2 }, false }, { "application/xhtml+xml", { "a", 1 }, true },
        { "text/html", { "", 0 }, true },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(page_is_text(str_from(cases[i].type), cases[i].body), cases[i].text);
}

TEST(a_html_document_is_read_by_its_headings)
{
    static const struct { str in; const char *want; unsigned repaired; } cases[] = {
        { S("<title>T</title><h1>A</h1><p>x<h2>B</h2><p>y<p>z"), "part 1 A|x\npart 2 A > B|y\n\nz\n", 0 },
        { S("<title>T</title><pre># no</pre>"), "part 1c|```\n# no\n```\n", 0 }, { S("<title>T</title>a<p>\0b"), "part 1 |a\n\nb\n", 1 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf out = {0};
        CLEANUP(document_done) struct document d = { .name = S("a.html"), .bytes = cases[i].in };

        CHECK_OK(test_read_document(&d, &out));
        CHECK_STR(buf_str(&d.title), "T");
        CHECK_STR(buf_str(&out), cases[i].want);
        CHECK_INT(d.n_repaired, cases[i].repaired);
    }
}

TEST(html_of_a_hundred_thousand_nested_tags_ends)
{
    CLEANUP(buf_done) struct buf in = {0}, out = {0};
    CLEANUP(document_done) struct document d = { .name = S("a.html") };

    for (unsigned i = 0; i < 100000; i++)
        buf_add(&in, S("<div>"));
    buf_add(&in, S("x"));
    d.bytes = buf_str(&in);
    enum err e = test_read_document(&d, &out);

    CHECK(e == ERR_LIMIT || (e == OK && str_eq(buf_str(&out), S("part 1 |x\n"))));
}
