// SPDX-License-Identifier: Apache-2.0
/* entity_path.c: names of files and folders, and patterns of such names, as they stand in a text: /var/log, ./a.c, src/main.c, notes.txt,
 * 会议纪要.docx, C:\x, *.log.  What only looks like one (and/or, 12/25, TCP/IP, v1.2) is none. */
#include <string.h>

#include "base/utf8.h"
#include "nlu/entity_find.h"
#include "nlu/entity_names.h"

/* Chinese words behind a path that are not a part of it, or end the Chinese part of it. */
static const str after_paths[] = {
    S("下"), S("里"), S("中"), S("上"), S("内"), S("的"), S("目录"), S("文件"), S("路径"), S("和"), S("与"), S("或"), S("跟"), S("到"),
    S("是"), S("有"), S("这"), S("那"), S("找"), S("删"), S("看"), S("打开"), S("打包"), S("读"), S("占用"), S("占了"), S("占多"), S("给"),
    S("吗"), S("吧"), S("呢"), S("多大"), S("多少"), S("还剩"), S("还有"), S("还能"), S("在"), S("把"), S("发给"), S("发到"), S("发送"),
    S("拷贝"), S("拷到"), S("复制"), S("移到"), S("移动到"), S("移去"), S("移走"), S("移动一下"), S("改名"), S("改成"), S("改为"),
    S("重命名"), S("压缩"), S("解压"), S("列出"), S("列一下"), S("分区"), S("磁盘"), S("空间"), S("大小"), S("一下"), S("挂载"), S("剩"),
    S("用了"), S("整个"), S("全部"), S("所有"), S("清理"), S("清空"), S("清掉"), S("清了"), S("编辑"), S("显示"), S("算"), S("比较"),
    S("都"), S("什么"), S("怎么"), S("运行"), S("执行"), S("跑"), S("搜"), S("查"), S("建"), S("会不"), S("不要"), S("被"), S("然后"),
};
/* Both what is done and what a folder is called. */
static const str doubtful[] = {
    S("备份"), S("下载"), S("测试"), S("归档"), S("整理"), S("上传"), S("内部"), S("中文"), S("上海"), S("建筑"), S("中国"),
};
/* What a file's Chinese name does not begin with: it is what is to be done with it. */
static const str before_names[] = {
    S("打开"), S("查看"), S("删除"), S("删掉"), S("删了"), S("把"), S("将"), S("读取"), S("读一下"), S("读"), S("看一下"), S("看看"),
    S("看下"), S("显示"), S("复制"), S("拷贝"), S("移动"), S("重命名为"), S("重命名"), S("改名为"), S("改成"), S("压缩成"), S("压缩"),
    S("打包成"), S("打包"), S("解压"), S("编辑"), S("修改"), S("新建"), S("创建"), S("下载"), S("上传"), S("发送"), S("备份"), S("恢复"),
    S("比较"), S("对比"), S("到"), S("和"), S("与"), S("跟"), S("在"), S("的"), S("叫"), S("名为"), S("文件"), S("一下"), S("帮我"),
    S("请"), S("找"), S("搜索"), S("里"), S("计算"), S("校验"), S("运行"), S("执行"), S("跑一下"), S("检查"), S("格式化"), S("叫做"),
    S("看"), S("给我"), S("我"), S("这个"), S("那个"), S("为"), S("成"), S("或"), S("从"), S("给"), S("用"), S("统计"), S("跑"), S("查"),
};
/* Words that say that a name follows. */
static const str hints[] = {
    S("file"), S("files"), S("folder"), S("directory"), S("dir"), S("path"), S("open"), S("cat"), S("cd"), S("ls"), S("under"), S("edit"),
    S("rm"), S("tail"), S("head"), S("less"), S("vim"), S("nano"), S("run"), S("script"), S("called"), S("named"), S("read"),
};
static const str wide_hints[] = {
    S("文件"), S("目录"), S("文件夹"), S("打开"), S("查看"), S("读取"), S("路径"), S("编辑"), S("脚本"), S("运行"), S("执行"), S("名为"),
};

enum { RUN_MAX = 400, NAME_MAX = 60 };

/* What stands from start to end, and what there is to see about it. */
struct run {
    size_t start, end;
    size_t slashes, stars, dots, letters, digits;
    size_t last;                /* where the last part begins */
    bool   windows;
};

