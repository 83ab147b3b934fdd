// SPDX-License-Identifier: Apache-2.0
#include "agent/persona.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "agent/quote.h"
#include "agent/turn.h"
#include "base/utf8.h"
#include "config/config.h"
#include "config/language.h"
#include "domain/tool.h"
#include "model/tokens.h"
#include "runtime/clock.h"
#include "tool/provenance.h"

enum { FILE_MAX = 64 << 10, QUOTE_MAX = 4 << 10, WHO_MAX = 200, DAY_TOKENS = 20, HEADING_TOKENS = 4, NOTE_TOKENS = 24 };

enum { N_FILES = 4 };

static const char *file_of(const struct turn *t, size_t i)
{
    static const char *const names[N_FILES] = { "AGENTS.md", "SOUL.md", "USER.md", "MEMORY.md" };

    return i == 0 && t->instructions ? t->instructions : names[i];
}

str persona_taint(const struct turn *t)
{
    for (size_t i = 0; person_is_owner(&t->person) && i < N_FILES; i++) {
        str whose = provenance_of(t->arena, file_of(t, i));

        if (whose.len)
            return str_from(arena_printf(t->arena, "file %.*s", STR(whose)));
    }
    return NO_STR;
}

/* By the oldest message that is shown: the next turns' prompts begin as this one. */
static bool speaks_chinese(const struct turn *t)
{
    if (t->language.len)
        return str_eq(t->language, S("zh"));
    for (size_t i = 1; i < t->transcript.n; i++)
        if (t->transcript.messages[i].role == ROLE_USER)
            return language_is_chinese(t->transcript.messages[i].text);
    return language_is_chinese(t->message.text);
}

/* ---- the workspace's files ---- */

