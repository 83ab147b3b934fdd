// SPDX-License-Identifier: Apache-2.0
/* metrics.h: numbers about what happened, for GET /metrics.  Every metric is a row of metrics.def.
 * Counters only grow; gauges go up and down; histograms are seconds.  Safe from any thread. */
#pragma once
#include "base/buf.h"

enum metric {
#define METRIC(id, type, name, help) METRIC_##id,
#include "base/metrics.def"
#undef METRIC
    N_METRICS
};

void     metric_add(enum metric, int64_t);                  /* counter, or gauge up and down */
void     metric_observe_us(enum metric, uint64_t us);       /* histogram */
int64_t  metric_value(enum metric);                         /* of a histogram: how many were observed */
void     metrics_print(struct buf *);                       /* Prometheus text format 0.0.4 */