static bool is_path_sign(const struct finder *f, size_t at, bool windows)
{
    unsigned char c = sign(f, at);

    if (is_word_sign(c))
        return true;
    if (c == 0 || !memchr("./-~+%@*?\\", c, 10) || (c == '\\' && !windows))
        return false;
    return is_plain(f, at) || memchr("./-~\\", c, 5);
}

static void count(struct run *r, const struct finder *f, size_t at)
{
    unsigned char c = sign(f, at);

    r->dots += c == '.';
    r->stars += c == '*';
    r->letters += is_letter(c);
    r->digits += is_digit(c);
    if (c == '/' || c == '\\') {
        r->slashes++;
        r->last = at + 1;
    }
}

/* "把/etc/备份到/mnt" says what is done, "/mnt/备份/x" and "/mnt/备份里" where: its length then. */
static size_t doubtful_name(const struct finder *f, size_t at)
{
    static const str after[] = { S("里"), S("下"), S("中"), S("内"), S("目录"), S("文件"), S("/"), S(" "), S(",") };
    size_t len = one_of_at(f, at, doubtful, N_ELEMENTS(doubtful));

    return sign(f, at + len) == 0 || one_of_at(f, at + len, after, N_ELEMENTS(after)) > 0 ? len : 0;
}

/* Chinese behind a slash is a part's name up to a word that cannot be meant: returns its end. */
static size_t wide_end(const struct finder *f, size_t at)
{
    size_t end = at + doubtful_name(f, at);
    uint32_t c;

    for (size_t n; (n = utf8_next(str_skip(f->text, end), &c)) > 1 && c >= 0x2E80 && end - at < 36; end += n)
        if ((c >= 0x3000 && c < 0x3040) || one_of_at(f, end, after_paths, N_ELEMENTS(after_paths)) > 0
            || one_of_at(f, end, doubtful, N_ELEMENTS(doubtful)) > doubtful_name(f, end))
            break;
    return end;
}

static void trim(struct run *r, const struct finder *f)
{
    while (r->end > r->start && memchr(".?-+%@~", sign_before(f, r->end), r->stars ? 6 : 7)) {
        if (r->end - r->start <= 2 && (sign(f, r->start) == '~' || sign(f, r->start) == '.'))
            break;                              /* "~", ".." */
        r->dots -= sign_before(f, r->end) == '.';
        r->end--;
    }
}

/* Also of nothing: 2024春节, 春节. */
static bool is_all_digits(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit((unsigned char)s.p[i]))
            return false;
    return true;
}

static struct run run_at(const struct finder *f, size_t at)
{
    struct run r = { .start = at, .last = at };
    size_t end = at;

    r.windows = is_letter(sign(f, at)) && sign(f, at + 1) == ':' && (sign(f, at + 2) == '\\' || sign(f, at + 2) == '/');
    if (r.windows)
        end += 2;
    r.windows |= sign(f, at) == '\\' && sign(f, at + 1) == '\\';
    while (end - at < RUN_MAX) {
        size_t wide;

        if (is_path_sign(f, end, r.windows))
            count(&r, f, end++);
        else if (r.slashes > 0 && is_wide(sign(f, end)) && is_all_digits(str_cut(f->text, r.last, end)) && (wide = wide_end(f, end)) > end)
            end = wide;
        else
            break;
    }
    r.end = end;
    trim(&r, f);
    return r;
}

static str last_part(const struct finder *f, const struct run *r) { return str_cut(f->text, r->last, r->end); }

static size_t last_dot(str name)
{
    for (size_t i = name.len; i > 0; i--)
        if (name.p[i - 1] == '.')
            return i - 1;
    return STR_NONE;
}

/* A number alone is one with a fraction, but for the endings that no unit has. */
static bool has_known_ending(str name)
{
    size_t dot = last_dot(name), letters = 0;

    if (dot == STR_NONE || dot == 0 || !name_is(NAME_EXTENSION, str_skip(name, dot + 1)))
        return false;
    for (size_t i = 0; i < dot; i++)
        letters += !is_digit((unsigned char)name.p[i]) && name.p[i] != '.';
    return letters > 0 || name.len - dot > 3 || str_eq(str_skip(name, dot), S(".md")) || str_eq(str_skip(name, dot), S(".py"));
}

