// SPDX-License-Identifier: Apache-2.0
/* metrics.h: numbers about what happened, for GET /metrics.  Every metric is a row of metrics.def, or of metric_families.def.
 * Counters only grow; gauges go up and down; histograms are seconds.  Safe from any thread.
 *
 * A family has labels: one number for each pair of values ("model", "kind").  Values come from the configuration or from
 * outside, so a family holds METRIC_SERIES_MAX of them; what comes after is counted under "other". */
#pragma once
#include "base/buf.h"

enum metric {
#define METRIC(id, type, name, help) METRIC_##id,
#include "base/metrics.def"
#undef METRIC
    N_METRICS
};

enum metric_family {
#define METRIC_FAMILY(id, type, name, label, second, scale, help) METRIC_FAMILY_##id,
#include "base/metric_families.def"
#undef METRIC_FAMILY
    N_METRIC_FAMILIES
};

enum { METRIC_SERIES_MAX = 200 };

void     metric_add(enum metric, int64_t);                  /* counter, or gauge up and down */
void     metric_observe_us(enum metric, uint64_t us);       /* histogram */
int64_t  metric_value(enum metric);                         /* of a histogram: how many were observed */
void     metric_add_for(enum metric_family, const char *label, const char *second, int64_t);    /* second: NULL where there is one label */
void     metric_set_for(enum metric_family, const char *label, const char *second, int64_t);
int64_t  metric_value_for(enum metric_family, const char *label, const char *second);
void     metrics_print(struct buf *);                       /* Prometheus text format 0.0.4 */
