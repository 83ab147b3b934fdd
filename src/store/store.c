// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "runtime/failure.h"
#include "store/driver.h"

#define STORE(id) extern const struct store_driver store_##id;
#include "store/stores.def"
#undef STORE
static const struct store_driver *const drivers[] = {
#define STORE(id) &store_##id,
#include "store/stores.def"
#undef STORE
};

struct store {
    const struct store_driver *driver;
    void                      *impl;
    const char                *name;        /* in what is told of its failures */
    bool                       failing;
};

/* "sqlite" of "sqlite:/x"; "" of a path.  A url may hold a password, so no more of it is ever shown. */
static str scheme_of(const char *url)
{
    str s = str_from(url);
    size_t colon = str_find_char(s, ':'), slash = str_find_char(s, '/');

    return colon == STR_NONE || slash < colon ? NO_STR : str_take(s, colon);
}

static enum err driver_for(str scheme, const struct store_driver **out)
{
    for (size_t i = 0; i < N_ELEMENTS(drivers); i++)
        for (const char *const *s = drivers[i]->schemes; *s; s++)
            if (str_eq(scheme, str_from(*s))) {
                *out = drivers[i];
                return OK;
            }
    return failed(ERR_INPUT, "this clawdbot has no store for '%.*s:' (it has sqlite:PATH)", STR(str_take(scheme, 40)));
}

enum err store_open(const struct store_options *o, struct store **out) AWAITS
{
    const struct store_driver *driver;
    void *impl;

    TRY(driver_for(scheme_of(o->url), &driver));
    TRY(driver->open(o, &impl));
    struct store *s = NEW(struct store);

    *s = (struct store){ driver, impl, o->schema == STORE_MEMORY ? "memory" : "store", false };
    *out = s;
    return OK;
}

void store_close(struct store *s) AWAITS
{
    if (s == NULL)
        return;
    s->driver->close(s->impl);
    free(s);
}

enum err store_commit(struct store *s, struct batch *b) AWAITS
{
    enum err e = b->n ? s->driver->commit(s->impl, b) : OK;

    if (e == ERR_IO)
        failure_tell(s->name, failed_text());
    else if (s->failing && b->n)
        failure_over(s->name);
    s->failing = b->n ? e == ERR_IO : s->failing;
    return e;
}

void store_commit_later(struct store *s, const struct batch *b)
{
    if (b->n)
        s->driver->commit_later(s->impl, b);
}

enum err store_query(struct store *s, struct batch *b) AWAITS
{
    if (FAULT(store_query))
        return failed(ERR_IO, "the store cannot be read (a fault was asked for)");
    return b->n ? s->driver->query(s->impl, b) : OK;
}

enum err store_read(struct store *s, struct arena *a, struct rows *out, const char *statement, const char *types, ...) AWAITS
{
    struct batch *b = batch_new(a);
    va_list ap;

    va_start(ap, types);
    batch_addv(b, statement, types, ap);
    va_end(ap);
    TRY(store_query(s, b));
    *out = *batch_rows(b, 0);
    return OK;
}

void store_stats(struct store *s, struct store_stats *out)
{
    s->driver->stats(s->impl, out);
}

enum err store_check(struct store *s, struct arena *a, str *ret_report) AWAITS
{
    return s->driver->check(s->impl, a, ret_report);
}

enum err store_shrink(struct store *s) AWAITS
{
    return s->driver->shrink(s->impl);
}