/* An ending nobody knows: some letters, behind a name that no sentence would end with. */
static bool has_plausible_ending(const struct finder *f, const struct run *r, bool hinted)
{
    str name = last_part(f, r);
    size_t dot = last_dot(name), letters = 0;

    if (dot == STR_NONE || dot == 0 || name.len - dot < 2 || name.len - dot > 9)
        return false;
    for (size_t i = dot + 1; i < name.len; i++)
        letters += is_letter((unsigned char)name.p[i]) || (letters > 0 && is_digit((unsigned char)name.p[i]));
    if (letters < name.len - dot - 1 || !is_letter((unsigned char)name.p[0]))
        return false;
    return hinted || memchr(name.p, '_', dot) || memchr(name.p, '-', dot);
}

static bool is_hinted(const struct finder *f, size_t at)
{
    size_t before = at;

    while (before > 0 && sign_before(f, before) == ' ')
        before--;
    return str_among(word_before(f, at), hints, N_ELEMENTS(hints)) || one_of_before(f, before, wide_hints, N_ELEMENTS(wide_hints)) > 0;
}

static bool is_bare_file(const struct finder *f, size_t start, str name)
{
    static const str words[] = { S("license"), S("licence"), S("changelog"), S("copying"), S("authors"), S("notice"), S("todo"),
        S("contributing"), S("maintainers") };

    if (!name_is(NAME_FILE, name))
        return false;
    return !str_among(name, words, N_ELEMENTS(words)) || (is_capital(f, start) && is_capital(f, start + name.len - 1));
}

static bool is_file_name(const struct finder *f, const struct run *r)
{
    str name = last_part(f, r);

    if (name_is(NAME_NO_PATH, name))
        return false;
    return has_known_ending(name) || is_bare_file(f, r->last, name) || has_plausible_ending(f, r, is_hinted(f, r->start));
}

/* Without / in front: its first part is a usual one, its last a file's name, or it ends as folders do. */
static bool is_relative(const struct finder *f, const struct run *r)
{
    str text = str_cut(f->text, r->start, r->end);
    str first = str_take(text, str_find_char(text, '/'));

    if (r->letters == 0 || first.len == 0 || str_find(text, S("//")) != STR_NONE)
        return false;
    if (is_file_name(f, r) || r->last == r->end)
        return r->letters > 1;
    if (name_is(NAME_FOLDER, first) && !is_capital(f, r->end - 1))
        return true;
    return is_hinted(f, r->start) || (r->slashes >= 2 && r->digits + r->dots > 0);
}

/* /x, ~/x, ./x, ../x; "/" or "~" alone only where nothing else can be meant. */
static bool is_rooted(const struct finder *f, const struct run *r)
{
    str text = str_cut(f->text, r->start, r->end);
    unsigned char before = sign_before(f, r->start), after = sign(f, r->end);

    if (str_eq(text, S("/")) || str_eq(text, S("~"))) {
        static const str things[] = { S(" partition"), S(" directory"), S(" folder"), S(" filesystem"), S(" 目录"), S(" 分区"), S(" 下") };

        return (before == ' ' || before == 0 || (is_wide(before) && text.p[0] == '/'))
            && (after == 0 || is_wide(after) || one_of_at(f, r->end, things, N_ELEMENTS(things)) > 0);
    }
    if (text.p[0] == '/')
        return text.p[1] != '/' && (!is_wide((unsigned char)text.p[1]) || before == ' ' || before == 0 || !is_wide(before));
    return str_starts(text, S("~/")) || str_starts(text, S("./")) || str_starts(text, S("../")) || str_eq(text, S(".."));
}

/* "*.log", "/var/log/" with a star, "data_?.csv"; not 3*4, nor **bold**. */
static bool is_glob(const struct finder *f, const struct run *r)
{
    str text = str_cut(f->text, r->start, r->end);

    if (r->stars == 0) {
        size_t mark = str_find_char(text, '?');

        return mark != STR_NONE && r->letters > 0 && has_known_ending(last_part(f, r));
    }
    if (r->letters == 0)
        return str_starts(text, S("*.")) || r->slashes > 0;
    if (r->slashes > 0 || r->dots > 0)
        return !(text.p[0] == '*' && text.p[text.len - 1] == '*' && r->slashes == 0) || r->dots > 0;
    return r->stars == 1 && !is_digit((unsigned char)text.p[0])
        && (text.p[0] == '*' || text.p[text.len - 1] == '*' || is_hinted(f, r->start));
}

static enum entity_type kind_of(const struct finder *f, const struct run *r)
{
    str text = str_cut(f->text, r->start, r->end);

