// SPDX-License-Identifier: Apache-2.0
#include "gateway/engine_help.h"

static str in(struct bilingual b, bool chinese)
{
    return chinese ? b.zh : b.en;
}

static void add_example(struct buf *b, const struct intent *i, bool chinese)
{
    if (in(i->say, chinese).len)
        buf_addf(b, chinese ? "“%.*s”" : "\"%.*s\"", STR(in(i->say, chinese)));
}

static void add_groups(struct buf *b, bool chinese)
{
    size_t n;
    const struct intent_group *g = intent_groups(&n);

    for (size_t i = 0; i < n; i++) {
        buf_addf(b, chinese ? "- **%.*s**（`/help %.*s`）：" : "- **%.*s** (`/help %.*s`): ", STR(in(g[i].title, chinese)), STR(g[i].name));
        for (size_t k = 0; k < 2 && k < g[i].n; k++) {
            buf_add(b, k ? chinese ? S("、") : S(", ") : NO_STR);
            add_example(b, &g[i].intents[k], chinese);
        }
        buf_add_char(b, '\n');
    }
}

static void add_group(struct buf *b, const struct intent_group *g, bool chinese)
{
    buf_addf(b, "**%.*s**\n", STR(in(g->title, chinese)));
    for (size_t k = 0; k < g->n; k++) {
        buf_addf(b, chinese ? "- %.*s：" : "- %.*s: ", STR(in(g->intents[k].summary, chinese)));
        add_example(b, &g->intents[k], chinese);
        buf_add_char(b, '\n');
    }
}

bool engine_help(struct buf *b, str group, bool chinese)
{
    size_t n;
    const struct intent_group *g = intent_groups(&n);

    if (group.len == 0) {
        add_groups(b, chinese);
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(group, g[i].name) || str_eq_nocase(group, g[i].title.en) || str_eq(group, g[i].title.zh)) {
            add_group(b, &g[i], chinese);
            return true;
        }
    return false;
}

str engine_help_confirm(struct arena *a, const struct understanding *u, bool chinese)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_addf(&b, chinese ? "你的意思是：%.*s" : "Did you mean: %.*s", STR(in(u->intent->summary, chinese)));
    for (size_t i = 0; i < u->n_slots; i++)
        buf_addf(&b, "%s%.*s: %.*s", i ? ", " : " (", STR(u->slots[i].slot->name), STR(u->slots[i].text));
    buf_addf(&b, "%s%s", u->n_slots ? ")" : "", chinese ? "？\n回答“是”或“不”。" : "?\nAnswer yes or no.");
    return arena_str(a, buf_str(&b));
}

str engine_help_not_understood(struct arena *a, const struct understanding *u, str why_no_model, bool chinese)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (u->intent && u->guard != GUARD_NONE)
        buf_add(&b, chinese ? S("我没有照做：这听起来不是要我现在只做一件事。请用一句简单的话告诉我要做什么。")
                            : S("I did nothing: this does not sound like one thing to be done now. Tell me what to do in a plain "
                                "sentence."));
    else
        buf_add(&b, chinese ? S("这句话我没有听懂。") : S("I did not understand that."));
    buf_add(&b, chinese ? S("\n\n我听得懂这些（`/help` 看全部）：\n") : S("\n\nI do understand such things (`/help` shows all):\n"));
    add_groups(&b, chinese);
    if (why_no_model.p)
        buf_addf(&b, chinese ? "\n还没有配置语言模型，所以我只懂简单的请求和命令。请在我的机器上运行 `clawdbot setup`，或启动本地的 Ollama。（%.*s）"
                             : "\nNo language model is configured, so I understand plain requests and commands only. Run "
                               "`clawdbot setup` on my machine, or start a local Ollama or llama.cpp server; I find it by myself. (%.*s)",
                 STR(why_no_model));
    return arena_str(a, buf_str(&b));
}
