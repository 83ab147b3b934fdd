// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <stdio.h>

#include "base/test.h"

static bool is_printed(const char *line)
{
    CLEANUP(buf_done) struct buf b = { .max = 1 << 20 };

    metrics_print(&b);
    return str_find(buf_str(&b), str_from(line)) != STR_NONE;
}

TEST(a_family_counts_each_pair_of_labels_apart)
{
    metric_add_for(METRIC_FAMILY_model_tokens, "a/b", "input", 5);
    metric_add_for(METRIC_FAMILY_model_tokens, "a/b", "input", 2);
    metric_add_for(METRIC_FAMILY_model_tokens, "a/b", "output", 1);
    CHECK_INT(metric_value_for(METRIC_FAMILY_model_tokens, "a/b", "input"), 7);
    CHECK(is_printed("\nclawdbot_model_tokens_total{model=\"a/b\",kind=\"input\"} 7\n"));
    CHECK(is_printed("\nclawdbot_model_tokens_total{model=\"a/b\",kind=\"output\"} 1\n"));
    CHECK(is_printed("# TYPE clawdbot_model_tokens_total counter\n"));
}

TEST(a_gauge_with_one_label_is_set)
{
    metric_set_for(METRIC_FAMILY_model_circuit, "x", NULL, 2);
    metric_set_for(METRIC_FAMILY_model_circuit, "x", NULL, 1);
    CHECK(is_printed("\nclawdbot_model_circuit_state{model=\"x\"} 1\n"));
}

TEST(a_label_cannot_break_out_of_its_quotes)
{
    metric_set_for(METRIC_FAMILY_model_circuit, "a\"} 9\nb\\", NULL, 1);
    CHECK(is_printed("{model=\"a\\\"} 9 b\\\\\"} 1\n"));
}

TEST(a_full_family_counts_what_is_new_as_other)
{
    char label[16];

    for (int i = 0; i < METRIC_SERIES_MAX + 50; i++) {
        snprintf(label, sizeof label, "m%d", i);
        metric_add_for(METRIC_FAMILY_model_requests, label, "ok", 1);
    }
    CHECK_INT(metric_value_for(METRIC_FAMILY_model_requests, "m0", "ok"), 1);
    CHECK_INT(metric_value_for(METRIC_FAMILY_model_requests, "m249", "ok"), 0);
    CHECK_INT(metric_value_for(METRIC_FAMILY_model_requests, "other", "ok"), 50);
}
