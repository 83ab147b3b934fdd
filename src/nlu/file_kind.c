// SPDX-License-Identifier: Apache-2.0
#include "nlu/file_kind.h"

/* One pattern each: `find_files` knows no braces.  An ending that people say as it is (pdf, csv) needs no row. */
static const struct { const char *word, *pattern; } kinds[] = {
    { "python", "*.py" }, { "python脚本", "*.py" }, { "javascript", "*.js" }, { "typescript", "*.ts" }, { "markdown", "*.md" },
    { "rust", "*.rs" },
    { "ruby", "*.rb" }, { "shell", "*.sh" }, { "shell脚本", "*.sh" }, { "bash", "*.sh" }, { "golang", "*.go" }, { "log", "*.log*" },
    { "logs", "*.log*" }, { "日志", "*.log*" }, { "text", "*.txt" }, { "文本", "*.txt" }, { "word", "*.doc*" }, { "excel", "*.xls*" },
    { "表格", "*.xls*" }, { "ppt", "*.ppt*" }, { "powerpoint", "*.ppt*" }, { "幻灯片", "*.ppt*" }, { "yaml", "*.y*ml" }, { "yml", "*.y*ml" },
    { "jpeg", "*.jp*g" }, { "jpg", "*.jp*g" }, { "config", "*conf*" }, { "configuration", "*conf*" }, { "配置", "*conf*" },
    { "backup", "*bak*" }, { "readme", "README*" }, { "dockerfile", "Dockerfile*" }, { "makefile", "Makefile*" }, { "header", "*.h" },
    { "c++", "*.cpp" }, { "html", "*.htm*" },
};
static const char *const endings[] = {
    "pdf", "csv", "json", "xml", "toml", "ini", "txt", "md", "py", "js", "ts", "tsx", "jsx", "go", "rs", "java", "c", "h", "cpp", "hpp",
    "sh", "sql", "css", "php", "rb", "lua", "swift", "kt", "png", "gif", "svg", "webp", "mp3", "mp4", "mkv", "avi", "wav",
    "zip", "tar", "gz", "rar", "7z", "iso", "deb", "rpm", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "epub", "conf", "cfg",
    "tmp", "bak", "db", "sqlite", "pyc", "so", "exe", "apk", "ipynb",
};

str file_kind_pattern(struct arena *a, str words)
{
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq_nocase(words, str_from(kinds[i].word)))
            return str_from(kinds[i].pattern);
    for (size_t i = 0; i < N_ELEMENTS(endings); i++)
        if (str_eq_nocase(words, str_from(endings[i])))
            return str_from(arena_printf(a, "*.%s", endings[i]));
    return NO_STR;
}
