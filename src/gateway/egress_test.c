// SPDX-License-Identifier: Apache-2.0
#include "gateway/egress.h"

#include "base/test.h"
#include "config/config.h"
#include "store/audit.h"
#include "store/secrets.h"
#include "store/test_home.h"
#include "tool/egress_link.h"

static void lend(struct gateway *g, struct test_home *h) AWAITS
{
    CHECK_OK(config_load_for_test(h->folder, NULL));
    *g = (struct gateway){ .store = h->store };
    CHECK_OK(secrets_open(h->store, h->folder, &g->secrets));
    CHECK_OK(egress_start(g));
}

static void take_back(struct gateway *g)
{
    egress_stop();
    secrets_close(g->secrets);
}

TEST(a_proxy_gets_the_value_of_a_secret_and_nobody_elses)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct gateway g;
    str value;

    lend(&g, &h);
    CHECK_OK(secret_set(g.secrets, S("github"), S("ghp_0123456789"), S("owner")));
    const struct egress_services *s = egress_services();

    CHECK_OK(s->secret(s->arg, S("github"), &value));
    CHECK_STR(value, "ghp_0123456789");
    CHECK_ERR(s->secret(s->arg, S("gitbuh"), &value), ERR_NOT_FOUND);
    take_back(&g);
}

static str row(struct test_home *h, const struct rows *r, size_t i)
{
    return str_from(arena_printf(h->arena, "%.*s %.*s %.*s %.*s %.*s|%.*s|%.*s", STR(row_str(r, i, 2)), STR(row_str(r, i, 3)),
                                 STR(row_str(r, i, 4)), STR(row_str(r, i, 5)), STR(row_str(r, i, 6)), STR(row_str(r, i, 7)),
                                 STR(row_str(r, i, 9))));
}

TEST(every_connection_of_a_command_has_its_rows_in_the_audit_log)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct egress_note note = { .event = EGRESS_OPENED, .person = S("bob"), .platform = S("telegram"), .session_id = S("s1"),
                                .call_id = S("call7"), .host = S("api.test"), .port = 443, .address = S("192.0.2.1"),
                                .decision = S("sandbox.network.allow api.test") };
    struct gateway g;
    struct rows r;
    struct audit_report report;

    lend(&g, &h);
    const struct egress_services *s = egress_services();

    s->on_connection(s->arg, &note);
    note.event = EGRESS_ENDED;
    note.sent = 70;
    note.received = 900;
    s->on_connection(s->arg, &note);
    note = (struct egress_note){ .event = EGRESS_REFUSED, .host = S("evil.test"), .address = S(""), .decision = S("not allowed") };
    s->on_connection(s->arg, &note);
    struct batch *b = batch_new(h.arena);       /* what was left for later rides along with this */

    audit_add(b, &(struct audit_row){ .event = "test" });
    CHECK_OK(store_commit(h.store, b));
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_INT(report.head.n, 4);
    CHECK_OK(audit_page(h.store, h.arena, &(struct audit_filter){ .person = S(""), .event = S(""), .limit = 10 }, 0, &r));
    CHECK_STR(row(&h, &r, 0), "bob telegram s1 egress.open api.test|sandbox.network.allow api.test|"
                              "{\"call\":\"call7\",\"port\":443,\"address\":\"192.0.2.1\"}");
    CHECK_STR(row(&h, &r, 1), "bob telegram s1 egress.end api.test|sandbox.network.allow api.test|"
                              "{\"call\":\"call7\",\"port\":443,\"address\":\"192.0.2.1\",\"sent\":70,\"received\":900}");
    CHECK_STR(row(&h, &r, 2), "   egress.refused evil.test|not allowed|{\"call\":\"\",\"port\":0,\"address\":\"\"}");
    take_back(&g);
}

TEST(a_network_that_is_written_wrong_stops_the_start)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    struct gateway g = { .store = NULL };

    CHECK_OK(config_load_for_test(h.folder, (const char *const[]){ "sandbox.network.allow=http://x", NULL }));
    CHECK_ERR(egress_start(&g), ERR_INPUT);
    CHECK_STR(str_take(str_from(failed_text()), 42), "sandbox.network.allow: 'http://x' is not a");
}
