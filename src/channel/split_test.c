// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "channel/markup.h"
#include "channel/split.h"

TEST(cuts_are_where_a_reader_would_make_them)
{
    static const struct { const char *source, *pieces; size_t limit; } cases[] = {
        { "short", "short", 32 },
        { "  \n\n ", "", 32 },
        { "first paragraph here\n\nsecond paragraph is long", "first paragraph here|second paragraph is long", 40 },
        { "one two three four five six seven", "one two three four five six|seven", 32 },
        { "It is one. It is two and then more words", "It is one. It is two and then|more words", 32 },
        { "It is one thing here. It is two and more", "It is one thing here.|It is two and more", 32 },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|aaaa", 32 },
        { "我们今天去公园散步，天气非常好。明天我们打算去爬山，希望不会下雨。", "我们今天去公园散步，天气非常好。|明天我们打算去爬山，希望不会下雨。", 32 },
        { "text text text text\n# Title\nmore text here", "text text text text|# Title\nmore text here", 32 },
        { "```py\naaaaaaaaaa\nbbbbbbbbbb\ncccccccccc\ndddddddddd\n```", "```py\naaaaaaaaaa\nbbbbbbbbbb\ncccccccccc\n```|```py\ndddddddddd\n```", 32 },
        { "> ```\n> aaaaaaaaaaaaaaa\n> bbbbbbbbbbbbbbb\n> ccccccccc\n> ```", "> ```\n> aaaaaaaaaaaaaaa\n> ```|> ```\n> bbbbbbbbbbbbbbb\n> ccccccccc\n> ```", 32 },
        { "**bold words that go on and on until they end**", "**bold words that go on and on**|**until they end**", 32 },
        { "__bold words that go on and on until they end__", "__bold words that go on and on__|__until they end__", 32 },
        { "some words and then a minus sign - and more", "some words and then a minus sign|\\- and more", 32 },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa - bbbbbbb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|\\- bbbbbbb", 32 },
        { "this was known in the year of 2024. Yes it was", "this was known in the year of|2024\\. Yes it was", 32 },
        { "please read [the manual](http://e.org/1) now ok?", "please read|[the manual](http://e.org/1) now ok?", 36 },
        { "- item one is here\n- item two is here\n- three", "- item one is here|- item two is here\n- three", 32 },
        { "1. one\n   - nested thing here\n   - nested other one\n2. two",
          "1. one\n   - nested thing here|- nested other one\n2. two", 36 },
        { "|a|b|\n|---|---|\n|1|2222222222|\n|3|4444444444|", "|a|b|\n|---|---|\n|1|2222222222|||a|b|\n|---|---|\n|3|4444444444|", 49 },
        { "first see [x][1] and so on and on\n\nthen more [y][1]\n\n[1]: http://e.org",
          "first see [x][1] and so on and on\n\n[1]: http://e.org|then more [y][1]\n\n[1]: http://e.org", 50 },
        { "👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", "👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧|👨‍👩‍👧", 36 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf got = {0};
        struct pieces p;

        split_markdown(a, str_from(cases[i].source), MARKUP_TELEGRAM_HTML, UNIT_UTF16, cases[i].limit, &p);
        for (size_t k = 0; k < p.n; k++)
            buf_addf(&got, "%s%.*s", k ? "|" : "", STR(p.text[k]));
        CHECK_STR(buf_str(&got), cases[i].pieces);
    }
}

/* Small deterministic generator, so that a failure can be seen again. */
static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void add_words(struct buf *b, uint64_t *r, unsigned *word)
{
    static const char *const shapes[] = { "w%u ", "w%u, ", "w%u. ", "**w%u** ", "*w%u* ", "`w%u` ", "~~w%u~~ ", "[w%u](http://e.org/x) ",
                                          "字%u。", "w%u😀 ", "**w%u and ", "more** w%u ", "w%u\n" };
    for (uint64_t n = 1 + next_random(r) % 30; n > 0; n--) {
        char text[64];
        const char *shape = shapes[next_random(r) % N_ELEMENTS(shapes)];
        const char *at = strstr(shape, "%u");

        snprintf(text, sizeof text, "%.*s%u%s", (int)(at - shape), shape, (*word)++, at + 2);
        buf_add(b, str_from(text));
    }
}

static void add_block(struct buf *b, uint64_t *r, unsigned *word)
{
    static const char *const starts[] = { "", "# ", "- ", "1. ", "> ", "  - ", "    - " };
    uint64_t kind = next_random(r) % 10;

    if (kind == 8) {
        buf_add(b, S("```c\n"));
        for (uint64_t n = next_random(r) % 30; n > 0; n--)
            buf_addf(b, "  line w%u;\n%s", (*word)++, n % 7 ? "" : "\n");
        buf_add(b, S("```\n"));
    } else if (kind == 9) {
        buf_add(b, S("| h | i |\n|---|---|\n"));
        for (uint64_t n = next_random(r) % 20; n > 0; n--, *word += 2)
            buf_addf(b, "| w%u | w%u |\n", *word, *word + 1);
    } else {
        buf_add(b, str_from(starts[kind % N_ELEMENTS(starts)]));
        add_words(b, r, word);
    }
    buf_add(b, next_random(r) % 3 ? S("\n\n") : S("\n"));
}

/* The numbers of the words come in order; between them only heads of tables are repeated. */
static void check_nothing_lost(struct arena *a, const struct pieces *p, unsigned words)
{
    CLEANUP(buf_done) struct buf all = {0};
    unsigned next = 0;

    for (size_t i = 0; i < p->n; i++)
        markup_text(&all, markup_parse(a, p->text[i]));
    for (char *c = all.p; c && *c;) {
        if (*c < '0' || *c > '9')
            c++;
        else
            next += strtoul(c, &c, 10) == next;
    }
    CHECK_INT(next, words);
}

static void check_split(str source, size_t limit, unsigned words)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct pieces p;

    split_markdown(a, source, MARKUP_TELEGRAM_HTML, UNIT_UTF16, limit, &p);
    for (size_t i = 0; i < p.n; i++) {
        CLEANUP(buf_done) struct buf plain = {0};
        const struct md_node *doc = markup_parse(a, p.text[i]);

        markup_to_plain(&plain, doc);
        CHECK(markup_units(doc) <= limit);
        CHECK(utf8_length_utf16(buf_str(&plain)) <= limit);
        CHECK(utf8_valid(p.text[i]));
    }
    check_nothing_lost(a, &p, words);
}

