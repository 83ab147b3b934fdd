// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/words.h"
#include "memory/text_internal.h"

enum { QUOTED_WORDS_MAX = 16 };

/* What is asked with rather than about; sorted, as words_next() says them. */
static const char *const stop_words[] = {
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "aren", "as", "at", "be", "been", "but", "by", "can",
    "could", "d", "did", "didn", "do", "doe", "does", "doesn", "don", "for", "from", "had", "has", "have", "he", "her",
    "here", "him", "his", "how", "i", "if", "in", "into", "is", "isn", "it", "its", "just", "ll", "m", "may", "me",
    "might", "must", "my", "no", "not", "of", "on", "or", "our", "pleas", "re", "s", "shall", "she", "should", "so",
    "some", "t", "tell", "than", "that", "the", "their", "them", "then", "there", "they", "thi", "this", "to", "us",
    "ve", "wa", "was", "wasn", "we", "were", "what", "when", "wher", "where", "which", "who", "whom", "whose", "why",
    "will", "with", "won", "would", "you", "your",
    "一个", "一下", "什么", "他们", "你们", "吗", "呢", "告诉", "咱们", "哪个", "哪些", "哪里", "多少", "她们", "如何", "怎么", "怎样",
    "我们", "是否", "是谁", "有没", "没有", "的", "的是", "请问", "还是", "这个", "这些", "那个", "那些",
};

/* Where one of them is in a pair, the pair most likely goes across the border of two words. */
static const char particles[] = "的了是吗呢吧啊么什谁哪怎我你他她它们这那就都也很请个和与在有";

static int by_name(const void *key, const void *element)
{
    return str_cmp(*(const str *)key, str_from(*(const char *const *)element));
}

bool text_is_stop_word(str folded)
{
    return bsearch(&folded, stop_words, N_ELEMENTS(stop_words), sizeof *stop_words, by_name) != NULL;
}

static bool is_pair(const struct words *w, const struct word *word)
{
    uint32_t c;

    return word->is_han && word->start + utf8_next(str_skip(w->text, word->start), &c) < word->end;
}

static bool has_particle(str pair)
{
    uint32_t c;

    for (size_t n; (n = utf8_next(pair, &c)) > 0; pair = str_skip(pair, n))
        if (str_find(str_from(particles), str_take(pair, n)) != STR_NONE)
            return true;
    return false;
}

static bool is_known(const struct text_words *w, str folded)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(w->list[i].folded, folded))
            return true;
    return false;
}

enum which { ALL_WORDS, TELLING_WORDS };

static void add_words(struct arena *a, str question, enum which which, struct text_words *out)
{
    struct words words = { .text = question, .indexed = true };
    size_t run_end = 0;         /* of the pair before */
    struct word word;

    while (out->n < TEXT_WORDS_MAX && words_next(&words, &word)) {
        bool two = is_pair(&words, &word), is_rest = word.is_han && !two && word.start < run_end;

        run_end = two ? word.end : 0;
        if (is_rest || is_known(out, word.folded) || (which == TELLING_WORDS && text_is_stop_word(word.folded)))
            continue;
        out->list[out->n++] = (struct text_word){
            .folded = arena_str(a, word.folded), .is_prefix = word.is_han && !two,
            .factor = two && has_particle(word.folded) ? 0.3f : 1 };
    }
}

static void add_quote(struct arena *a, str quoted, struct text_words *out)
{
    struct words words = { .text = quoted, .indexed = true };
    struct text_quote q = { arena_alloc(a, QUOTED_WORDS_MAX * sizeof *q.words), 0 };
    size_t run_end = 0;
    struct word word;

    while (q.n < QUOTED_WORDS_MAX && words_next(&words, &word)) {
        if (!word.is_whole && !(word.is_han && word.start < run_end && word.end == run_end))
            q.words[q.n++] = arena_str(a, word.folded);
        run_end = word.end;
    }
    if (q.n > 1 && out->n_quotes < TEXT_QUOTES_MAX)
        out->quotes[out->n_quotes++] = q;
}

static void add_quotes(struct arena *a, str question, struct text_words *out)
{
    static const struct { str open, close; } marks[] = {
        { S("\""), S("\"") }, { S("\u201c"), S("\u201d") }, { S("\u300c"), S("\u300d") } };

    for (size_t i = 0; i < N_ELEMENTS(marks); i++) {
        size_t at, end;

        for (str rest = question; (at = str_find(rest, marks[i].open)) != STR_NONE; rest = str_skip(rest, end + marks[i].close.len)) {
            rest = str_skip(rest, at + marks[i].open.len);
            if ((end = str_find(rest, marks[i].close)) == STR_NONE)
                break;
            add_quote(a, str_take(rest, end), out);
        }
    }
}

/* One character that begins very many words is looked for only when nothing else is. */
static void drop_prefixes(struct text_words *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        if (!w->list[i].is_prefix)
            w->list[n++] = w->list[i];
    w->n = n ? n : w->n;
}

void text_words_of(struct arena *a, str question, struct text_words *out)
{
    question = str_take(question, TEXT_QUESTION_MAX);
    *out = (struct text_words){ .n = 0 };
    add_words(a, question, TELLING_WORDS, out);
    if (out->n == 0)
        add_words(a, question, ALL_WORDS, out);
    drop_prefixes(out);
    add_quotes(a, question, out);
}