    if (text.len == 0 || text.len >= RUN_MAX || memchr("+%@?-", text.p[0], 5))
        return ENTITY_TYPES;
    if (is_glob(f, r))
        return ENTITY_GLOB;
    if (r->stars > 0)
        return ENTITY_TYPES;
    if (r->windows)
        return r->letters > 1 || text.len == 3 ? ENTITY_PATH : ENTITY_TYPES;
    if (text.p[0] == '/' || text.p[0] == '~' || str_starts(text, S("./")) || str_starts(text, S("..")))
        return is_rooted(f, r) ? ENTITY_PATH : ENTITY_TYPES;
    if (r->slashes > 0)
        return is_relative(f, r) ? ENTITY_PATH : ENTITY_TYPES;
    return is_file_name(f, r) ? ENTITY_PATH : ENTITY_TYPES;
}

/* Where quotation marks hold a path, spaces are a part of it. */
static bool find_quoted_path(struct finder *f, size_t at, struct entity *out)
{
    str text = str_cut(f->text, f->quoted.start, f->quoted.end);
    bool rooted = str_starts(text, S("/")) || str_starts(text, S("~/")) || str_starts(text, S("./")) || str_starts(text, S("../"))
        || (text.len > 3 && is_letter((unsigned char)text.p[0]) && text.p[1] == ':' && text.p[2] == '\\');

    if (at != f->quoted.start || text.len > 400 || str_find_char(text, ' ') == STR_NONE)
        return false;
    size_t dot = last_dot(text), slash = str_find_char(text, '/');

    if (!rooted && !(dot != STR_NONE && name_is(NAME_EXTENSION, str_skip(text, dot + 1))))
        return false;
    if (rooted && text.p[0] == '/' && str_find_char(str_skip(text, 1), '/') == STR_NONE && dot == STR_NONE)
        return false;                           /* "/help me" */
    return (slash != STR_NONE || text.len < 80) && found(f, ENTITY_PATH, f->quoted.start, f->quoted.end, out);
}

static size_t character_before(const struct finder *f, size_t at)
{
    at--;
    while (at > 0 && (sign(f, at) & 0xC0) == 0x80)
        at--;
    return at;
}

static bool is_of_name(const struct finder *f, size_t at)
{
    uint32_t c;

    if (!is_wide(sign(f, at)))
        return is_word_sign(sign(f, at)) || sign(f, at) == '/' || sign(f, at) == '-';
    return utf8_next(str_skip(f->text, at), &c) > 0 && c >= 0x3040;
}

/* 打开会议纪要.docx: a Chinese name is seen at its ending; it begins behind the last word that is no part of it. */
static size_t wide_start(const struct finder *f, size_t at)
{
    size_t start = at;

    while (start > f->solid_end && at - start < NAME_MAX) {
        size_t previous = character_before(f, start);

        if (!is_of_name(f, previous) || one_of_before(f, start, before_names, N_ELEMENTS(before_names)) > 0)
            break;
        start = previous;
    }
    return start;
}

static bool find_wide_name(struct finder *f, size_t dot, struct entity *out)
{
    size_t end = dot + 1, start;

    while (is_alnum(sign(f, end)))
        end++;
    if (!is_wide(sign_before(f, dot)) || !name_is(NAME_EXTENSION, str_cut(f->text, dot + 1, end)))
        return false;
    start = wide_start(f, dot);
    return start < dot && found(f, ENTITY_PATH, start, end, out);
}

bool find_path(struct finder *f, size_t at, struct entity *out)
{
    unsigned char c = sign(f, at), before = sign_before(f, at);

    if (at == f->quoted.start && f->quoted.end > at && find_quoted_path(f, at, out))
        return true;
    if (c == '.' && is_wide(before) && find_wide_name(f, at, out))
        return true;
    if (is_wide(c) || !is_path_sign(f, at, c == '\\') || (before > 0 && (memchr("./-~\\@*+%?", before, 10) || is_word_sign(before))))
        return false;
    struct run r = run_at(f, at);
    enum entity_type kind = kind_of(f, &r);

    /* 简历2023.pdf */
    if (kind == ENTITY_PATH && r.slashes == 0 && is_wide(before) && (is_digit(c) || c == '_' || c == '-'))
        r.start = wide_start(f, r.start);
    return kind != ENTITY_TYPES && found(f, kind, r.start, r.end, out);
}
