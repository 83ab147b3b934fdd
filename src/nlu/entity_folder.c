// SPDX-License-Identifier: Apache-2.0
/* entity_folder.c: places in the file system that are spoken of by what they are: the project's folder, the file of before. */
#include <string.h>

#include "nlu/entity_find.h"

static const str project_words[] = {
    S("项目根目录"), S("项目目录"), S("项目文件夹"), S("项目路径"), S("工程目录"), S("当前项目"), S("这个项目"), S("本项目"), S("我的项目"),
    S("当前目录"), S("当前文件夹"), S("这个目录"), S("这个文件夹"), S("工作目录"), S("本目录"), S("项目"), S("代码目录"), S("代码仓库"),
    S("the project directory"), S("the project folder"), S("the project dir"), S("the project root"), S("the project's directory"),
    S("the project's folder"), S("the project's root"), S("the project"), S("this project"), S("my project"), S("our project"),
    S("current project"), S("the current project"), S("project directory"), S("project folder"), S("project dir"), S("project root"),
    S("the current directory"), S("the current folder"), S("current directory"), S("current folder"), S("this folder"), S("this directory"),
    S("this dir"), S("the working directory"), S("working directory"), S("the repo"), S("this repo"), S("my repo"), S("the repository"),
    S("this repository"), S("the codebase"), S("project path"),
};
static const str file_words[] = {
    S("这个文件"), S("那个文件"), S("该文件"), S("刚才的文件"), S("刚才那个文件"), S("刚刚的文件"), S("刚刚那个文件"), S("上一个文件"),
    S("上个文件"), S("这份文件"), S("那份文件"), S("this file"), S("that file"), S("the same file"), S("the last file"), S("that same file"),
    S("the previous file"),
};
/* Of everybody's. */
static const struct { str words, path; } usual[] = {
    { S("家目录"), S("~") }, { S("主目录"), S("~") }, { S("用户目录"), S("~") }, { S("home目录"), S("~") },
    { S("my home directory"), S("~") }, { S("my home folder"), S("~") }, { S("home directory"), S("~") }, { S("home folder"), S("~") },
    { S("the home directory"), S("~") }, { S("根目录"), S("/") }, { S("the root directory"), S("/") }, { S("root directory"), S("/") },
    { S("下载目录"), S("~/Downloads") }, { S("下载文件夹"), S("~/Downloads") }, { S("my downloads folder"), S("~/Downloads") },
    { S("the downloads folder"), S("~/Downloads") }, { S("downloads folder"), S("~/Downloads") }, { S("my downloads"), S("~/Downloads") },
    { S("download folder"), S("~/Downloads") }, { S("downloads directory"), S("~/Downloads") }, { S("桌面"), S("~/Desktop") },
    { S("my desktop"), S("~/Desktop") }, { S("desktop folder"), S("~/Desktop") }, { S("文档目录"), S("~/Documents") },
    { S("文档文件夹"), S("~/Documents") }, { S("documents folder"), S("~/Documents") }, { S("my documents"), S("~/Documents") },
    { S("临时目录"), S("/tmp") }, { S("temp directory"), S("/tmp") }, { S("temp folder"), S("/tmp") }, { S("temporary directory"), S("/tmp") },
    { S("日志目录"), S("/var/log") }, { S("log directory"), S("/var/log") }, { S("log folder"), S("/var/log") },
};

/* 项目 alone is the folder where something is done in it, not in 项目经理 or 三个项目. */
static bool is_folder(const struct finder *f, size_t at, size_t end)
{
    static const str before[] = { S("在"), S("到"), S("从"), S("把"), S("整个"), S("跑"), S("运行"), S("构建"), S("编译"), S("测试"), S("打包") };
    static const str after[] = { S("里"), S("中"), S("下"), S("内"), S("目录"), S("文件夹") };

    if (!str_eq(str_cut(f->text, at, end), S("项目")))
        return true;
    return one_of_at(f, end, after, N_ELEMENTS(after)) > 0
        || (one_of_before(f, at, before, N_ELEMENTS(before)) > 0 && !is_wide(sign(f, end)))
        || (at == 0 && sign(f, end) == ' ');
}

static bool as_path(struct finder *f, size_t at, size_t len, str path, struct entity *out)
{
    size_t next = at + len + (sign(f, at + len) == ' ');

    if (len == 0 || path.len == 0 || !is_folder(f, at, at + len) || (sign(f, next) > 0 && strchr("./~", sign(f, next))))
        return false;                           /* "this folder: ./x" says itself which */
    found(f, ENTITY_PATH, at, at + len, out);
    out->text = path;
    return true;
}

static bool find_usual(struct finder *f, size_t at, struct entity *out)
{
    size_t longest = 0, best = 0;

    for (size_t i = 0; i < N_ELEMENTS(usual); i++) {
        size_t len = one_of_at(f, at, &usual[i].words, 1);

        best = len > longest ? i : best;
        longest = len > longest ? len : longest;
    }
    return as_path(f, at, longest, usual[best].path, out);
}

bool find_folder(struct finder *f, size_t at, struct entity *out)
{
    const struct nlu_context *c = f->context;

    if (is_word_sign(sign_before(f, at)) && !is_wide(sign(f, at)))
        return false;
    return as_path(f, at, one_of_at(f, at, project_words, N_ELEMENTS(project_words)), c->project, out)
        || as_path(f, at, one_of_at(f, at, file_words, N_ELEMENTS(file_words)), c->last_file, out)
        || find_usual(f, at, out);
}

bool entity_is_project(str words)
{
    for (size_t i = 0; i < N_ELEMENTS(project_words); i++)
        if (str_eq_nocase(words, project_words[i]))
            return true;
    return str_eq_nocase(words, S("project"));
}
