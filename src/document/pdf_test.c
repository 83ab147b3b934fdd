// SPDX-License-Identifier: Apache-2.0
/* PDFs through pdftotext, run plainly. */
#include "base/test.h"
#include "document/test_host.h"

/* Pages of one line each.  Without a table of its objects, which poppler finds by itself. */
static void write_pdf(struct buf *out, const char *const *lines, size_t n, const char *trailer)
{
    buf_add(out, S("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids["));
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%zu 0 R ", 10 + 2 * i);
    buf_addf(out, "]/Count %zu>> endobj\n3 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n", n);
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_done) struct buf text = {0};

        buf_addf(&text, "BT /F 12 Tf 72 700 Td (%s) Tj ET", lines[i]);
        buf_addf(out, "%zu 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>/Contents %zu 0 R>> endobj\n",
                 10 + 2 * i, 11 + 2 * i);
        buf_addf(out, "%zu 0 obj <</Length %zu>> stream\n%s\nendstream endobj\n", 11 + 2 * i, text.len, buf_c(&text));
    }
    buf_addf(out, "trailer <</Root 1 0 R%s>>\n%%%%EOF\n", trailer);
}

TEST(a_pdf_is_its_pages)
{
    CLEANUP(buf_done) struct buf pdf = {0}, out = {0};

    write_pdf(&pdf, (const char *[]){ "first page", "", "third page" }, 3, "");
    CLEANUP(document_done) struct document d = { .name = S("a.txt"), .bytes = buf_str(&pdf) };

    CHECK_OK(test_read_document(&d, &out));
    CHECK_STR(buf_str(&out), "page 1 |first page\npage 3 |third page\n");
}

static void check_refused(str bytes, const struct document_host *host, const char *words)
{
    CLEANUP(document_done) struct document d = { .name = S("dir/a.pdf"), .bytes = bytes };

    CHECK_ERR(document_prepare(&d, host), ERR_INPUT);
    if (!strstr(failed_text(), words) || !strstr(failed_text(), "dir/a.pdf: "))
        test_failed(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", failed_text(), words);
}

TEST(a_pdf_that_cannot_be_read_says_why_and_what_to_do)
{
    CLEANUP(buf_done) struct buf scanned = {0}, secret = {0};
    static const char encrypt[] = "/Encrypt <</Filter/Standard/V 1/R 2/P -4/O <0102030405060708091011121314151617181920212223242526272829303132>"
                                  "/U <0102030405060708091011121314151617181920212223242526272829303132>>>/ID[<01><01>]";

    write_pdf(&scanned, (const char *[]){ "", " " }, 2, "");
    write_pdf(&secret, (const char *[]){ "x" }, 1, encrypt);
    check_refused(S("%PDF-1.7\nnothing"), &test_host, "is broken");
    check_refused(buf_str(&scanned), &test_host, "has no text, only pictures");
    check_refused(buf_str(&secret), &test_host, "is encrypted");
    check_refused(buf_str(&scanned), &test_host_without_programs, "install the package poppler-utils");
}

static enum err convert_for_ever(void *arg, struct document_conversion *c)
{
    (void)arg;
    c->status = -1;
    return OK;
}

TEST(a_pdf_whose_conversion_was_killed_is_too_large)
{
    CLEANUP(document_done) struct document d = { .name = S("a.pdf"), .bytes = S("%PDF-1.7\n") };

    CHECK_ERR(document_prepare(&d, &(struct document_host){ .convert = convert_for_ever }), ERR_LIMIT);
}
