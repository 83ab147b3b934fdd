// SPDX-License-Identifier: Apache-2.0
/* What Word and LibreOffice write. */
#include "base/test.h"
#include "document/test_host.h"
#include "document/test_zip.h"

#define WORD(body) "<?xml version='1.0'?><w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body>" body "</w:body></w:document>"
#define P(text) "<w:p><w:r><w:t>" text "</w:t></w:r></w:p>"
#define STYLED(style, text) "<w:p><w:pPr><w:pStyle w:val='" style "'/></w:pPr><w:r><w:t>" text "</w:t></w:r></w:p>"
#define ITEM(text) "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>" text "</w:t></w:r></w:p>"
#define TC(text) "<w:tc>" P(text) "</w:tc>"

static const char styles[] = "<w:styles xmlns:w='x'><w:style w:styleId='H1'><w:name w:val='heading 1'/></w:style><w:style w:styleId='H2'>"
    "<w:name w:val='heading 2'/></w:style><w:style w:styleId='Own'><w:name w:val='Our own'/><w:basedOn w:val='H2'/></w:style>"
    "<w:style w:styleId='T1'><w:name w:val='toc 1'/></w:style><w:style w:styleId='L'><w:name w:val='Deep'/><w:pPr><w:outlineLvl w:val='2'/></w:pPr></w:style></w:styles>";

#define ODT(body) "<?xml version='1.0'?><office:document-content xmlns:office='o' xmlns:text='t' xmlns:table='b'><office:body><office:text>" body "</office:text></office:body></office:document-content>"

static void write_docx(struct test_zip *z, const char *body)
{
    test_zip_add(z, S("word/styles.xml"), str_from(styles));
    test_zip_add(z, S("docProps/core.xml"), S("<c xmlns:dc='d'><dc:creator>me</dc:creator><dc:title>The title</dc:title></c>"));
    test_zip_add(z, S("word/document.xml"), str_from(body));
    test_zip_end(z);
}

static void write_odt(struct test_zip *z, const char *content)
{
    test_zip_add(z, S("mimetype"), S("application/vnd.oasis.opendocument.text"));
    test_zip_add(z, S("content.xml"), str_from(content));
    test_zip_end(z);
}

struct example { const char *in, *want; };

static void check_example(void (*write)(struct test_zip *, const char *), const struct example *e)
{
    CLEANUP(test_zip_done) struct test_zip z = {0};
    CLEANUP(buf_done) struct buf out = {0};

    write(&z, e->in);
    CLEANUP(document_done) struct document d = { .name = S("a.txt"), .bytes = buf_str(&z.files) };

    CHECK_OK(test_read_document(&d, &out));
    if (strcmp(buf_c(&out), e->want) != 0)
        test_failed(__FILE__, __LINE__, "%s\nis\n%s\nwant\n%s", e->in, buf_c(&out), e->want);
}

