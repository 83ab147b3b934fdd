// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/metrics_internal.h"

enum { KEY_MAX = 512 };

static const struct family { enum metric_type type; const char *name, *label, *second; int64_t scale; const char *help; }
families[N_METRIC_FAMILIES] = {
#define METRIC_FAMILY(id, type, name, label, second, scale, help) [METRIC_FAMILY_##id] = { type, name, label, second, scale, help },
#include "base/metric_families.def"
#undef METRIC_FAMILY
};

/* By its labels as they are printed: model="a/b",kind="input". */
struct series { int64_t value; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct map series[N_METRIC_FAMILIES];

static void add_label(struct buf *b, const char *label, const char *value)
{
    buf_addf(b, "%s%s=\"", b->len ? "," : "", label);
    for (const char *c = value; *c && b->len < KEY_MAX; c++) {
        if (*c == '"' || *c == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, (unsigned char)*c < ' ' ? ' ' : *c);
    }
    buf_add_char(b, '"');
}

static void add_key(struct buf *b, const struct family *f, const char *label, const char *second)
{
    add_label(b, f->label, label);
    if (f->second)
        add_label(b, f->second, second ? second : "");
}

/* A full family counts what is new under "other"; what second means stays apart. */
static struct series *series_of(enum metric_family m, const char *label, const char *second)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    const struct family *f = &families[m];

    add_key(&key, f, label, second);
    struct series *s = map_get(&series[m], buf_str(&key));

    if (s == NULL && series[m].n >= METRIC_SERIES_MAX) {
        buf_clear(&key);
        add_key(&key, f, "other", second);
        s = map_get(&series[m], buf_str(&key));
    }
    if (s == NULL) {
        s = NEW(struct series);
        map_put(&series[m], buf_str(&key), s);
    }
    return s;
}

void metric_add_for(enum metric_family m, const char *label, const char *second, int64_t n)
{
    pthread_mutex_lock(&lock);
    series_of(m, label, second)->value += n;
    pthread_mutex_unlock(&lock);
}

void metric_set_for(enum metric_family m, const char *label, const char *second, int64_t n)
{
    pthread_mutex_lock(&lock);
    series_of(m, label, second)->value = n;
    pthread_mutex_unlock(&lock);
}

int64_t metric_value_for(enum metric_family m, const char *label, const char *second)
{
    CLEANUP(buf_done) struct buf key = { 0 };

    add_key(&key, &families[m], label, second);
    pthread_mutex_lock(&lock);
    const struct series *s = map_get(&series[m], buf_str(&key));
    int64_t value = s ? s->value : 0;

    pthread_mutex_unlock(&lock);
    return value;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct map_entry *)a)->key.p, ((const struct map_entry *)b)->key.p);
}

static void print_family(struct buf *b, enum metric_family m)
{
    const struct family *f = &families[m];
    struct map_entry *sorted = mem_alloc((series[m].n + 1) * sizeof *sorted);
    const struct map_entry *e;
    size_t n = 0;

    for (size_t i = 0; map_next(&series[m], &i, &e); )
        sorted[n++] = *e;
    qsort(sorted, n, sizeof *sorted, by_key);
    buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, metric_type_name(f->type));
    for (size_t i = 0; i < n; i++) {
        int64_t value = ((const struct series *)sorted[i].value)->value;

        buf_addf(b, "%s{%.*s} ", f->name, STR(sorted[i].key));
        if (f->scale == 1)
            buf_addf(b, "%lld\n", (long long)value);
        else
            buf_addf(b, "%.9g\n", (double)value / (double)f->scale);
    }
    free(sorted);
}

void metric_families_print(struct buf *b)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < N_METRIC_FAMILIES; i++)
        print_family(b, (enum metric_family)i);
    pthread_mutex_unlock(&lock);
}
