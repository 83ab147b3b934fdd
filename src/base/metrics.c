// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <stdatomic.h>

#include "base/metrics_internal.h"

static const struct { enum metric_type type; const char *name, *help; } metrics[N_METRICS] = {
#define METRIC(id, type, name, help) [METRIC_##id] = { type, name, help },
#include "base/metrics.def"
#undef METRIC
};

/* Upper bounds in microseconds; one more bucket takes the rest. */
static const uint64_t bounds[] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 60000000,
};

static struct {
    _Atomic int64_t  value;
    _Atomic uint64_t sum_us, buckets[N_ELEMENTS(bounds)];
} values[N_METRICS];

void metric_add(enum metric m, int64_t n)
{
    atomic_fetch_add_explicit(&values[m].value, n, memory_order_relaxed);
}

void metric_observe_us(enum metric m, uint64_t us)
{
    metric_add(m, 1);
    atomic_fetch_add_explicit(&values[m].sum_us, us, memory_order_relaxed);
    for (size_t i = 0; i < N_ELEMENTS(bounds); i++)
        if (us <= bounds[i]) {
            atomic_fetch_add_explicit(&values[m].buckets[i], 1, memory_order_relaxed);
            return;
        }
}

int64_t metric_value(enum metric m)
{
    return atomic_load_explicit(&values[m].value, memory_order_relaxed);
}

static void print_histogram(struct buf *b, enum metric m)
{
    const char *name = metrics[m].name;
    uint64_t below = 0;

    for (size_t i = 0; i < N_ELEMENTS(bounds); i++) {
        below += atomic_load_explicit(&values[m].buckets[i], memory_order_relaxed);
        buf_addf(b, "%s_bucket{le=\"%g\"} %llu\n", name, (double)bounds[i] / 1e6, (unsigned long long)below);
    }
    buf_addf(b, "%s_bucket{le=\"+Inf\"} %lld\n", name, (long long)metric_value(m));
    buf_addf(b, "%s_sum %.6f\n", name, (double)atomic_load_explicit(&values[m].sum_us, memory_order_relaxed) / 1e6);
    buf_addf(b, "%s_count %lld\n", name, (long long)metric_value(m));
}

const char *metric_type_name(enum metric_type t)
{
    static const char *const names[] = { "counter", "gauge", "histogram" };

    return names[t];
}

void metrics_print(struct buf *b)
{
    for (size_t i = 0; i < N_METRICS; i++) {
        buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].help, metrics[i].name,
                 metric_type_name(metrics[i].type));
        if (metrics[i].type == HISTOGRAM)
            print_histogram(b, (enum metric)i);
        else
            buf_addf(b, "%s %lld\n", metrics[i].name, (long long)metric_value((enum metric)i));
    }
    metric_families_print(b);
}
