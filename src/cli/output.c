// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/cli.h"

void cli_print_json(const json_t *j)
{
    json_dumpf(j, stdout, (isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT) | JSON_ENCODE_ANY);
    putchar('\n');
}

/* A model, or a stranger in a chat, must not be able to write escape sequences to the terminal. */
void cli_print_text(FILE *out, str text)
{
    while (text.len) {
        uint32_t ch = 0;
        size_t n = utf8_next(text, &ch);
        bool control = (ch < 0x20 && ch != '\n' && ch != '\t') || (ch >= 0x7f && ch < 0xa0);

        if (n == 0 || control)
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(text.p, 1, n, out);
        text = str_skip(text, n ? n : 1);
    }
}

static void print_value(const json_t *j)
{
    CLEANUP(buf_done) struct buf text = {0};

    if (json_is_string(j)) {
        cli_print_text(stdout, json_strval(j));
        return;
    }
    json_print_to(&text, j);
    cli_print_text(stdout, buf_str(&text));
}

static void print_fields(struct arena *a, const char *before, const json_t *j)
{
    const char *key;
    json_t *child;

    json_object_foreach((json_t *)j, key, child) {
        if (json_is_object(child) && json_object_size(child)) {
            print_fields(a, arena_printf(a, "%s%s.", before, key), child);
            continue;
        }
        printf("%s%s: ", before, key);
        print_value(child);
        putchar('\n');
    }
}

void cli_print_fields(const json_t *j)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    print_fields(a, "", j);
}

void cli_print_excerpt(FILE *f, str text, size_t max_bytes)
{
    CLEANUP(buf_done) struct buf line = { 0 };

    for (size_t i = 0; i < text.len; i++)
        buf_add_char(&line, text.p[i] == '\n' || text.p[i] == '\t' ? ' ' : text.p[i]);
    str all = buf_str(&line), cut = utf8_take(all, max_bytes);

    cli_print_text(f, cut);
    if (cut.len < all.len)
        fputs("…", f);
}
