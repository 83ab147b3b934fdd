// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct err_context *thread_context(void)
{
    static _Thread_local struct err_context context;
    return &context;
}

struct err_context *(*err_context_hook)(void) = thread_context;

enum err failed(enum err e, const char *fmt, ...)
{
    struct err_context *c = err_context_hook();
    char text[ERR_TEXT_MAX];        /* the arguments may point into c->text */
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    memcpy(c->text, text, sizeof text);
    return e;
}

enum err failed_in(enum err e, const char *fmt, ...)
{
    struct err_context *c = err_context_hook();
    char text[ERR_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, "%s", c->text);
    memcpy(c->text, text, sizeof text);
    return e;
}

const char *failed_text(void)
{
    return err_context_hook()->text;
}

const char *err_name(enum err e)
{
    static const char *const names[] = {
        [OK] = "ok", [ERR_CANCELLED] = "cancelled", [ERR_TIMEOUT] = "timeout", [ERR_NET] = "network",
        [ERR_REMOTE] = "remote", [ERR_AUTH] = "auth", [ERR_LIMIT] = "limit", [ERR_INPUT] = "input",
        [ERR_NOT_FOUND] = "not_found", [ERR_CONFLICT] = "conflict", [ERR_IO] = "io", [ERR_TOO_LONG] = "too_long",
        [ERR_BUDGET] = "budget", [ERR_BUG] = "bug",
    };
    return (size_t)e < N_ELEMENTS(names) ? names[e] : "bug";
}
