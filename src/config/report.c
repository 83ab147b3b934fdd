// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>

#include "config/load.h"

enum { NOTES_MAX = 200 };       /* a file full of mistakes is not listed to its end */

static void add_note(struct config_report *r, bool error, const char *where, const char *fmt, va_list ap)
{
    char text[ERR_TEXT_MAX];

    *(error ? &r->n_errors : &r->n_warnings) += 1;
    if (r->n_errors + r->n_warnings > NOTES_MAX)
        return;
    if (r->arena == NULL) {
        r->arena = arena_new();
        r->end = &r->first;
    }
    vsnprintf(text, sizeof text, fmt, ap);
    struct config_note *n = ARENA_NEW(r->arena, struct config_note);

    *n = (struct config_note){ NULL, error, arena_c(r->arena, str_from(where)), arena_c(r->arena, str_from(text)) };
    *r->end = n;
    r->end = &n->next;
}

void report_error(struct config_report *r, const char *where, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_note(r, true, where, fmt, ap);
    va_end(ap);
}

void report_warning(struct config_report *r, const char *where, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_note(r, false, where, fmt, ap);
    va_end(ap);
}

void config_report_add(struct config_report *r, const char *text)
{
    report_error(r, "", "%s", text);
}

enum err report_result(const struct config_report *r)
{
    const struct config_note *n = r->first;

    if (r->n_errors == 0)
        return OK;
    while (n && !n->error)
        n = n->next;
    if (n == NULL)
        return failed(ERR_INPUT, "%zu errors", r->n_errors);
    const char *colon = *n->where ? ": " : "";

    if (r->n_errors == 1)
        return failed(ERR_INPUT, "%s%s%s", n->where, colon, n->text);
    return failed(ERR_INPUT, "%s%s%s (and %zu more)", n->where, colon, n->text, r->n_errors - 1);
}

void config_report_done(struct config_report *r)
{
    arena_free(r->arena);
    *r = (struct config_report){0};
}
