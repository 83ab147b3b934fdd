// SPDX-License-Identifier: Apache-2.0
#include "runtime/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/offload.h"
#include "runtime/program_file.h"

enum { MODULES_MAX = 16 };

/* Names are literals.  A row is written once, and only then counted. */
static struct { const char *name; const void *table; } loaded[MODULES_MAX];
static size_t n_loaded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const void *find(const char *name)
{
    const void *table = NULL;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_loaded && table == NULL; i++)
        if (strcmp(loaded[i].name, name) == 0)
            table = loaded[i].table;
    pthread_mutex_unlock(&lock);
    return table;
}

static void remember(const char *name, const void *table)
{
    pthread_mutex_lock(&lock);
    if (n_loaded < MODULES_MAX) {
        loaded[n_loaded].name = name;
        loaded[n_loaded++].table = table;
    }
    pthread_mutex_unlock(&lock);
}

/* Whatever the hook is by then. */
static struct err_context *current_context(void)
{
    return err_context_hook();
}

static enum err missing(const char *name)
{
    const char *why = dlerror();

    return failed(ERR_IO, "clawdbot-%s.so cannot be loaded: %s", name, why ? why : "no reason was given");
}

/* Two threads that come at once load the same object twice, which the loader counts and does not repeat. */
enum err module_load(const char *name, const void **ret_table)
{
    char file[64], symbol[64], path[2 * PATH_MAX];
    typeof(clawdbot_module_start) *start;
    const void *table = find(name);

    if (table == NULL) {
        snprintf(file, sizeof file, "clawdbot-%s.so", name);
        snprintf(symbol, sizeof symbol, "clawdbot_module_%s", name);
        TRY(program_file(file, R_OK, path, sizeof path));
        void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

        if (object == NULL)
            return missing(name);
        *(void **)&start = dlsym(object, "clawdbot_module_start");
        table = dlsym(object, symbol);
        if (start == NULL || table == NULL)
            return missing(name);
        start(current_context);
        remember(name, table);
    }
    *ret_table = table;
    return OK;
}

struct job { const char *name; const void *table; };

static enum err in_pool(void *arg)
{
    struct job *j = arg;

    return module_load(j->name, &j->table);
}

enum err module_open(const char *name, const void **ret_table) AWAITS
{
    struct job j = { name, find(name) };

    if (j.table == NULL)
        TRY(fiber_offload(in_pool, &j));
    *ret_table = j.table;
    return OK;
}
