// SPDX-License-Identifier: Apache-2.0
#include "gateway/engine_dialog.h"

#include "nlu/normal.h"

static void drop(void *j)
{
    json_decref(j);
}

void engine_asked_read(struct arena *a, str slots, int64_t now, struct engine_asked *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    *out = (struct engine_asked){ 0 };
    if (slots.len == 0 || json_parse(slots, &j) != OK || now - json_int(j, "at", 0) > ENGINE_ASKED_FOR_MS)
        return;
    const struct intent *in = intent_find(json_text_str(j, "intent"));
    str slot = json_text_str(j, "slot");
    json_t *values = json_at(j, "values");

    if (in == NULL || !json_is_object(values) || (slot.len && !intent_slot(in, slot)))
        return;
    arena_on_free(a, drop, json_incref(values));
    *out = (struct engine_asked){ in, values, slot.len ? intent_slot(in, slot) : NULL, (unsigned)json_int(j, "tries", 0) };
}

str engine_asked_text(struct arena *a, const struct engine_asked *asked, int64_t now)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:o, s:O, s:o, s:i, s:I}", "intent", json_from_str(asked->intent->name),
                                                "values", asked->values, "slot", json_from_str(asked->slot ? asked->slot->name : S("")),
                                                "tries", (int)asked->tries, "at", (json_int_t)now);

    return json_print(a, j);
}

/* ---- short answers ---- */

static const struct { enum engine_word word; const char *text; } words[] = {
    { WORD_YES, "yes" }, { WORD_YES, "y" }, { WORD_YES, "yep" }, { WORD_YES, "yeah" }, { WORD_YES, "ok" }, { WORD_YES, "okay" },
    { WORD_YES, "sure" }, { WORD_YES, "yes please" }, { WORD_YES, "do it" }, { WORD_YES, "go ahead" }, { WORD_YES, "right" },
    { WORD_YES, "correct" }, { WORD_YES, "exactly" }, { WORD_YES, "是" }, { WORD_YES, "是的" }, { WORD_YES, "对" }, { WORD_YES, "对的" },
    { WORD_YES, "好" }, { WORD_YES, "好的" }, { WORD_YES, "行" }, { WORD_YES, "可以" }, { WORD_YES, "嗯" }, { WORD_YES, "嗯嗯" },
    { WORD_YES, "没错" }, { WORD_YES, "确认" }, { WORD_YES, "确定" },
    { WORD_NO, "no" }, { WORD_NO, "n" }, { WORD_NO, "nope" }, { WORD_NO, "no thanks" }, { WORD_NO, "不" }, { WORD_NO, "不是" },
    { WORD_NO, "否" }, { WORD_NO, "不对" }, { WORD_NO, "不要" }, { WORD_NO, "不用" }, { WORD_NO, "不用了" }, { WORD_NO, "没有" },
    { WORD_CANCEL, "cancel" }, { WORD_CANCEL, "cancel that" }, { WORD_CANCEL, "never mind" }, { WORD_CANCEL, "nevermind" },
    { WORD_CANCEL, "forget it" }, { WORD_CANCEL, "stop" }, { WORD_CANCEL, "quit" }, { WORD_CANCEL, "abort" }, { WORD_CANCEL, "取消" },
    { WORD_CANCEL, "算了" }, { WORD_CANCEL, "取消吧" }, { WORD_CANCEL, "算了吧" }, { WORD_CANCEL, "不做了" }, { WORD_CANCEL, "退出" },
    { WORD_CANCEL, "停" },
};

static bool is_mark(char c)
{
    return c == '.' || c == '!' || c == ',' || c == '?' || c == ' ' || c == '~';
}

enum engine_word engine_word_of(str text)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct normal n;

    if (text.len > 64)
        return WORD_OTHER;
    normal_make(a, text, &n);
    str word = str_trim(n.text);

    while (word.len && is_mark(word.p[word.len - 1]))
        word.len--;
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (str_eq(word, str_from(words[i].text)))
            return words[i].word;
    return WORD_OTHER;
}

/* By the slot's name, else by its type. */
static const struct { const char *of; struct bilingual ask; } questions[] = {
    { "destination", { S("Where to?"), S("放到哪里？") } },
    { "other",       { S("And the other file?"), S("和哪个文件比较？") } },
    { "query",       { S("What am I to look for?"), S("要查什么？") } },
    { "item",        { S("What is it about?"), S("是哪一项？") } },
    { "which",       { S("Which one?"), S("是哪一个？") } },
    { "to",          { S("To whom?"), S("发给谁？") } },
    { "message",     { S("What is the commit's message?"), S("提交说明写什么？") } },
    { "branch",      { S("Which branch?"), S("哪个分支？") } },
    { "model",       { S("Which model?"), S("哪个模型？") } },
    { "path",        { S("Which file or folder?"), S("哪个文件或文件夹？") } },
    { "glob",        { S("Which files?"), S("要找哪些文件？") } },
    { "service",     { S("Which service?"), S("哪个服务？") } },
    { "process",     { S("Which process?"), S("哪个进程？") } },
    { "port",        { S("Which port?"), S("哪个端口？") } },
    { "command",     { S("Which command?"), S("要执行什么命令？") } },
    { "time",        { S("When?"), S("什么时候？") } },
    { "duration",    { S("For how long?"), S("多长时间？") } },
    { "date",        { S("Which day?"), S("哪一天？") } },
    { "quantity",    { S("How much of what?"), S("要换算多少？") } },
    { "unit",        { S("Into which unit?"), S("换算成什么单位？") } },
    { "expression",  { S("What am I to work out?"), S("要算什么？") } },
    { "language",    { S("Which language?"), S("哪种语言？") } },
    { "mode",        { S("Which mode: auto, rules or model?"), S("哪种模式：auto、rules 还是 model？") } },
    { "url",         { S("Which address?"), S("网址是什么？") } },
    { "text",        { S("What is the text?"), S("内容是什么？") } },
};

str engine_question(struct arena *a, const struct intent *in, const struct slot *s, bool chinese)
{
    struct bilingual ask = s->ask;
    str what = chinese ? in->summary.zh : in->summary.en;

    for (int by_type = 0; by_type < 2 && ask.en.len == 0; by_type++)
        for (size_t i = 0; i < N_ELEMENTS(questions); i++)
            if (str_eq(by_type ? s->type : s->name, str_from(questions[i].of)))
                ask = questions[i].ask;
    return str_from(arena_printf(a, chinese ? "%.*s（%.*s；说“取消”就不做了）" : "%.*s (%.*s; \"cancel\" leaves it)",
                                 STR(chinese ? ask.zh : ask.en), STR(what)));
}
