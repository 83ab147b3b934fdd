// SPDX-License-Identifier: Apache-2.0
#include "memory/concepts.h"

#include <stdlib.h>

#include "base/embedded.h"
#include "base/feature_hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/utf8.h"
#include "memory/builtin_embedding.h"
#include "base/stem.h"

extern const struct embedded_file memory_concepts[];

/* In how many lines a word (its stem) is, and in which one it was last; lines of function words are one. */
struct place { size_t lines, last; bool starred; };

static const char function_words[] = "-", common[] = "~";

static str key_of(str term, struct buf *room)
{
    str part;

    buf_clear(room);
    while (str_split(&term, '_', &part)) {
        char stem[64];

        CHECK(part.len > 0 && part.len < sizeof stem);
        memcpy(stem, part.p, part.len);
        buf_addf(room, "%s%.*s", room->len ? "_" : "", (int)stem_english(stem, part.len), stem);
    }
    return buf_str(room);
}

static bool is_word(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9')))
            return false;
    return s.len > 0;
}

static bool is_han_term(str s, size_t most)
{
    size_t chars = 0, n;
    uint32_t ch;

    for (; s.len; s = str_skip(s, n), chars++)
        if ((n = utf8_next(s, &ch)) == 0 || ch < 0x4E00 || ch > 0x9FFF || concept_han_simplified(ch) != ch)
            return false;
    return chars > 0 && chars <= most;
}

/* A word, two, or a word and the character behind it; or Chinese. */
static bool is_well_formed(str term)
{
    size_t joint = str_find_char(term, '_');

    if (joint == STR_NONE)
        return is_word(term) || is_han_term(term, CONCEPT_HAN_MAX);
    str second = str_skip(term, joint + 1);

    return is_word(str_take(term, joint)) && (is_word(second) || is_han_term(second, 1));
}

static void note_term(struct map *places, str term, size_t line)
{
    CLEANUP(buf_done) struct buf room = { 0 };
    bool starred = str_ends(term, S("*"));
    str bare = str_take(term, term.len - starred);

    if (!is_well_formed(bare))
        test_failed(__FILE__, __LINE__, "line %zu: \"%.*s\" is no word of a-z, 0-9 and simplified characters", line, STR(term));
    struct place *p = map_get(places, key_of(bare, &room));

    if (!p) {
        p = NEW(struct place);
        map_put(places, buf_str(&room), p);
        p->starred = starred;
    }
    if (p->starred != starred)
        test_failed(__FILE__, __LINE__, "line %zu: \"%.*s\": a star at some of its forms, and not at others", line, STR(bare));
    p->lines += p->last != line;
    p->last = line;
}

static void each_line(void (*each)(void *arg, str marks, str terms, size_t line), void *arg)
{
    str text = embedded_named(memory_concepts, S("concepts.txt")), line;

    for (size_t n = 1; str_split(&text, '\n', &line); n++) {
        str marks = str_take(line, 1);

        if (line.len == 0 || line.p[0] == '#' || line.p[0] == '=')
            continue;
        bool marked = str_eq(marks, str_from(function_words)) || str_eq(marks, str_from(common));

        each(arg, marked ? marks : S(""), str_skip(line, marked ? 2 : 0), n);
    }
}

static void note_line(void *places, str marks, str terms, size_t line)
{
    CLEANUP(map_done) struct map seen = { 0 };
    str all = terms, term;

    while (str_split(&all, ' ', &term)) {
        if (term.len == 0 || map_put(&seen, term, &seen))
            test_failed(__FILE__, __LINE__, "line %zu: two blanks, or \"%.*s\" twice", line, STR(term));
        if (!str_starts(term, S("^")))
            note_term(places, term, str_eq(marks, str_from(function_words)) ? 1 : line);
    }
    str_split(&terms, ' ', &term);
    if (!str_eq(marks, str_from(function_words)) && str_ends(term, S("*")))
        test_failed(__FILE__, __LINE__, "line %zu: the name \"%.*s\" is ambiguous: put another word first", line, STR(term));
}

