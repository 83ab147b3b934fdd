// SPDX-License-Identifier: Apache-2.0
#include "gateway/project.h"

#include <unistd.h>

#include "base/json.h"
#include "config/config.h"
#include "runtime/offload.h"

/* The first whose file is there; the last row is for a folder that has none of them. */
static const struct kind { const char *file, *test, *build, *lint; } kinds[] = {
    { "pytest.ini",     "pytest",              "python3 -m build",     "ruff check ." },
    { "pyproject.toml", "pytest",              "python3 -m build",     "ruff check ." },
    { "setup.py",       "pytest",              "python3 -m build",     "ruff check ." },
    { "conftest.py",    "pytest",              "python3 -m build",     "ruff check ." },
    { "Cargo.toml",     "cargo test",          "cargo build",          "cargo clippy" },
    { "go.mod",         "go test ./...",       "go build ./...",       "go vet ./..." },
    { "package.json",   "npm test",            "npm run build",        "npm run lint" },
    { "pom.xml",        "mvn -q test",         "mvn -q package",       "mvn -q checkstyle:check" },
    { "build.gradle",   "gradle test",         "gradle build",         "gradle check" },
    { "meson.build",    "meson test -C build", "ninja -C build",       "ninja -C build" },
    { "CMakeLists.txt", "ctest --test-dir build", "cmake --build build", "cmake --build build" },
    { "Makefile",       "make test",           "make",                 "make lint" },
    { "",               "pytest",              "make",                 "ruff check ." },
};

struct search { const char *folder; const struct kind *found; };

static enum err look(void *arg)
{
    struct search *s = arg;
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (s->found = kinds; s->found->file[0]; s->found++)
        if (access(arena_printf(a, "%s/%s", s->folder, s->found->file), F_OK) == 0)
            break;
    return OK;
}

static str below(struct arena *a, const char *workspace, str path)
{
    return path.len && path.p[0] == '/' ? arena_str(a, path) : str_from(arena_printf(a, "%s/%.*s", workspace, STR(path)));
}

static str or_else(str chosen, const char *otherwise)
{
    return chosen.len ? chosen : str_from(otherwise);
}

enum err project_find(struct arena *a, str name, const char *workspace, enum project_wish wish, struct project *out)
{
    const json_t *of = name.len ? json_object_get(config_now()->projects, arena_c(a, name)) : NULL;
    str path = json_is_string(of) ? json_strval(of) : json_text_str(of, "path");
    struct project p = { .name = name, .folder = name.len ? below(a, workspace, path.len ? path : name) : str_from(workspace) };
    struct search s = { arena_c(a, p.folder), NULL };

    if (wish == PROJECT_COMMANDS) {
        TRY(fiber_offload(look, &s));
        p.test = or_else(json_text_str(of, "test"), s.found->test);
        p.build = or_else(json_text_str(of, "build"), s.found->build);
        p.lint = or_else(json_text_str(of, "lint"), s.found->lint);
    }
    *out = p;
    return OK;
}
