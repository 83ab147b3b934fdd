// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/metrics.h"

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

const char *metric_type_name(enum metric_type);
void        metric_families_print(struct buf *);
