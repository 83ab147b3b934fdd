// SPDX-License-Identifier: Apache-2.0
#include "gateway/approval_text.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "channel/markup.h"

enum { CODE_SIZE = 4, SHOWN_MAX = 2500 };

static const struct { const char *name, *chinese; } scopes[] = {
    [APPROVAL_ONCE] = { "once", "本次" }, [APPROVAL_SESSION] = { "session", "本对话" }, [APPROVAL_ALWAYS] = { "always", "总是" },
};

const char *approval_scope_name(enum approval_scope s) { return scopes[s].name; }

bool approval_scope_parse(str word, enum approval_scope *out)
{
    for (unsigned i = 0; i < N_ELEMENTS(scopes); i++)
        if (str_eq_nocase(word, str_from(scopes[i].name)) || str_eq(word, str_from(scopes[i].chinese))) {
            *out = (enum approval_scope)i;
            return true;
        }
    return false;
}

static bool is_one_of(str word, const char *const *words)
{
    for (; *words; words++)
        if (str_eq_nocase(word, str_from(*words)))
            return true;
    return false;
}

/* The next word; Chinese needs no space before the digits. */
static str next_word(str *rest)
{
    size_t n = 0;

    *rest = str_trim(*rest);
    bool digits = rest->len && rest->p[0] >= '0' && rest->p[0] <= '9';

    while (n < rest->len && !strchr(" \t\r\n", rest->p[n]) && (rest->p[n] >= '0' && rest->p[n] <= '9') == digits)
        n++;
    str word = str_take(*rest, n);

    *rest = str_skip(*rest, n);
    return word;
}

bool approval_parse(str text, struct approval_answer *out)
{
    static const char *const yes[] = { "yes", "y", "ok", "是", "好", "可以", "同意", "批准", "允许", NULL };
    static const char *const no[] = { "no", "n", "否", "不", "不行", "不可以", "不同意", "拒绝", NULL };
    str rest = text, word = next_word(&rest), code = next_word(&rest), scope = next_word(&rest);
    struct approval_answer a = { .yes = is_one_of(word, yes), .code = code };

    if ((!a.yes && !is_one_of(word, no)) || code.len != CODE_SIZE || str_trim(rest).len)
        return false;
    if (code.p[0] < '0' || code.p[0] > '9')
        return false;
    if (scope.len && !approval_scope_parse(scope, &a.scope))
        return false;
    *out = a;
    return true;
}

/* Characters that change how others are read, or that show as nothing. */
static bool hides(uint32_t c)
{
    return (c < 32 && c != '\n' && c != '\t') || c == 127 || (c >= 0x80 && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e
           || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff
           || (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0000 && c <= 0xe0fff);
}

static void add_visible(struct buf *b, str text)
{
    while (text.len) {
        uint32_t c = 0xfffd;
        size_t n = utf8_next(text, &c);

        if (n == 0)
            buf_addf(b, "<byte %02X>", (unsigned char)text.p[0]);
        else if (hides(c))
            buf_addf(b, "<U+%04X>", (unsigned)c);
        else
            buf_add(b, str_take(text, n));
        text = str_skip(text, n ? n : 1);
    }
}

/* Further lines are indented: no value can pass for an argument of its own. */
static void add_argument(struct buf *b, const char *name, json_t *value)
{
    CLEANUP(buf_done) struct buf text = { .max = SIZE_MAX / 2 };
    str rest, line;

    if (json_is_string(value))
        add_visible(&text, json_strval(value));
    else
        json_print_to(&text, value);
    buf_addf(b, "%s%s:", b->len ? "\n" : "", name);
    for (rest = buf_str(&text); str_split(&rest, '\n', &line); )
        buf_addf(b, "%s%.*s", line.p == text.p ? " " : "\n    ", STR(line));
}

/* A command as it would be typed; other arguments by name. */
static void add_call(struct buf *b, const struct approval_view *v)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const char *name;
    json_t *value;

    if (json_parse(v->arguments, &j) != OK) {
        add_visible(b, v->arguments);
        return;
    }
    if (json_object_size(j) == 1 && json_is_string(json_at(j, "command"))) {
        add_visible(b, json_text_str(j, "command"));
        return;
    }
    json_object_foreach(j, name, value)
        add_argument(b, name, value);
}