TEST(a_word_is_in_one_concept_unless_a_star_says_so)
{
    CLEANUP(map_done) struct map places = { 0 };
    const struct map_entry *e;
    CLEANUP(buf_done) struct buf wrong = { 0 };

    each_line(note_line, &places);
    CHECK(places.n > 6000);
    for (size_t i = 0; map_next(&places, &i, &e);) {
        struct place *p = e->value;

        if (p->lines > CONCEPTS_OF_WORD_MAX || p->starred != (p->lines > 1))
            buf_addf(&wrong, " %.*s", STR(e->key));
        free(p);
    }
    if (wrong.len)
        test_failed(__FILE__, __LINE__, "in several lines without a star, in one with it, or in more than three:%.*s", STR(wrong));
}

static void note_name(void *names, str marks, str terms, size_t line)
{
    CLEANUP(buf_done) struct buf room = { 0 };
    str name;

    (void)marks, (void)line;
    str_split(&terms, ' ', &name);
    if (!str_eq(marks, str_from(function_words)) && !str_ends(name, S("*")))
        map_put(names, key_of(name, &room), names);
}

static void check_wider(void *names, str marks, str terms, size_t line)
{
    CLEANUP(buf_done) struct buf room = { 0 };
    size_t n = 0;
    str term;

    (void)marks;
    while (str_split(&terms, ' ', &term))
        if (str_eat(&term, S("^")) && (++n > CONCEPT_WIDER_MAX || !map_get(names, key_of(term, &room))))
            test_failed(__FILE__, __LINE__, "line %zu: ^%.*s is the name of no concept, or one too many", line, STR(term));
}

TEST(what_a_concept_is_a_kind_of_is_one)
{
    CLEANUP(map_done) struct map names = { 0 };

    each_line(note_name, &names);
    CHECK(names.n >= 1200);
    each_line(check_wider, &names);
}

static const struct meaning *of_word(str word)
{
    char stem[64];

    memcpy(stem, word.p, word.len);
    return concepts_of(concept_word_key(str_of(stem, stem_english(stem, word.len))));
}

static const struct meaning *of_han(str text, size_t want_len)
{
    size_t len = 0;
    const struct meaning *m = concepts_of_han(text, &len);

    CHECK_INT(len, want_len);
    return m;
}

TEST(the_longest_chinese_word_is_meant)
{
    const struct meaning *server = of_word(S("server"));

    CHECK(server && server->n == 1 && server->class == CONCEPT_PLAIN);
    CHECK_INT(of_han(S("服务器重启"), 9)->concepts[0], server->concepts[0]);
    CHECK_INT(of_han(S("服務"), 6)->concepts[0], of_word(S("service"))->concepts[0]);
    CHECK_INT(of_han(S("的"), 3)->class, CONCEPT_FUNCTION);
    CHECK(!of_han(S("魑"), 0));
    CHECK(!of_han(S("\xe6\x9c"), 0));
}

TEST(unknown_words_have_no_meaning)
{
    CHECK(!of_word(S("xyzzy")));
    CHECK(!of_word(S("")));
    CHECK_INT(of_word(S("the"))->class, CONCEPT_FUNCTION);
    CHECK_INT(of_word(S("likes"))->class, CONCEPT_COMMON);
}

/* Every change of the list changes vectors, and those of an older list must not be compared with those of a newer one. */
TEST(the_list_belongs_to_the_version_of_its_vectors)
{
    static const char *const version = "builtin-1";
    static const uint64_t digest = 0x674a791d49ffb584u;
    uint64_t got = feature_hash(embedded_named(memory_concepts, S("concepts.txt")));

    if (got != digest || strcmp(version, BUILTIN_EMBEDDING) != 0)
        test_failed(__FILE__, __LINE__, "concepts.txt has changed: raise BUILTIN_EMBEDDING, and note 0x%016llxu here", (unsigned long long)got);
}