TEST(every_piece_fits_and_no_word_is_lost)
{
    static const size_t limits[] = { 32, 50, 100, 400, 4096 };

    for (uint64_t seed = 1; seed <= 200; seed++) {
        CLEANUP(buf_done) struct buf source = {0};
        uint64_t r = seed;
        unsigned words = 0;

        for (uint64_t n = 1 + next_random(&r) % 40; n > 0; n--)
            add_block(&source, &r, &words);
        check_split(buf_str(&source), limits[seed % N_ELEMENTS(limits)], words);
    }
}

TEST(a_monster_of_one_link_or_one_word_is_cut_all_the_same)
{
    static const char *const heads[] = { "[x](http://e.org/", "`", "|a|b|\n|-|-|\n|", "```averylonglanguagenameindeedforsure\n", "> > > - ", "**" };

    for (size_t i = 0; i < N_ELEMENTS(heads); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf source = {0};
        struct pieces p;
        size_t n = 0;

        buf_add(&source, str_from(heads[i]));
        for (size_t k = 0; k < 5000; k++)
            buf_add_char(&source, 'z');
        split_markdown(a, buf_str(&source), MARKUP_TELEGRAM_HTML, UNIT_UTF16, 64, &p);
        for (size_t k = 0; k < p.n; k++) {
            CHECK(split_units(p.text[k], MARKUP_TELEGRAM_HTML, UNIT_UTF16) <= 64);
            for (size_t c = 0; c < p.text[k].len; c++)
                n += p.text[k].p[c] == 'z';
        }
        CHECK_INT(n, 5000);
    }
}
