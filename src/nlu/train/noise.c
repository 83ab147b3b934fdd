// SPDX-License-Identifier: Apache-2.0
/* noise.c: what people do to a sentence: polite words around it, slips of the fingers, words and marks left out, spaces too many or too
 * few. */
#include <string.h>

#include "base/utf8.h"
#include "nlu/train/sentence.h"

enum { STORY_MAX = 200 };       /* more would be more tokens than are looked at */

struct spoiling { const struct corpus *corpus; struct dice *dice; struct sentence *s; };

/* Cuts bytes out and puts others in, with the values of what was there. */
static void replace(struct sentence *s, size_t at, size_t cut, str by, uint8_t value)
{
    if (s->len - cut + by.len > SENTENCE_BYTES_MAX)
        return;
    memmove(s->text + at + by.len, s->text + at + cut, s->len - at - cut);
    memmove(s->value + at + by.len, s->value + at + cut, s->len - at - cut);
    memcpy(s->text + at, by.p, by.len);
    memset(s->value + at, value, by.len);
    s->len += by.len;
    s->len -= cut;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static size_t step(const struct sentence *s, size_t at)
{
    size_t n = utf8_next(str_of(s->text + at, s->len - at), &(uint32_t){ 0 });

    return n ? n : 1;
}

static bool is_han_at(const struct sentence *s, size_t at)
{
    uint32_t c = 0;

    utf8_next(str_of(s->text + at, s->len - at), &c);
    return c >= 0x4e00 && c < 0xa000;
}

/* The beginning of some character. */
static size_t somewhere(const struct spoiling *x)
{
    size_t at = dice_below(x->dice, x->s->len);

    while (at && ((unsigned char)x->s->text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* Polite words, before and after. */

static void add_template(const struct spoiling *x, const struct templates *list, size_t at, bool before)
{
    struct sentence *o = x->s, *extra = &(struct sentence){ 0 };
    bool space = o->language == EN;

    if (!list)
        return;
    sentence_make(x->corpus, x->dice, o->language, o->intent, list->p[dice_below(x->dice, list->n)], extra);
    if (!extra->len)
        return;
    if (!before && (space || dice_percent(x->dice, 10)))
        replace(o, at++, 0, S(" "), 0);
    replace(o, at, 0, str_of(extra->text, extra->len), 0);
    if (before && (space || dice_percent(x->dice, 10)))
        replace(o, at + extra->len, 0, S(" "), 0);
}

static void polite(const struct spoiling *x)
{
    unsigned way = (unsigned)dice_below(x->dice, 10);

    if (way < 2 || way == 4)
        add_template(x, corpus_polite(x->corpus, x->s->language, S("before")), 0, true);
    if (way == 2 || way == 4)
        add_template(x, corpus_polite(x->corpus, x->s->language, S("after")), x->s->len, false);
}

/* Some tell what would be no request by itself. */
static const struct templates *story_list(const struct spoiling *x, bool before)
{
    size_t none = x->corpus->n_intents - 1;
    const struct templates *list = &x->corpus->intents[none].said[x->s->language];

    if (before && x->s->intent != none && list->n && dice_percent(x->dice, 6))
        return list;
    return corpus_polite(x->corpus, x->s->language, before ? S("story") : S("reason"));
}

/* What people tell around it, with a mark between, or none. */
static void story(const struct spoiling *x)
{
    static const char *const en[] = { ", ", ", ", ". ", " - ", ", so ", "; ", " ", "... ", " and " },
        *const zh[] = { "，", "，", "，", "。", " ", "", "，所以", "...", ",", "," };
    bool before = dice_percent(x->dice, 60), english = x->s->language == EN;
    str mark = str_from(english ? en[dice_below(x->dice, N_ELEMENTS(en))] : zh[dice_below(x->dice, N_ELEMENTS(zh))]);
    const struct templates *list = story_list(x, before);
    struct sentence *extra = &(struct sentence){ 0 };

    if (!list)
        return;
    sentence_make(x->corpus, x->dice, x->s->language, x->s->intent, list->p[dice_below(x->dice, list->n)], extra);
    if (x->s->len + extra->len + mark.len > STORY_MAX)
        return;
    replace(x->s, before ? 0 : x->s->len, 0, mark, 0);
    replace(x->s, before ? 0 : x->s->len, 0, str_of(extra->text, extra->len), 0);
}

/* Slips of the fingers in a Latin word of four letters or more. */
static void slip(const struct spoiling *x)
{
    struct sentence *s = x->s;
    size_t at = dice_below(x->dice, s->len), start = at, end = at;
    char c;

    while (start && is_letter(s->text[start - 1]))
        start--;
    while (end < s->len && is_letter(s->text[end]))
        end++;
    if (end - start < 4)
        return;
    at = start + dice_below(x->dice, end - start - 1);
    c = s->text[at];
    switch (dice_below(x->dice, 4)) {
    case 0:
        s->text[at] = s->text[at + 1];
        s->text[at + 1] = c;
        break;
    case 1: replace(s, at, 1, S(""), 0); break;
    case 2: replace(s, at, 0, str_of(&c, 1), s->value[at]); break;
    default: s->text[at] = (char)('a' + dice_below(x->dice, 26)); break;
    }
}

/* Characters that sound alike, as an input method gives them for each other. */
static const char *const alike[] = { "的得地", "在再载", "账帐涨", "做作坐", "录路陆", "那哪", "吗嘛么", "它他她", "看砍刊", "删山闪", "志制至治", "启起气",
    "运云", "行形型", "备被背", "份分", "查茶察", "进近", "程成城", "服福", "务物误", "提题", "醒星", "记计寄", "单丹", "清轻请青", "件见间建", "文闻",
    "夹家", "存村", "盘判", "磁瓷", "机鸡", "器气", "口扣", "端短", "停庭", "止只", "关观", "闭必", "新心", "重从虫", "编边", "译意义", "测侧册", "试是事",
    "脚角", "发法", "消小", "息西", "目木", "时是", "笔比", "号好", "码马", "用永", "户护", "要药", "会回", "负付", "高告", "转专", "删珊", "复负付", "打大",
    "包报", "压呀", "解接", "代带", "列烈", "表标", "出初", "移宜", "动洞", "到道", "里理", "名明", "网往", "络洛", "连联", "接街", "今金", "天填", "明名",
    "早找", "晚完", "点店", "分芬", "钟中", "后候", "每美", "周州", "买卖", "定订", "闹脑", "终中", "杀沙", "死四", "挂瓜", "卡咖", "慢漫", "快块", "跑泡",
    "拉啦", "取去", "支之", "切且", "改该", "交教", "忘望", "换还", "模摸", "语雨", "言严", "谢写", "再在", "多都", "少烧", "剩盛", "空控", "占站", "满慢" };

/* One character of the sentence, and one that sounds like it. */
static void confuse(const struct spoiling *x)
{
    struct sentence *s = x->s;
    size_t at = somewhere(x);

    for (size_t tries = 0; tries < 8; tries++, at = somewhere(x))
        for (size_t i = 0; is_han_at(s, at) && i < N_ELEMENTS(alike); i++) {
            size_t n = strlen(alike[i]), found = str_find(str_from(alike[i]), str_of(s->text + at, 3));
            const char *other = alike[i] + dice_below(x->dice, n / 3) * 3;

            if (found != STR_NONE && other != alike[i] + found) {
                memcpy(s->text + at, other, 3);
                return;
            }
        }
}

static void swap_han(const struct spoiling *x)
{
    struct sentence *s = x->s;
    size_t at = somewhere(x), n = step(s, at), m;
    char c[8];

    if (at + n >= s->len || !is_han_at(s, at) || !is_han_at(s, at + n) || s->value[at] || s->value[at + n])
        return;
    m = step(s, at + n);
    memcpy(c, s->text + at, n);
    memmove(s->text + at, s->text + at + n, m);
    memcpy(s->text + at + m, c, n);
}

static void drop_han(const struct spoiling *x)
{
    size_t at = somewhere(x);

    if (is_han_at(x->s, at) && x->s->len > 12 && !x->s->value[at])
        replace(x->s, at, step(x->s, at), S(""), 0);
}

/* Words left out: those that say little, seldom any. */
static bool says_little(str w)
{
    static const char *const words[] = { "the", "a", "an", "my", "to", "of", "is", "are", "me", "please", "for", "on", "in", "do", "i",
    "all", "some", "this" };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (str_eq_nocase(w, str_from(words[i])))
            return true;
    return false;
}

static void drop_word(const struct spoiling *x, bool any)
{
    struct sentence *s = x->s;
    size_t start = dice_below(x->dice, s->len), end;

    for (size_t tries = 0; tries < 6; tries++, start = dice_below(x->dice, s->len)) {
        while (start && s->text[start - 1] != ' ')
            start--;
        for (end = start; end < s->len && s->text[end] != ' ';)
            end++;
        if (end == s->len || s->value[start] || (start == 0 && end == s->len))
            continue;
        if (any || says_little(str_of(s->text + start, end - start))) {
            replace(s, start, end - start + 1, S(""), 0);
            return;
        }
    }
}

static void drop_little_han(const struct spoiling *x)
{
    static const char *const words[] = { "的", "了", "一下", "请", "吧", "我", "给", "把", "个", "下", "里", "都", "有", "看" };
    size_t first = dice_below(x->dice, N_ELEMENTS(words));

    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        const char *w = words[(first + i) % N_ELEMENTS(words)];
        size_t at = str_find(str_of(x->s->text, x->s->len), str_from(w));

        if (at != STR_NONE && !x->s->value[at] && x->s->len > strlen(w) + 6) {
            replace(x->s, at, strlen(w), S(""), 0);
            return;
        }
    }
}

/* Spaces. */
static void drop_space(const struct spoiling *x)
{
    size_t at = dice_below(x->dice, x->s->len);

    while (at < x->s->len && x->s->text[at] != ' ')
        at++;
    if (at < x->s->len)
        replace(x->s, at, 1, S(""), 0);
}

static void drop_all_spaces(const struct spoiling *x)
{
    for (size_t i = x->s->len; i-- > 0;)
        if (x->s->text[i] == ' ' && i && (x->s->language == EN || is_han_at(x->s, i + 1) || (unsigned char)x->s->text[i - 1] >= 0x80))
            replace(x->s, i, 1, S(""), 0);
}

/* Between Chinese and Latin, or anywhere. */
static void add_spaces(const struct spoiling *x, bool anywhere)
{
    struct sentence *s = x->s;

    for (size_t at = 0, n; at < s->len; at += n) {
        n = step(s, at);
        if (at + n >= s->len || s->text[at] == ' ' || s->text[at + n] == ' ')
            continue;                       /* also at a space that was just put in */
        bool border = is_han_at(s, at) != is_han_at(s, at + n) && (n > 1 || is_letter(s->text[at]) || (s->text[at] >= '0' && s->text[at]
                <= '9'));

        if (border || (anywhere && n == 3 && dice_percent(x->dice, 15)))
            replace(s, at + n, 0, S(" "), s->value[at] == s->value[at + n] ? s->value[at] : 0);
    }
}

/* Marks. */
static void end_mark(const struct spoiling *x)
{
    static const char *const en[] = { ".", "?", "!", "...", "??", " :)", " .", "!!" }, *const zh[] = { "。", "？", "！", "~", "……", "?",
    "。。。", "!" };
    size_t i = dice_below(x->dice, 8);

    while (x->s->len && strchr(".?!", x->s->text[x->s->len - 1]) && !x->s->value[x->s->len - 1])
        replace(x->s, x->s->len - 1, 1, S(""), 0);
    if (dice_percent(x->dice, 60))
        replace(x->s, x->s->len, 0, str_from(x->s->language == EN ? en[i] : zh[i]), 0);
}

static void drop_marks(const struct spoiling *x)
{
    for (size_t i = x->s->len; i-- > 0;)
        if (strchr(",'?!", x->s->text[i]) && !x->s->value[i])
            replace(x->s, i, 1, S(""), 0);
}

static void repeat(const struct spoiling *x)
{
    size_t at = dice_below(x->dice, x->s->len);
    char c[3];

    if (is_letter(x->s->text[at]) && !x->s->value[at] && (at + 1 == x->s->len || !is_letter(x->s->text[at + 1]))) {
        memset(c, x->s->text[at], sizeof(c));
        replace(x->s, at, 0, str_of(c, 1 + dice_below(x->dice, 3)), 0);
    }
}

/* Hesitation in the middle. */
static void hesitate(const struct spoiling *x)
{
    static const char *const en[] = { "um", "uh", "like", "er", "please", "just", "kindly", "hmm" },
        *const zh[] = { "嗯", "那个", "呃", "就是", "啊", "帮我", "这个", "请" };
    struct sentence *s = x->s;
    size_t at = somewhere(x), i = dice_below(x->dice, 8);

    if (s->language == ZH) {
        if (!s->value[at] && (!at || !is_letter(s->text[at - 1])))
            replace(s, at, 0, str_from(zh[i]), 0);
        return;
    }
    while (at < s->len && s->text[at] != ' ')
        at++;
    if (at < s->len && !s->value[at]) {
        replace(s, at, 0, str_from(en[i]), 0);
        replace(s, at, 0, S(" "), 0);
    }
}

static void spoil_english(const struct spoiling *x)
{
    if (dice_percent(x->dice, 15))
        drop_word(x, dice_percent(x->dice, 15));
    if (dice_percent(x->dice, 18))
        slip(x);
    if (dice_percent(x->dice, 4))
        slip(x);
    if (dice_percent(x->dice, 4))
        drop_space(x);
    if (dice_percent(x->dice, 2))
        drop_all_spaces(x);
    if (dice_percent(x->dice, 3))
        repeat(x);
}

static void spoil_chinese(const struct spoiling *x)
{
    if (dice_percent(x->dice, 12))
        drop_little_han(x);
    if (dice_percent(x->dice, 5))
        drop_han(x);
    if (dice_percent(x->dice, 3))
        swap_han(x);
    if (dice_percent(x->dice, 10))
        confuse(x);
    if (dice_percent(x->dice, 5))
        slip(x);
    if (dice_percent(x->dice, 25))
        drop_all_spaces(x);
    else if (dice_percent(x->dice, 30))
        add_spaces(x, dice_percent(x->dice, 10));
}

void sentence_spoil(const struct corpus *c, struct dice *d, struct sentence *s)
{
    struct spoiling x = { c, d, s };

    bool none = s->intent == c->n_intents - 1;

    if (!s->len)
        return;
    if (dice_percent(d, none ? 10 : 16))
        story(&x);
    if (dice_percent(d, 2))
        story(&x);
    polite(&x);
    if (dice_percent(d, 5))
        hesitate(&x);
    if (s->language == EN)
        spoil_english(&x);
    else
        spoil_chinese(&x);
    if (dice_percent(d, 15))
        drop_marks(&x);
    if (s->len && dice_percent(d, 30))
        end_mark(&x);
    s->text[s->len] = 0;
}
