// SPDX-License-Identifier: Apache-2.0
/* What a document is, and its sections, as test_host.h writes them. */
#include "base/test.h"
#include "document/test_host.h"
#include "runtime/offload.h"

static struct document read_it(const char *name, str bytes, struct buf *out)
{
    struct document d = { .name = str_from(name), .bytes = bytes };

    CHECK_OK(test_read_document(&d, out));
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

TEST(source_code_is_cut_above_definitions)
{
    CLEANUP(buf_done) struct buf in = {0}, out = {0};

    buf_add(&in, S("#include <x.h>\n\n"));
    for (unsigned i = 0; i < 3; i++) {
        buf_addf(&in, "int f%u(void)\n{\n", i);
        for (unsigned n = 0; n < 100; n++)
            buf_addf(&in, "    call(%u);\n\n", n);
        buf_add(&in, S("}\n\n"));
    }
    CLEANUP(document_done) struct document d = read_it("src/f.c", buf_str(&in), &out);

    CHECK_INT(d.n_sections, 3);
    CHECK(str_starts(buf_str(&out), S("lines 1-205cint f0(void)|#include")));
    CHECK(str_find(buf_str(&out), S("\nlines 207-409cint f1(void)|int f1(void)\n")) != STR_NONE);
    CHECK(str_find(buf_str(&out), S("\nlines 411-613cint f2(void)|int f2(void)\n")) != STR_NONE);
}

/* --- what it is --- */

TEST(a_document_is_what_its_bytes_are_and_then_what_it_is_called)
{
    static const struct { const char *name, *type; str bytes; enum document_kind want; } cases[] = {
        { "a.txt", "", S("a"), DOCUMENT_TEXT }, { "a", "", S("a"), DOCUMENT_TEXT }, { "README.MD", "", S("a"), DOCUMENT_MARKDOWN }, { "a.c", "", S("a"), DOCUMENT_SOURCE },
        { "x/Makefile", "", S("a"), DOCUMENT_SOURCE }, { "a.HTM", "", S("a"), DOCUMENT_HTML }, { "a.csv", "", S("a"), DOCUMENT_CSV }, { "a.jsonl", "", S("a"), DOCUMENT_JSON },
        { "a.eml", "", S("a"), DOCUMENT_MAIL }, { "a.txt", "", S("\n<!DOCTYPE html>"), DOCUMENT_HTML }, { "https://h/a.md?x=.csv#y", "", S("a"), DOCUMENT_MARKDOWN },
        { "https://h/a", "text/html; charset=gbk", S("a"), DOCUMENT_HTML }, { "https://h/a.csv", "text/plain", S("a"), DOCUMENT_CSV },
        { "https://h/a.md", "text/html", S("a"), DOCUMENT_HTML }, { "https://h/export", "application/json", S("{}"), DOCUMENT_JSON }, { "", "", S(""), DOCUMENT_TEXT },
        { "a.txt", "text/plain", S("%PDF-1.7\n"), DOCUMENT_PDF }, { "a.pdf", "", S("junk\n%PDF-1.4"), DOCUMENT_PDF }, { "a.pdf", "", S("a"), DOCUMENT_TEXT },
        { "a.txt", "", S("\x7f" "ELF\2\1"), DOCUMENT_BINARY }, { "a.md", "", S("\x89PNG\r\n\x1a\n"), DOCUMENT_BINARY }, { "a.docx", "", S("PK\3\4zip"), DOCUMENT_BINARY },
        { "a.txt", "", S("\1\2\3\4\5\6\7\0\1\2\3"), DOCUMENT_BINARY }, { "a.txt", "", S("a\0b"), DOCUMENT_TEXT }, { "a.txt", "", S("\xff\xfe" "a\0b\0c\0d\0e\0f\0"), DOCUMENT_TEXT },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct document d = { .name = str_from(cases[i].name), .content_type = str_from(cases[i].type), .bytes = cases[i].bytes };

        if (document_kind(&d) != cases[i].want)
            test_failed(__FILE__, __LINE__, "%zu, %s: is %s", i, cases[i].name, document_kind_name(document_kind(&d)));
    }
}

static void check_refused(const char *name, str bytes, enum err code, const char *words)
{
    CLEANUP(buf_done) struct buf out = {0};
    CLEANUP(document_done) struct document d = { .name = str_from(name), .bytes = bytes };

    CHECK_ERR(test_read_document(&d, &out), code);
    if (!strstr(failed_text(), words) || strncmp(failed_text(), name, strlen(name)) != 0)
        test_failed(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", failed_text(), words);
}

TEST(what_cannot_be_read_is_refused_with_what_it_is_and_what_to_do)
{
    check_refused("notes.txt", S("\x7f" "ELF\2\1\1"), ERR_INPUT, "this is a program (ELF), whatever it is called: leave it out");
    check_refused("notes.txt", S("\1\2\3\4\5\6\7\0\1\2\3"), ERR_INPUT, "this is binary data, whatever it is called: ");
    check_refused("old.doc", S("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), ERR_INPUT, "save it as DOCX");
    check_refused("a.json", S("no JSON at all"), ERR_INPUT, "this is no JSON: row 1: ");
    check_refused("a.pdf", S("%PDF-1.7\nnothing follows"), ERR_INPUT, "the PDF is broken");
}

/* --- bytes that are wrong --- */

TEST(damaged_text_is_mended_and_the_damage_counted)
{
    static const struct { str in; const char *want; unsigned repaired; } cases[] = {
        { S("a\0b"), "line 1 |a\xef\xbf\xbd" "b\n", 1 }, { S("\xe4\xb8\xad\xe6\x96\x87\xff!"), "line 1 |\xe4\xb8\xad\xe6\x96\x87\xef\xbf\xbd!\n", 1 },
        { S("\xef\xbb\xbf\0\0"), "line 1 |\xef\xbf\xbd\xef\xbf\xbd\n", 2 }, { S("caf\xe9"), "line 1 |caf\xc3\xa9\n", 0 },
        { S("\xff\xfe" "a\0\r\0\n\0-N"), "lines 1-2 |a\n\xe4\xb8\xad\n", 0 }, { S("\xff\xfe" "a\0\0\xd8"), "line 1 |a\xef\xbf\xbd\xef\xbf\xbd\n", 2 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf out = {0};
        CLEANUP(document_done) struct document d = read_it("a.txt", cases[i].in, &out);

        CHECK_STR(buf_str(&out), cases[i].want);
        CHECK_INT(d.n_repaired, cases[i].repaired);
    }
}

TEST(a_broken_row_costs_no_other)
{
    static const struct { const char *name, *in, *want, *problem; } cases[] = {
        { "a.csv", "a,b\n1,\"x\n2,y\n", "row 2r|a: 1; b: \"x\nrow 3r|a: 2; b: y\n", "row 2: a quote is not closed; its first line was read as it stands" },
        { "a.json", "[{\"a\":1},{\"a\":},{\"a\":3}]", "row 1r|a: 1\nrow 3r|a: 3\n", "row 2: " },
        { "a.json", "[{\"a\":1},{\"a\"", "row 1r|a: 1\n", "row 2: " }, { "a.jsonl", "{\"a\":1}\n{\"a\n{\"a\":3}", "row 1r|a: 1\nrow 3r|a: 3\n", "row 2: " },
        { "a.json", "{\"a\":{\"b\":1},\"a\"", "row 1ra|b: 1\n", "row 2: " },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf out = {0};
        CLEANUP(document_done) struct document d = read_it(cases[i].name, str_from(cases[i].in), &out);

        CHECK_STR(buf_str(&out), cases[i].want);
        CHECK(d.n_skipped && str_starts(buf_str(&d.problem), str_from(cases[i].problem)));
    }
}

/* --- bytes that are many --- */

struct tally { uint64_t n, text; uint32_t last; const char *from, *to; bool all_within; };

static enum err count_section(void *arg, const struct section *s)
{
    struct tally *t = arg;

    t->n++;
    t->text += s->text.len;
    t->last = s->place.last;
    t->all_within &= s->text.p >= t->from && s->text.p + s->text.len <= t->to;
    return OK;
}

struct counting { struct document *d; struct tally *t; };

static enum err count_in_thread(void *arg)
{
    struct counting *c = arg;

    return document_read(c->d, count_section, c->t);
}

static struct tally count(struct document *d)
{
    struct tally t = { .from = d->bytes.p, .to = d->bytes.p + d->bytes.len, .all_within = true };

    CHECK_OK(fiber_offload(count_in_thread, &(struct counting){ d, &t }));
    return t;
}

static void fill(struct buf *out, size_t size, const char *unit)
{
    out->max = size + 1024;
    while (out->len < size)
        buf_add(out, str_from(unit));
}

TEST(fifty_megabytes_of_text_are_given_out_in_pieces_of_the_input)
{
    CLEANUP(buf_done) struct buf in = {0};
    struct document d = { .name = S("a.txt") };

    fill(&in, 50 << 20, "a paragraph of some words,\non two lines\n\n");
    d.bytes = buf_str(&in);
    struct tally t = count(&d);

    CHECK(t.all_within && !d.cut);
    CHECK_INT(t.n, in.len / 41);
    CHECK_INT(t.last, in.len / 41 * 3 - 1);
    document_done(&d);
}

TEST(one_line_of_fifty_megabytes_is_cut_between_words)
{
    CLEANUP(buf_done) struct buf in = {0};
    struct document d = { .name = S("a.log") };

    fill(&in, 50 << 20, "word ");
    d.bytes = buf_str(&in);
    struct tally t = count(&d);

    CHECK(t.all_within && t.n > 50 * 128 && t.n < 50 * 140);
    CHECK_INT(t.last, 1);
    CHECK_INT(t.text, in.len - t.n);        /* the blank at each cut */
    document_done(&d);
}

TEST(a_table_of_fifty_megabytes_keeps_every_row)
{
    static const struct { const char *name, *head, *row; } cases[] = { { "a.csv", "name,value\n", "some name,some value\n" }, { "a.jsonl", "", "{\"name\": \"some value\"}\n" } };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf in = { .max = 64 << 20 };
        struct document d = { .name = str_from(cases[i].name) };

        buf_add(&in, str_from(cases[i].head));
        fill(&in, 50 << 20, cases[i].row);
        d.bytes = buf_str(&in);
        struct tally t = count(&d);
        size_t rows = (in.len - strlen(cases[i].head)) / strlen(cases[i].row);

        CHECK_INT(t.n, rows);
        CHECK_INT(t.last, rows + (i == 0));
        CHECK_INT(d.n_skipped, 0);
        document_done(&d);
    }
}
