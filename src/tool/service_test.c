// SPDX-License-Identifier: Apache-2.0
/* systemd's programs are scripts here, which say what they were asked. */
#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "tool/ask_program.h"
#include "tool/desk.h"
#include "tool/services.h"

struct stage { struct desk d; char *path; };

static void stage_done(struct stage *s)
{
    setenv("PATH", s->path, 1);
    free(s->path);
    services_booted = "/run/systemd/system";
    desk_done(&s->d);
}

static void put_program(struct stage *s, const char *name, const char *script)
{
    const char *path = fixture_outside(&s->d.f, name, arena_printf(s->d.f.arena, "#!/bin/sh\n%s", script));

    CHECK(chmod(path, 0755) == 0);
}

static void stage_open(struct stage *s)
{
    desk_open(&s->d);
    s->path = str_dup_c(str_from(getenv("PATH")));
    setenv("PATH", arena_printf(s->d.f.arena, "%s:%s", s->d.f.root, s->path), 1);
    services_booted = s->d.f.root;
    put_program(s, "systemctl",
                "case $1 in\n"
                "list-units) echo 'a.service loaded active running The first'; echo 'b.service loaded failed failed The second'\n"
                "  echo 'c.service not-found inactive dead c.service';;\n"
                "status) echo \"$*\"; [ \"$7\" != gone ] && [ \"$6\" != gone ] || { echo 'Unit gone.service could not be found.' >&2; exit 4; }; exit 3;;\n"
                "show) echo ActiveState=${STATE:-active}; echo SubState=running;;\n"
                "*) [ \"$5\" = locked ] && { echo 'Access denied' >&2; exit 1; }; exit 0;;\n"
                "esac\n");
    put_program(s, "journalctl",
                "for w; do case $w in *nothing*) echo '-- No entries --'; exit 1;; *broken*) echo 'No journal' >&2; exit 1;; esac; done\n"
                "printf '%s\\n' \"$*\"\n");
}
#define STAGE(s) CLEANUP(stage_done) struct stage s; stage_open(&s)

TEST(services_are_listed_by_state_and_by_words)
{
    STAGE(s);
    struct tool_result r;

    CHECK_SAYS(&s.d, "service", "{\"action\":\"failed\"}",
               "b.service                            failed     failed     The second\n");
    r = desk_call(&s.d, "service", "{\"action\":\"list\"}");
    CHECK(!r.is_error && str_starts(r.text, S("a.service  ")) && str_find(r.text, S("c.service")) == STR_NONE);
    CHECK_SAYS(&s.d, "service", "{\"action\":\"list\",\"query\":\"FIRST\"}",
               "a.service                            active     running    The first\n");
    CHECK_TELLS(&s.d, "service", "{\"action\":\"list\",\"query\":\"c.serv\"}", "inactive", false);
    CHECK_SAYS(&s.d, "service", "{\"action\":\"list\",\"query\":\"nginx\"}", "[no such service]");
    put_program(&s, "systemctl", "exit 0");
    CHECK_SAYS(&s.d, "service", "{\"action\":\"failed\"}", "No service has failed.");
}

TEST(a_service_is_asked_for_its_state_and_log)
{
    STAGE(s);

    clock_fake(1767312000000);
    CHECK_SAYS(&s.d, "service", "{\"action\":\"status\",\"name\":\"web@1.service\"}",
               "status --no-pager --full --lines=10 -- web@1.service\n");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"status\",\"name\":\"gone\"}", "gone.service could not be found");
    CHECK_SAYS(&s.d, "service", "{\"action\":\"logs\"}", "--no-pager --output=short-iso --case-sensitive=false --lines=50\n");
    CHECK_SAYS(&s.d, "service", "{\"action\":\"logs\",\"name\":\"a\",\"lines\":5,\"since\":\"2026-01-01 08:00:00\",\"query\":\"a.b\\\\Ec\"}",
               "--no-pager --output=short-iso --case-sensitive=false --lines=5 --unit=a --since=2026-01-01 08:00:00 "
               "--grep=\\Qa.b\\E\\\\E\\Qc\\E\n");
    CHECK_TELLS(&s.d, "service", "{\"action\":\"logs\",\"since\":\"1h\"}", "--since=@1767308400\n", false);
    CHECK_SAYS(&s.d, "service", "{\"action\":\"logs\",\"query\":\"nothing\"}", "[no such lines in the log]");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"logs\",\"name\":\"broken\"}", "No journal");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"logs\",\"since\":\"--output=cat\"}", "since: ");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"logs\",\"query\":\"a\\nb\"}", "query: one line");
    clock_real();
}

TEST(what_a_log_says_is_not_the_owners_words)
{
    STAGE(s);

    CHECK_STR(desk_call(&s.d, "service", "{\"action\":\"logs\",\"name\":\"a\"}").taint, "log of a");
    CHECK_STR(desk_call(&s.d, "service", "{\"action\":\"status\",\"name\":\"a\"}").taint, "log of a");
    CHECK_STR(desk_call(&s.d, "service", "{\"action\":\"list\"}").taint, "");
}

TEST(a_service_is_started_and_stopped_and_its_state_told)
{
    STAGE(s);

    CHECK_SAYS(&s.d, "service", "{\"action\":\"restart\",\"name\":\"a\"}", "a was restarted; it is active (running).");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"stop\",\"name\":\"locked\"}", "systemctl stop locked: Access denied");
    put_program(&s, "systemctl", "[ $1 = show ] && echo ActiveState=failed; exit 0");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"start\",\"name\":\"a\"}", "a was started; it is failed (not known).");
}

TEST(a_name_of_a_service_is_nothing_else)
{
    STAGE(s);
    static const char *const names[] = { "", "-a", "--now", "a b", "a;b", "../a", "a*", "$(a)", "\\u4e2d" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        CHECK_REFUSES(&s.d, "service", arena_printf(s.d.f.arena, "{\"action\":\"stop\",\"name\":\"%s\"}", names[i]), "name: ");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"enable\",\"name\":\"a\"}", "must be one of");
}

TEST(where_there_is_no_systemd_that_is_said)
{
    STAGE(s);

    services_booted = "/nonexistent";
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"list\"}", "systemd does not run here");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"logs\"}", "systemd does not run here");
    CHECK_REFUSES(&s.d, "service", "{\"action\":\"restart\",\"name\":\"a\"}", "systemd does not run here");
}

/* ---- ask_program.h ---- */

TEST(a_program_is_asked_and_waited_for)
{
    STAGE(s);
    struct arena *a = s.d.f.arena;
    static const char *const loud[] = { "loud", NULL }, *const slow[] = { "slow", NULL }, *const none[] = { "no-such-program", NULL };
    struct program_answer answer;

    put_program(&s, "loud", "echo one; echo two >&2; printf 'x%.0s' $(seq 1000); kill -9 $$");
    put_program(&s, "slow", "exec sleep 1000");
    CHECK_OK(program_ask(a, loud, 10000, 100000, &answer));
    CHECK(str_starts(answer.text, S("one\ntwo\nxxx")) && answer.text.len == 1008);
    CHECK_INT(answer.exit_code, 137);
    CHECK_OK(program_ask(a, loud, 10000, 100, &answer));
    CHECK(str_find(answer.text, S(" bytes left out ")) != STR_NONE);
    CHECK_ERR(program_ask(a, slow, 50, 100, &answer), ERR_TIMEOUT);
    CHECK_ERR(program_ask(a, none, 1000, 100, &answer), ERR_NOT_FOUND);
}
