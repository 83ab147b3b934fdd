// SPDX-License-Identifier: Apache-2.0
/* What a document is, and its sections, written as one line each: "place heading|text". */
#include "base/test.h"
#include "base/utf8.h"
#include "document/document.h"

static enum err add_section(void *arg, const struct section *s)
{
    static const char kinds[] = { [SECTION_PROSE] = ' ', [SECTION_CODE] = 'c', [SECTION_ROW] = 'r' };
    struct buf *out = arg;

    CHECK(s->text.len && s->text.len <= SECTION_TEXT_MAX && utf8_valid(s->text) && utf8_valid(s->heading));
    document_place_say(out, s->place);
    buf_addf(out, "%c%.*s|%.*s\n", kinds[s->kind], STR(s->heading), STR(s->text));
    return OK;
}

static struct document read_it(const char *name, str bytes, struct buf *out)
{
    struct document d = { .name = str_from(name), .bytes = bytes };

    buf_clear(out);
    CHECK_OK(document_read(&d, add_section, out));
    return d;
}

struct example { const char *in, *want; };

static void check_examples(const char *name, const struct example *examples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_done) struct buf out = {0};
        CLEANUP(document_done) struct document d = read_it(name, str_from(examples[i].in), &out);

        if (strcmp(buf_c(&out), examples[i].want) != 0)
            test_failed(__FILE__, __LINE__, "%s\nis\n%s\nwant\n%s", examples[i].in, buf_c(&out), examples[i].want);
    }
}

#define CHECK_EXAMPLES(name, examples) check_examples(name, examples, N_ELEMENTS(examples))

TEST(plain_text_is_paragraphs_with_their_lines)
{
    static const struct example examples[] = {
        { "", "" }, { "\n \n", "" }, { "a", "line 1 |a\n" }, { "a\nb\n\n\n c\n", "lines 1-2 |a\nb\nline 5 | c\n" }, { "\r\n\r\na\r\nb\r\n", "lines 3-4 |a\nb\n" },
        { "a\rb", "lines 1-2 |a\nb\n" }, { "\xef\xbb\xbf" "a", "line 1 |a\n" },
    };
    CHECK_EXAMPLES("a.txt", examples);
}

TEST(markdown_is_cut_at_its_headings)
{
    static const struct example examples[] = {
        { "# A\nx\n## B ##\n\ny\n# C\nz", "line 2 A|x\nline 5 A > B|y\nline 7 C|z\n" }, { "intro\n\nA\n===\nx\n\nB\n---\ny", "line 1 |intro\nline 5 A|x\nline 9 A > B|y\n" },
        { "# A\n## B\nx", "line 3 A > B|x\n" }, { "# A\n# B\nx", "line 1 A|A\nline 3 B|x\n" }, { "# A\n### C\n## B\n", "line 2 A > C|C\nline 3 A > B|B\n" },
        { "```sh\n# no heading\n```", "lines 1-3c|```sh\n# no heading\n```\n" }, { "~~~\n```\n# no\n~~~\n# H\nx", "lines 1-4c|~~~\n```\n# no\n~~~\nline 6 H|x\n" },
        { "#no\n    # no\n####### no", "lines 1-3 |#no\n    # no\n####### no\n" }, { "a\n\n---\nb", "lines 1-4 |a\n\n---\nb\n" }, { "- a\n---\nb", "lines 1-3 |- a\n---\nb\n" },
        { "---\ntitle: x\n# c\n---\nb", "lines 1-4c|---\ntitle: x\n# c\n---\nline 5 |b\n" }, { "---\nb", "lines 1-2 |---\nb\n" },
    };
    CHECK_EXAMPLES("a.md", examples);
}

TEST(csv_stays_rows_under_its_header)
{
    static const struct example examples[] = {
        { "name,ip\nweb1,10.0.0.1\nweb2,\n", "row 2r|name: web1; ip: 10.0.0.1\nrow 3r|name: web2\n" }, { "a;b\n1;2", "row 2r|a: 1; b: 2\n" }, { "a\tb\n1\t2", "row 2r|a: 1; b: 2\n" },
        { "a,b\n\"x,\"\"y\"\"\r\nz\",2\n", "row 2r|a: x,\"y\" z; b: 2\n" }, { "1,2\n3,4\n", "row 1r|column 1: 1; column 2: 2\nrow 2r|column 1: 3; column 2: 4\n" },
        { "a,b\n1\n1,2,3\n", "row 2r|a: 1\nrow 3r|a: 1; b: 2; column 3: 3\n" }, { "site,2023,2024\nx,1,2\n", "row 2r|site: x; 2023: 1; 2024: 2\n" }, { "a\n\n1", "row 3r|a: 1\n" },
        { "a,\n\"1\"x,2", "row 2r|a: 1x; column 2: 2\n" },
    };
    CHECK_EXAMPLES("a.csv", examples);
}

TEST(json_stays_rows)
{
    static const struct example examples[] = {
        { "[{\"a\":1,\"b\":{\"c\":[1,\"x\"],\"d\":null}},{\"a\":\"y\"}]", "row 1r|a: 1; b.c: 1, x\nrow 2r|a: y\n" }, { "{\"a\":1}\n{\"a\":2}\n", "row 1r|a: 1\nrow 2r|a: 2\n" },
        { "{\"v\":1,\"result\":[{\"a\":1},{\"a\":2}],\"n\":2}", "row 1r|v: 1\nrow 1rresult|a: 1\nrow 2rresult|a: 2\nrow 3r|n: 2\n" },
        { "{\"h1\":{\"ip\":\"::1\"},\"h2\":{\"disks\":[{\"gb\":5}]}}", "row 1rh1|ip: ::1\nrow 2rh2|disks.0.gb: 5\n" }, { "[1,\"b\"]", "row 1r|value: 1\nrow 2r|value: b\n" },
        { "{\n\"a\":1\n}\n{\n\"a\":2}", "row 1r|a: 1\nrow 2r|a: 2\n" }, { "[]", "" }, { "{}", "" }, { "\"x\"", "row 1r|value: x\n" },
    };
    CHECK_EXAMPLES("a.json", examples);
}
