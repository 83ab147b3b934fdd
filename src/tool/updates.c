// SPDX-License-Identifier: Apache-2.0
#include "tool/updates.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/offload.h"
#include "tool/ask_program.h"
#include "tool/machine.h"

enum { UPDATES_MAX = 5000, TIME_MS = 20000, OUTPUT_MAX = 1 << 20 };

void updates_parse(struct arena *a, str text, struct updates *out)
{
    *out = (struct updates){ 0 };
    text = arena_str(a, text);
    for (str line; str_split(&text, '\n', &line) && out->n < UPDATES_MAX; ) {
        size_t from = str_find(line, S("[upgradable from: ")), slash = str_find_char(line, '/');

        if (from == STR_NONE || slash == STR_NONE || slash > from)
            continue;
        struct update u = { .name = str_take(line, slash), .now = str_skip(line, from + sizeof "[upgradable from: " - 1) };

        u.now = str_take(u.now, str_find_char(u.now, ']'));
        line = str_skip(line, slash);
        machine_word(&line);
        u.version = machine_word(&line);
        if (out->items == NULL)
            out->items = arena_alloc(a, UPDATES_MAX * sizeof *out->items);
        out->items[out->n++] = u;
    }
}

/* ---- of this machine ---- */

struct lists { struct arena *arena; const char *root; int64_t as_of_ms; bool restart_needed; };

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* Fetched lists are moved into their folder, which changes by it; one that holds none was emptied. */
static enum err look_at_lists(void *arg)
{
    struct lists *l = arg;
    const char *path = arena_printf(l->arena, "%s/var/lib/apt/lists", l->root);
    CLEANUP(close_dir) DIR *d = opendir(path);
    struct stat st;

    for (const struct dirent *e; d && l->as_of_ms == 0 && (e = readdir(d)) != NULL; )
        if (strstr(e->d_name, "_Packages") && fstat(dirfd(d), &st) == 0)
            l->as_of_ms = (int64_t)st.st_mtim.tv_sec * 1000;
    l->restart_needed = access(arena_printf(l->arena, "%s/run/reboot-required", l->root), F_OK) == 0;
    return OK;
}

enum err updates_read(struct arena *a, const char *root, struct updates *out)
{
    static const char *const argv[] = { "apt", "list", "--upgradable", NULL };
    struct program_answer answer;
    struct lists l = { .arena = a, .root = root };
    struct updates u;
    enum err e = program_ask(a, argv, TIME_MS, OUTPUT_MAX, &answer);

    if (e == ERR_NOT_FOUND)
        return failed(e, "this machine has no apt, and other systems' packages are not looked at");
    TRY(e);
    if (answer.exit_code)
        return failed(ERR_IO, "apt ended with %d", answer.exit_code);
    updates_parse(a, answer.text, &u);
    TRY(fiber_offload(look_at_lists, &l));
    u.as_of_ms = l.as_of_ms;
    u.restart_needed = l.restart_needed;
    *out = u;
    return OK;
}