static void add_shown(struct buf *b, const struct approval_view *v)
{
    CLEANUP(buf_done) struct buf call = { .max = SIZE_MAX / 2 };

    add_call(&call, v);
    str all = buf_str(&call), shown = utf8_take(all, SHOWN_MAX);

    markup_add_block(b, shown);
    buf_add_char(b, '\n');
    if (shown.len < all.len)
        buf_addf(b, v->chinese ? "**还有 %zu 字节没有显示**：`clawdbot approvals show %.*s` 可以看全部。\n"
                               : "**%zu more bytes are not shown here**: `clawdbot approvals show %.*s` shows all.\n",
                 all.len - shown.len, STR(v->code));
}

const char *approval_access(enum risk risk, bool chinese)
{
    switch (risk) {
    case RISK_READ: return chinese ? "只读取工作区" : "reads in the workspace";
    case RISK_WRITE: return chinese ? "修改工作区里的文件" : "changes files of the workspace";
    case RISK_EXECUTE: return chinese ? "在沙箱中运行，可以写工作区" : "runs in the sandbox and may write in the workspace";
    case RISK_OUTSIDE: return chinese ? "会到这台机器的沙箱之外" : "reaches beyond the sandbox of this machine";
    }
    return "";
}

static void add_how(struct buf *b, const struct approval_view *v)
{
    unsigned minutes = (unsigned)((v->timeout_ms + 59999) / 60000);
    str c = v->code;

    if (v->chinese)
        buf_addf(b, "\n请在 %u 分钟内回复 `yes %.*s`（仅这一次）", minutes, STR(c));
    else
        buf_addf(b, "\nAnswer within %u minutes: `yes %.*s` for this once", minutes, STR(c));
    if (v->wider)
        buf_addf(b, v->chinese ? "、`yes %.*s session`（本对话）、`yes %.*s always`（总是）"
                               : ", `yes %.*s session` for this conversation, `yes %.*s always`", STR(c), STR(c));
    buf_addf(b, v->chinese ? "，或 `no %.*s`。" : ", or `no %.*s`.", STR(c));
}

str approval_question(struct arena *a, const struct approval_view *v)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    buf_addf(&b, v->chinese ? "**需要你的同意**：`%.*s`（为 %.*s）\n" : "**May I do this?** `%.*s`, for %.*s\n", STR(v->tool), STR(v->person));
    add_shown(&b, v);
    buf_addf(&b, v->chinese ? "- 范围：%s\n- 原因：%.*s\n" : "- Reach: %s\n- Asked because: %.*s\n", v->access, STR(v->why));
    if (v->taint.len)
        buf_addf(&b, v->chinese ? "- **注意**：对话里有别人的内容（%.*s），这可能是它的主意\n"
                                : "- **Mind**: words of others (%.*s) are in this conversation, and this may be their idea\n",
                 STR(v->taint));
    add_how(&b, v);
    return arena_str(a, buf_str(&b));
}

static json_t *choice(const char *label, const char *code, const char *answer, const char *scope)
{
    char reply[64];

    snprintf(reply, sizeof reply, "%s %s%s", answer, code, scope);
    return json_pack("{s:s, s:s}", "label", label, "reply", reply);
}

json_t *approval_choices(const char *code, bool wider, bool chinese)
{
    json_t *list = json_array();

    json_array_append_new(list, choice(chinese ? "允许一次" : "Yes, once", code, "yes", ""));
    if (wider) {
        json_array_append_new(list, choice(chinese ? "本对话都允许" : "Yes, this conversation", code, "yes", " session"));
        json_array_append_new(list, choice(chinese ? "总是允许" : "Always", code, "yes", " always"));
    }
    json_array_append_new(list, choice(chinese ? "不允许" : "No", code, "no", ""));
    return list;
}
