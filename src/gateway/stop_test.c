// SPDX-License-Identifier: Apache-2.0
/* The person's stop takes effect at once wherever the turn is, and nothing of the turn goes on behind it. */
#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/approvals.h"
#include "gateway/test_scene.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"
#include "tool/sandbox_fixture.h"

/* At once is far below this; how fast it is, `bench/run stop` says: a test on a busy machine cannot. */
enum { STOP_MS = 5000 };
#define NAP "sleep 7461"

static bool has_words(const char *pid, const char *words)
{
    char path[300], text[4096];

    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);

    close(fd);
    for (ssize_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    text[n > 0 ? n : 0] = '\0';
    return strstr(text, words) != NULL;
}

static size_t n_processes(const char *words)
{
    DIR *proc = opendir("/proc");
    size_t n = 0;

    CHECK(proc != NULL);
    for (struct dirent *e; (e = readdir(proc)); )
        n += e->d_name[0] >= '0' && e->d_name[0] <= '9' && has_words(e->d_name, words);
    closedir(proc);
    return n;
}

/* A tree of processes. */
static void write_script(struct scene *s)
{
    FILE *f = fopen(arena_printf(s->home.arena, "%s/nap.sh", s->gateway.workspace), "we");

    CHECK(f != NULL);
    fputs("(" NAP " & " NAP ") & " NAP "; wait\n", f);
    CHECK(fclose(f) == 0);
}

/* Begins a turn, waits until it is there, stops it; ms until its end is stored. */
struct place {
    const char *setting, *other, *says;
    const struct scripted *script;
    bool (*is_there)(struct scene *) AWAITS;
};

static uint64_t time_stop(const struct place *p) AWAITS
{
    struct scene s;
    bool stopped;

    scene_start_with(&s, 10, p->setting, p->other);
    write_script(&s);
    gateway_register_tools();
    s.script = p->script;
    s.model_held = true;
    scene_say(&s, SESSION_A, p->says);
    while (!p->is_there(&s))
        CHECK_OK(fiber_sleep(2));
    uint64_t start = clock_ms();

    CHECK_OK(approvals_stop(&s.gateway, s.home.arena, S(SESSION_A), &stopped));
    CHECK(stopped);
    scene_settle(&s);
    while (n_processes(NAP))            /* killed, and not gone yet */
        CHECK_OK(fiber_sleep(1));
    uint64_t took = clock_ms() - start;

    CHECK(str_starts(scene_inbox(&s), S("failed ")));
    CHECK(str_find(scene_replies(&s), S("topped")) != STR_NONE || str_find(scene_replies(&s), S("This did not work")) != STR_NONE);
    scene_end(&s);
    return took;
}

static void check_stops(const struct place *p) AWAITS
{
    uint64_t took = time_stop(p);

    printf("stopped \"%s\": %llu ms\n", p->says, (unsigned long long)took);
    CHECK(took <= STOP_MS);
}

static bool is_asked(struct scene *s)
{
    return s->n_asked == 1;
}

static bool is_running(struct scene *s)
{
    return strcmp(dispatch_state(s->gateway.dispatch, S(SESSION_A)).state, "running") == 0;
}

static bool naps(struct scene *s)
{
    (void)s;
    return n_processes(NAP) > 0;
}

static bool is_waiting(struct scene *s) AWAITS
{
    struct rows r;

    CHECK_OK(store_read(s->gateway.store, s->home.arena, &r, "approval.list", "ci", "", (int64_t)1));
    return r.n && dispatch_running(s->gateway.dispatch) == 0;
}

/* The pause begins when the connection was refused: a moment later it is in it. */
static bool is_pausing(struct scene *s) AWAITS
{
    if (!is_running(s))
        return false;
    CHECK_OK(fiber_sleep(50));
    return true;
}

TEST(a_stop_ends_a_models_stream_at_once)
{
    check_stops(&(struct place){ .says = "hello", .is_there = is_asked });
}

TEST(a_stop_ends_the_pause_before_a_model_is_asked_again)
{
    check_stops(&(struct place){ .setting = "model_provider.endpoint=http://127.0.0.1:1/v1",
                                   .other = "model_provider.retries=5", .says = "hello", .is_there = is_pausing });
}

TEST(a_stop_takes_back_what_is_asked)
{
    check_stops(&(struct place){ .says = "/run rm -rf build", .is_there = is_waiting });
}

TEST(a_stop_ends_a_tool_with_all_its_processes)
{
    if (fixture_can_run())
        check_stops(&(struct place){ .says = "/run sh nap.sh", .is_there = naps });
}

TEST(a_stop_ends_the_agents_of_a_turn_and_what_they_run)
{
    static const struct scripted script[] = {
        { "delegate", MODEL_CALLS("a", "spawn_agent", "{\\\"tasks\\\":[\\\"nap a\\\",\\\"nap b\\\"]}") },
        { "nap", MODEL_CALLS("b", "exec", "{\\\"command\\\":\\\"" NAP "\\\"}") },
        { NULL, NULL },
    };

    if (fixture_can_run())
        check_stops(&(struct place){ .says = "delegate", .script = script, .is_there = naps });
}