TEST(docx_is_read_by_its_headings_and_its_tables_stay_rows)
{
    static const struct example examples[] = {
        { WORD(P("a") P("b")), "part 1 |a\n\nb\n" },
        { WORD(P("intro") STYLED("H1", "A") P("x") STYLED("Own", "B") P("y") STYLED("H1", "C")), "part 1 |intro\npart 2 A|x\npart 3 A > B|y\npart 4 C|C\n" },
        { WORD(STYLED("L", "D") P("x")), "part 1 D|x\n" },
        { WORD(STYLED("T1", "contents ... 1") ITEM("a") ITEM("b") P("c")), "part 1 |- a\n- b\n\nc\n" },
        { WORD("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t xml:space='preserve'>c &amp; d</w:t></w:r></w:p>"), "part 1 |a\tb\nc & d\n" },
        { WORD(STYLED("H1", "A") "<w:tbl><w:tr>" TC("name") TC("ip") "</w:tr><w:tr>" TC("web") TC("10.0.0.1") "</w:tr></w:tbl>"), "row 2rA > Table 1|name: web; ip: 10.0.0.1\n" },
        { WORD("<w:tbl><w:tr>" TC("a") "<w:tc>" P("b") P("c") "</w:tc></w:tr></w:tbl>"), "part 1 |a\n\nb\nc\n" },
        { WORD("<w:tbl><w:tr>" TC("a") TC("b") TC("c") "</w:tr><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>" P("wide") "</w:tc>" TC("z") "</w:tr></w:tbl>"), "row 2rTable 1|a: wide; c: z\n" },
        { WORD("<w:p><w:del><w:r><w:t>gone</w:t><w:delText>gone</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText><w:t>here</w:t></w:r></w:p>"), "part 1 |here\n" },
        { WORD(""), "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(examples); i++)
        check_example(write_docx, &examples[i]);
}

TEST(odt_is_read_by_its_headings_and_its_tables_stay_rows)
{
    static const struct example examples[] = {
        { ODT("<text:h text:outline-level='1'>A</text:h><text:p>x<text:s text:c='2'/>y<text:tab/><text:span>z</text:span></text:p><text:h text:outline-level='2'>B</text:h>"), "part 1 A|x  y\tz\npart 2 A > B|B\n" },
        { ODT("<text:list><text:list-item><text:p>a</text:p></text:list-item><text:list-item><text:p>b</text:p></text:list-item></text:list><text:p>c</text:p>"), "part 1 |- a\n- b\n\nc\n" },
        { ODT("<table:table><table:table-row><table:table-cell><text:p>name</text:p></table:table-cell><table:table-cell><text:p>ip</text:p></table:table-cell></table:table-row>"
              "<table:table-row><table:table-cell table:number-columns-repeated='2'><text:p>v</text:p></table:table-cell></table:table-row></table:table>"), "row 2rTable 1|name: v\n" },
        { ODT("<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:p>a<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>note</text:p></text:note-body></text:note> b</text:p>"), "part 1 |a note b\n" },
    };
    for (size_t i = 0; i < N_ELEMENTS(examples); i++)
        check_example(write_odt, &examples[i]);
}

TEST(an_office_document_has_the_title_of_its_properties)
{
    CLEANUP(test_zip_done) struct test_zip z = {0};
    CLEANUP(buf_done) struct buf out = {0};

    write_docx(&z, WORD(P("a")));
    CLEANUP(document_done) struct document d = { .name = S("a.docx"), .bytes = buf_str(&z.files) };

    CHECK_OK(test_read_document(&d, &out));
    CHECK_STR(buf_str(&d.title), "The title");
}

/* --- made to hurt --- */

static void check_refused(str bytes, enum err code, const char *words)
{
    CLEANUP(buf_done) struct buf out = {0};
    CLEANUP(document_done) struct document d = { .name = S("a.docx"), .bytes = bytes };

    CHECK_ERR(test_read_document(&d, &out), code);
    if (!strstr(failed_text(), words))
        test_failed(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", failed_text(), words);
}

static void check_refused_docx(const char *document_xml, enum err code, const char *words)
{
    CLEANUP(test_zip_done) struct test_zip z = {0};

    write_docx(&z, document_xml);
    check_refused(buf_str(&z.files), code, words);
}

TEST(entities_are_not_expanded_nor_are_files_read)
{
    check_refused_docx("<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>" WORD(P("&b;")), ERR_INPUT, "document type");
    check_refused_docx("<!DOCTYPE x SYSTEM 'file:///etc/passwd'>" WORD(P("a")), ERR_INPUT, "document type");
    check_refused_docx(WORD(P("&undeclared;")), ERR_INPUT, "broken");
}

TEST(xml_nested_without_end_is_refused)
{
    CLEANUP(buf_done) struct buf xml = {0};

    for (unsigned i = 0; i < 100000; i++)
        buf_add(&xml, S("<w:p>"));
    check_refused_docx(buf_c(&xml), ERR_LIMIT, "nested more than");
}

/* 32 MB of blanks in a paragraph, packed by a real deflate into some 30 KB. */
TEST(a_zip_bomb_is_refused_before_it_is_unpacked)
{
    CLEANUP(buf_done) struct buf bytes = {0};
    size_t room;
    FILE *f = fopen("tests/data/documents/bomb.docx", "rb");

    CHECK(f);
    char *to = buf_room(&bytes, 1 << 20, &room);

    buf_grown(&bytes, fread(to, 1, room, f));
    fclose(f);
    check_refused(buf_str(&bytes), ERR_LIMIT, "made to fill memory");
}

TEST(a_broken_zip_is_refused_wherever_it_is_cut)
{
    CLEANUP(test_zip_done) struct test_zip z = {0};
    CLEANUP(buf_done) struct buf out = {0};

    write_docx(&z, WORD(P("a")));
    for (size_t n = 0; n < z.files.len; n += 7) {
        struct document d = { .name = S("a.docx"), .bytes = str_take(buf_str(&z.files), n) };
        enum err e = test_read_document(&d, &out);

        CHECK(e == ERR_INPUT || e == OK);
        CHECK(e || n == 0 || strcmp(buf_c(&out), "part 1 |a\n") == 0);
        document_done(&d);
    }
}

TEST(a_zip_of_too_many_files_is_refused)
{
    CLEANUP(test_zip_done) struct test_zip z = {0};

    z.files.max = z.directory.max = 64 << 20;
    for (unsigned i = 0; i < 10001; i++)
        test_zip_add(&z, S("x"), S(""));
    test_zip_add(&z, S("word/document.xml"), S(WORD(P("a"))));
    test_zip_end(&z);
    check_refused(buf_str(&z.files), ERR_LIMIT, "more than 10000 files");
}
