// SPDX-License-Identifier: Apache-2.0
#include "memory/chunk.h"

#include "base/map.h"
#include "base/test.h"

/* What came out: "[title|place|text]", and for rows the fields. */
struct out { struct buf text; size_t n; size_t tokens_max, repeated; };

static enum err keep(void *arg, const struct passage *p)
{
    struct out *o = arg;

    buf_addf(&o->text, "[%.*s|%.*s|%.*s%s%.*s]", STR(p->title), STR(p->place), STR(p->text), p->kind == ITEM_ROW ? "|" : "", STR(p->fields));
    o->n++;
    o->repeated += p->repeated > 0;
    if (chunk_tokens(p->text) > o->tokens_max)
        o->tokens_max = chunk_tokens(p->text);
    return OK;
}

static enum err on_section(void *arg, const struct section *s)
{
    return chunk_section(arg, s);
}

static void out_done(struct out *o)
{
    buf_done(&o->text);
}

static void chunk_document(const char *name, str bytes, struct out *out, enum err (*on_passage)(void *, const struct passage *), void *arg)
{
    CLEANUP(document_done) struct document d = { .name = str_from(name), .bytes = bytes };
    CLEANUP(chunker_done) struct chunker c = { .name = d.name, .on_passage = on_passage ? on_passage : keep, .arg = arg ? arg : out };

    CHECK_OK(document_read(&d, on_section, &c));
    CHECK_OK(chunk_end(&c));
}

TEST(sections_become_passages_with_title_and_place)
{
    static const struct { const char *name, *bytes, *want; } cases[] = {
        { "a.md", "# Setup\nRun it.\n\n## Debian\nUse apt.\n", "[a.md > Setup|line 2|Run it.][a.md > Setup > Debian|line 5|Use apt.]" },
        { "a.txt", "one\n\ntwo\n", "[a.txt|lines 1-3|one\n\ntwo]" },
        { "a.csv", "name,port\nweb,80\nssh,22\n", "[a.csv|row 2|name: web; port: 80|{\"name\":\"web\",\"port\":\"80\"}]"
                                                 "[a.csv|row 3|name: ssh; port: 22|{\"name\":\"ssh\",\"port\":\"22\"}]" },
        { "a.csv", "x,x\na,b\n", "[a.csv|row 2|x: a; x: b|{\"x\":\"a\",\"x (2)\":\"b\"}]" },
        { "a.md", "# A\n\n```\ncode\n\ncode\n```\nAfter.\n", "[a.md > A|lines 3-8|```\ncode\n\ncode\n```\nAfter.]" },
        { "a.md", "", "" },
        { "a.md", " \n\n", "" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(out_done) struct out got = { 0 };

        chunk_document(cases[i].name, str_from(cases[i].bytes), &got, NULL, NULL);
        CHECK_STR(buf_str(&got.text), cases[i].want);
    }
}

/* n paragraphs of three sentences; `put_in` stands before the fourth. */
static void write_paragraphs(struct buf *b, unsigned n, const char *put_in)
{
    for (unsigned i = 0; i < n; i++) {
        if (i == 3)
            buf_addf(b, "%s", put_in);
        buf_addf(b, "Paragraph %u is about host %u, which answers on port %u. It was set up by team %u, and is kept by them. "
                    "Its disks are replaced every %u months.\n\n", i, i * 7, 1000 + i, i % 5, 10 + i);
    }
}

TEST(passages_are_of_the_sizes_that_are_promised)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(out_done) struct out got = { 0 };

    write_paragraphs(&text, 200, "");
    chunk_document("a.txt", buf_str(&text), &got, NULL, NULL);
    CHECK(got.tokens_max <= CHUNK_MAX);
    CHECK(got.n >= chunk_tokens(buf_str(&text)) / CHUNK_MAX && got.n <= chunk_tokens(buf_str(&text)) / CHUNK_MIN + 1);
    CHECK_INT(got.repeated, 0);
}

TEST(a_long_paragraph_is_cut_at_sentences_and_goes_on_with_the_last_of_them)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(out_done) struct out got = { 0 };

    for (unsigned i = 0; i < 100; i++)
        buf_addf(&text, "Sentence %u says that it is one of many. ", i);
    chunk_document("a.txt", buf_str(&text), &got, NULL, NULL);
    CHECK(got.n > 2);
    CHECK_INT(got.repeated, got.n - 1);
    CHECK(str_find(buf_str(&got.text), S("|Sentence 0 says")) != STR_NONE);
    CHECK(str_find(buf_str(&got.text), S("many.]")) != STR_NONE);
}

TEST(code_is_not_repeated_and_is_cut_at_lines)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(out_done) struct out got = { 0 };

    for (unsigned i = 0; i < 400; i++)
        buf_addf(&text, "int variable_%u = %u;\n", i, i);
    chunk_document("a.c", buf_str(&text), &got, NULL, NULL);
    CHECK(got.n > 2);
    CHECK_INT(got.repeated, 0);
    CHECK(str_find(buf_str(&got.text), S(";]")) != STR_NONE);
}

TEST(chinese_characters_count_one_each)
{
    CHECK_INT(chunk_tokens(S("服务器")), 3);
    CHECK_INT(chunk_tokens(S("word")), 1);
    CHECK_INT(chunk_tokens(S("端口 8080")), 2 + 2);
    CHECK_INT(chunk_tokens(S("")), 0);
}

struct texts { struct map seen; size_t n, new; };

static enum err remember(void *arg, const struct passage *p)
{
    struct texts *t = arg;

    t->n++;
    t->new += map_get(&t->seen, p->text) == NULL;
    map_put(&t->seen, p->text, t);
    return OK;
}

/* Of a long text, a paragraph that is put in near the beginning costs a few passages, not all. */
TEST(passages_behind_a_change_stay_the_same)
{
    CLEANUP(buf_done) struct buf before = { 0 }, after = { 0 };
    struct texts t = { 0 };

    write_paragraphs(&before, 300, "");
    write_paragraphs(&after, 300, "This was put in later, and says nothing of hosts. It is one paragraph.\n\n");
    chunk_document("a.txt", buf_str(&before), NULL, remember, &t);
    CHECK_INT(t.new, t.n);
    t.n = t.new = 0;
    chunk_document("a.txt", buf_str(&after), NULL, remember, &t);
    CHECK(t.n > 30);
    CHECK(t.new <= 6);
    map_done(&t.seen);
}
