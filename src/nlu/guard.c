// SPDX-License-Identifier: Apache-2.0
#include "nlu/guard.h"

#include <ctype.h>

/* A sign counts unless what stands before or behind it is one of the exceptions: "don't forget", 特别, 方便的话. */
static const struct sign { enum guard guard; const char *word; const char *not_before[8], *not_behind[10]; } signs[] = {
    { GUARD_NOT, "don't",    { 0 }, { " forget", " let me forget", " you", " want to forget", " know", " mind" } },
    { GUARD_NOT, "dont",     { 0 }, { " forget", " let me forget", " you", " want to forget", " know", " mind" } },
    { GUARD_NOT, "do not",   { 0 }, { " forget", " let me forget", " want to forget", " know" } },
    { GUARD_NOT, "never",    { 0 }, { " mind the" } },
    { GUARD_NOT, "not yet",  { 0 }, { 0 } },
    { GUARD_NOT, "别",       { "特", "类", "级", "识", "分", "个", "区", "性" }, { "忘", "的", "名", "让我忘", "人" } },
    { GUARD_NOT, "不要",     { "要", "能" }, { "忘" } },
    { GUARD_NOT, "不用",     { 0 }, { "急", "谢", "客气", "太", "着急" } },
    { GUARD_NOT, "先不",     { 0 }, { 0 } },
    { GUARD_NOT, "不必",     { 0 }, { 0 } },
    { GUARD_NOT, "千万别",   { 0 }, { "忘" } },
    { GUARD_IF,  "if",       { 0 }, { " you", " possible", " at all", " it's", " its", " that", " there's any", " there are any" } },
    { GUARD_IF,  "unless",   { 0 }, { 0 } },
    { GUARD_IF,  "whenever", { 0 }, { " you can", " you have", " possible" } },
    { GUARD_IF,  "as soon as", { 0 }, { " possible", " you can" } },
    { GUARD_IF,  "如果",     { 0 }, { "可以", "方便", "有空", "能" } },
    { GUARD_IF,  "要是",     { "主", "重" }, { "方便", "有空" } },
    { GUARD_IF,  "假如",     { 0 }, { 0 } },
    { GUARD_IF,  "一旦",     { 0 }, { 0 } },
    { GUARD_IF,  "除非",     { 0 }, { 0 } },
    { GUARD_SEVERAL, "and then", { 0 }, { 0 } },
    { GUARD_SEVERAL, "afterwards", { 0 }, { 0 } },
    { GUARD_SEVERAL, "然后", { 0 }, { 0 } },
    { GUARD_SEVERAL, "顺便", { 0 }, { 0 } },
    { GUARD_SEVERAL, "接着", { 0 }, { 0 } },
    { GUARD_HOW, "how do",   { 0 }, { 0 } },
    { GUARD_HOW, "how to",   { 0 }, { 0 } },
    { GUARD_HOW, "how can",  { 0 }, { 0 } },
    { GUARD_HOW, "how would", { 0 }, { 0 } },
    { GUARD_HOW, "how should", { 0 }, { 0 } },
    { GUARD_HOW, "why",      { 0 }, { 0 } },
    { GUARD_HOW, "way to",   { 0 }, { 0 } },
    { GUARD_HOW, "explain",  { 0 }, { 0 } },
    { GUARD_HOW, "wondering how", { 0 }, { " much", " many", " long", " full", " big", " busy" } },
    { GUARD_HOW, "怎么",     { 0 }, { "样", "了", "回事", "说" } },
    { GUARD_HOW, "为什么",   { 0 }, { 0 } },
    { GUARD_HOW, "为啥",     { 0 }, { 0 } },
    { GUARD_HOW, "解释",     { 0 }, { 0 } },
    { GUARD_HOW, "什么意思", { 0 }, { 0 } },
};

const char *guard_name(enum guard g)
{
    static const char *const names[] = { "", "negation", "condition", "several requests", "question about how" };

    return names[g];
}

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '\'';
}

/* Latin words are whole ones. */
static bool is_word(str text, size_t at, size_t len)
{
    if ((unsigned char)text.p[at] >= 0x80)
        return true;
    return (at == 0 || !is_letter(text.p[at - 1])) && (at + len == text.len || !is_letter(text.p[at + len]));
}

static bool is_excepted(const struct sign *s, str before, str behind)
{
    for (size_t i = 0; i < N_ELEMENTS(s->not_before) && s->not_before[i]; i++)
        if (str_ends(before, str_from(s->not_before[i])))
            return true;
    for (size_t i = 0; i < N_ELEMENTS(s->not_behind) && s->not_behind[i]; i++)
        if (str_starts(behind, str_from(s->not_behind[i])))
            return true;
    return false;
}

static bool shows(const struct sign *s, str text)
{
    str word = str_from(s->word);

    for (size_t from = 0, at; (at = str_find(str_skip(text, from), word)) != STR_NONE; from += at + word.len) {
        size_t place = from + at;

        if (is_word(text, place, word.len) && !is_excepted(s, str_take(text, place), str_skip(text, place + word.len)))
            return true;
    }
    return false;
}

enum guard guard_of(str normal)
{
    for (size_t i = 0; i < N_ELEMENTS(signs); i++)
        if (shows(&signs[i], normal))
            return signs[i].guard;
    return GUARD_NONE;
}
