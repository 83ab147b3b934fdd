// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_canary.h"

#include "base/metrics.h"
#include "base/test.h"
#include "gateway/alerts.h"
#include "gateway/test_scene.h"
#include "memory/memory.h"
#include "runtime/clock.h"
#include "store/sqlite_db.h"

enum { MINUTE = 60000 };

static void run(struct scene *s, const char *sql)
{
    CLEANUP(sqlite_db_close) struct sqlite_db db = { 0 };
    struct sqlite_place p;

    CHECK_OK(sqlite_place_parse(home_path(&s->home, "memory.db"), &p));
    p.schema = STORE_MEMORY;
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    CHECK_OK(sqlite_db_exec(&db, sql));
}

static void want_event(struct mailbox *m, const char *want)
{
    CLEANUP(bus_event_unrefp) struct bus_event *e = NULL;

    UNTIL((e = mailbox_take(m)) != NULL);
    if (str_find(e->json, str_from(want)) == STR_NONE)
        test_failed(__FILE__, __LINE__, "%s: is not in %.*s", want, STR(e->json));
}

TEST(a_broken_index_is_told_once_and_so_is_that_it_is_well)
{
    struct memory_item m = { .scope = { SCOPE_GLOBAL, S("") }, .text = S("the gate code is 4711"), .confidence = 1 };
    int64_t id, failures = metric_value(METRIC_memory_canary_failures), failing = metric_value(METRIC_memory_canary_failing);
    struct scene s;

    scene_start_with(&s, 4, "memory.canary=10m", NULL);
    s.gateway.alerts = alerts_new(&s.gateway);
    struct mailbox *box = mailbox_new(s.gateway.bus, 10);

    mailbox_join(box, S("alert"));
    CHECK_OK(memory_save(s.gateway.memory, &m, 1, NULL, &id));
    run(&s, "INSERT INTO items_text (items_text) VALUES ('delete-all')");
    clock_fake(clock_wall_ms());
    struct fiber *f = fiber_spawn("canary", memory_canary_run, &s.gateway);

    CHECK_OK(fiber_yield());
    clock_advance(2000);
    UNTIL(metric_value(METRIC_memory_canary_failures) == failures + 1);
    want_event(box, "The memory does not find what it must: the memory's index of words is empty or broken");
    for (int64_t n = 2; n < 4; n++) {
        for (int i = 0; i < 10; i++) {
            CHECK_OK(fiber_yield());
            clock_advance(MINUTE);
        }
        UNTIL(metric_value(METRIC_memory_canary_failures) == failures + n);
    }
    CHECK_INT(metric_value(METRIC_memory_canary_failing), failing + 1);
    run(&s, "INSERT INTO items_text (items_text) VALUES ('rebuild')");
    for (int i = 0; i < 10; i++) {
        CHECK_OK(fiber_yield());
        clock_advance(MINUTE);
    }
    want_event(box, "The memory finds what it must again.");
    CHECK_INT(metric_value(METRIC_memory_canary_failing), failing);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    clock_real();
    alerts_free(s.gateway.alerts);
    s.gateway.alerts = NULL;
    mailbox_free(box);      /* before its bus */
    scene_end(&s);
}