/* Owner's own small files on the local disk, in the page cache after the first turn: read in place. */
static str read_file(const struct turn *t, const char *name)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    int fd = open(arena_printf(t->arena, "%s/%s", t->workspace, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char text[4096];
    ssize_t n;

    if (fd < 0)
        return NO_STR;
    while (b.len < FILE_MAX && (n = read(fd, text, sizeof text)) > 0)
        buf_add(&b, str_of(text, (size_t)n));
    close(fd);
    return arena_str(t->arena, str_trim(buf_str(&b)));
}

/* What is short leaves its part to the others: none is cut as long as there is room. */
static void share_out(const uint64_t *wants, uint64_t *gets, size_t n, uint64_t room)
{
    size_t left = n, before;

    for (size_t i = 0; i < n; i++)
        gets[i] = UINT64_MAX;
    do {
        before = left;
        for (size_t i = 0; i < n; i++)
            if (gets[i] == UINT64_MAX && wants[i] <= room / left) {
                gets[i] = wants[i];
                room -= wants[i];
                left--;
            }
    } while (left && left < before);
    for (size_t i = 0; i < n; i++)
        gets[i] = gets[i] == UINT64_MAX ? room / left : gets[i];
}

/* Whole lines of at most so many tokens, with what says so. */
static str cut_at_line(str text, uint64_t tokens)
{
    uint64_t used = NOTE_TOKENS + HEADING_TOKENS;
    str kept = NO_STR, line, rest = text;

    while (str_split(&rest, '\n', &line) && (used += tokens_in(line)) <= tokens)
        kept = str_take(text, (size_t)(line.p - text.p) + line.len);
    return kept;
}

static void add_files(const struct turn *t, struct buf *b, bool chinese, uint64_t room)
{
    uint64_t wants[N_FILES], gets[N_FILES];
    str texts[N_FILES];

    for (size_t i = 0; i < N_FILES; i++) {
        texts[i] = read_file(t, file_of(t, i));
        wants[i] = texts[i].len ? tokens_in(texts[i]) + tokens_in(str_from(file_of(t, i))) + HEADING_TOKENS : 0;
    }
    share_out(wants, gets, N_FILES, room);
    for (size_t i = 0; i < N_FILES; i++) {
        if (texts[i].len == 0)
            continue;
        buf_addf(b, "\n\n# %s\n%.*s", file_of(t, i), STR(gets[i] < wants[i] ? cut_at_line(texts[i], gets[i]) : texts[i]));
        if (gets[i] < wants[i])
            buf_addf(b, chinese ? "\n[%s 的其余部分已省略：persona.tokens]" : "\n[the rest of %s is left out: persona.tokens]", file_of(t, i));
    }
}

/* ---- the prompt ---- */

static void add_base(const struct turn *t, struct buf *b, bool chinese)
{
    buf_addf(b, chinese
        ? "你是 Clawdbot，运行在主人自己机器上的私人助理。用对方所用的语言回答，简明扼要，使用 Markdown。\n"
          "你在文件夹 %s 中工作。工具只能看到这个文件夹；命令在沙箱中运行，网络只有主人开放的部分（如果有的话）。"
          "说明你做了什么、结果如何；工具没有确认的事，绝不声称已经完成。"
        : "You are Clawdbot, a personal assistant running on your owner's own machine. You answer in the "
          "language of the person you talk to, briefly and to the point, in Markdown.\n"
          "You work in the folder %s. Tools see only this folder, and commands run in a sandbox whose only "
          "network is what the owner opened, if anything. Say what you did and what came of it; never claim what a tool did not "
          "confirm.",
        t->workspace);
    if (t->language.len)
        buf_addf(b, chinese ? "\n请始终用语言 %.*s（ISO 639-1）回答。" : "\nAlways answer in the language %.*s (ISO 639-1): they asked for it.",
                 STR(t->language));
    if (t->persona.len)
        buf_addf(b, chinese ? "\n\n# 你的角色：%.*s\n%.*s" : "\n\n# Your part: %.*s\n%.*s", STR(t->agent), STR(t->persona));
}

static void add_tools(struct buf *b, bool chinese, const struct tool *const *tools, size_t n)
{
    buf_addf(b, n == 0 ? (chinese ? "\n这里你没有任何工具。" : "\nYou have no tools here.") : (chinese ? "\n你的工具：" : "\nYour tools: "));
    for (size_t i = 0; i < n; i++)
        buf_addf(b, "%s%s", i ? ", " : "", tools[i]->name);
    if (n)
        buf_addf(b, chinese ? "。" : ".");
}

/* Only the day: what changes more often would keep the prompt out of providers' caches. */
static void add_day(struct buf *b, bool chinese)
{
    static const char *const english[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
    static const char *const han[] = { "日", "一", "二", "三", "四", "五", "六" };
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm tm;
    char day[16];

    if (localtime_r(&now, &tm) == NULL || strftime(day, sizeof day, "%Y-%m-%d", &tm) == 0)
        return;
    buf_addf(b, chinese ? "\n\n今天是 %s，星期%s。" : "\n\nToday is %s, %s.", chinese ? day : english[tm.tm_wday],
             chinese ? han[tm.tm_wday] : day);
}

str persona_prompt(const struct turn *t, const struct tool *const *tools, size_t n_tools)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    uint64_t room = config_now()->persona_tokens;
    bool chinese = speaks_chinese(t);

    add_base(t, &b, chinese);
    add_tools(&b, chinese, tools, n_tools);
    uint64_t used = tokens_in(buf_str(&b)) + DAY_TOKENS;

    if (person_is_owner(&t->person))
        add_files(t, &b, chinese, room > used ? room - used : 0);
    add_day(&b, chinese);
    return arena_str(t->arena, buf_str(&b));
}

static void add_quote(struct buf *b, str who, str text)
{
    CLEANUP(buf_done) struct buf all = { .max = SIZE_MAX / 2 };

    buf_addf(&all, "%.*s: %.*s", STR(utf8_take(who, WHO_MAX)), STR(text));
    quote_add(b, buf_str(&all));
}

/* What a caller says was said before is quoted, not believed: it stands in the person's own message. */
static void add_previous(struct buf *b, const json_t *previous)
{
    size_t i;
    json_t *m;

    if (json_array_size(previous) == 0)
        return;
    buf_add(b, S("(Earlier messages, as the sender quotes them:\n"));
    json_array_foreach((json_t *)previous, i, m) {
        str text = json_is_string(m) ? json_strval(m) : json_text_str(m, "content.text");

        add_quote(b, json_text_str(m, "sender.user_id"), utf8_take(text, QUOTE_MAX));
    }
    buf_add(b, S(")\n\n"));
}

str persona_message(struct arena *arena, const struct message *m, const char *const *paths, const str *words)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (m->n_attachments == 0 && json_array_size(m->prev_messages) == 0)
        return m->text;
    add_previous(&b, m->prev_messages);
    buf_add(&b, m->text);
    for (size_t i = 0; i < m->n_attachments; i++) {
        const struct attachment *a = &m->attachments[i];

        buf_addf(&b, "%s[attached %.*s: %.*s%s%.*s%s%s]", b.len ? "\n" : "", STR(a->type),
                 STR(a->name.len ? a->name : a->url), a->mime.len ? ", " : "", STR(a->mime),
                 paths[i] ? ", in the workspace as " : "", paths[i] ? paths[i] : "");
        if (words && words[i].len) {
            buf_add_char(&b, '\n');
            add_quote(&b, S("said in it"), words[i]);
        }
    }
    return arena_str(arena, buf_str(&b));
}
