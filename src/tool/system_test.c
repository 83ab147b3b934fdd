// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

#include "runtime/clock.h"
#include "tool/desk.h"
#include "tool/logins.h"
#include "tool/machine_look.h"
#include "tool/services.h"
#include "tool/updates.h"

/* A folder like /proc, outside of the workspace. */
static const char *fake_proc(struct desk *d)
{
    static const struct { const char *name, *text; } files[] = {
        { "stat", "cpu  100 20 30 800 40 5 5 10 0 0\ncpu0 50 10 15 400 20 2 3 5 0 0\ncpu1 50 10 15 400 20 3 2 5 0 0\nintr 5\n" },
        { "meminfo", "MemTotal:        8000000 kB\nMemFree:  10 kB\nMemAvailable:    2000000 kB\nSwapTotal: 1000000 kB\nSwapFree: 750000 kB\n" },
        { "loadavg", "0.40 1.35 2.30 2/500 12345\n" }, { "uptime", "93784.12 1000.0\n" },
        { "net/dev", "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n"
                     "  eth0: 2048 1 0 0 0 0 0 0 1048576 1 0 0 0 0 0 0\n" },
        { "sys/kernel/hostname", "castle\n" }, { "sys/kernel/osrelease", "6.1.0-test\n" },
        { "self/mounts", "/dev/root / ext4 rw 0 0\nproc /proc proc rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/root /bind ext4 rw 0 0\n"
                         "server:/x /mnt/my\\040files nfs4 rw 0 0\n" },
        { "7/stat", "7 (evil) 1 \n name) S 1 7 7 0 -1 4 0 0 0 0 300 20 0 0 20 0 1 0 5 1000 64 18446744073709551615 0\n" },
        { "12/stat", "12 (big) S 1 7 7 0 -1 4 0 0 0 0 1 1 0 0 20 0 1 0 5 1000 2560 18446744073709551615 0\n" },
        { "13/stat", "no process\n" }, { "14/other", "" },
    };
    static const char *const folders[] = { "", "/net", "/sys", "/sys/kernel", "/self", "/7", "/12", "/13", "/14" };
    const char *root = arena_printf(d->f.arena, "%s/proc", d->f.root);

    for (size_t i = 0; i < N_ELEMENTS(folders); i++)
        CHECK(mkdir(arena_printf(d->f.arena, "%s%s", root, folders[i]), 0700) == 0);
    for (size_t i = 0; i < N_ELEMENTS(files); i++) {
        FILE *f = fopen(arena_printf(d->f.arena, "%s/%s", root, files[i].name), "we");

        CHECK(f && fputs(files[i].text, f) >= 0 && fclose(f) == 0);
    }
    return root;
}

TEST(the_kernels_tables_are_read)
{
    DESK(d);
    struct machine m;
    const char *proc = fake_proc(&d);

    CHECK_OK(machine_read(d.f.arena, proc, &m));
    CHECK_STR(m.host, "castle");
    CHECK_STR(m.kernel, "6.1.0-test");
    CHECK_INT(m.uptime_s, 93784);
    CHECK_INT(m.cores, 2);
    CHECK_INT(m.cpu.user, 120);
    CHECK_INT(m.cpu.system, 40);
    CHECK_INT(m.cpu.waiting, 40);
    CHECK_INT(m.cpu.stolen, 10);
    CHECK_INT(m.cpu.idle, 800);
    CHECK_INT((int)(m.load[1] * 100), 135);
    CHECK_INT(m.memory_available, 2000000ull * 1024);
    CHECK_INT(m.swap - m.swap_free, 250000ull * 1024);
    CHECK_INT(m.n_interfaces, 1);
    CHECK_INT(m.interfaces[0].received, 2048);
    CHECK_INT(m.interfaces[0].sent, 1048576);
    CHECK_INT(m.n_processes, 2);
    CHECK_STR(m.processes[0].name, "evil) 1 ? name");
    CHECK_INT(m.processes[0].ticks, 320);
    CHECK_INT(m.processes[1].pid, 12);
    CHECK_INT(m.processes[1].memory, 2560 * sysconf(_SC_PAGESIZE));
    CHECK_OK(machine_read_disks(d.f.arena, proc, &m));
    CHECK_INT(m.n_disks, 2);
    CHECK_STR(m.disks[0].where, "/");
    CHECK(m.disks[0].size > 0 && m.disks[0].free <= m.disks[0].size);
    CHECK_STR(m.disks[1].where, "/mnt/my files");
    CHECK_INT(m.disks[1].size, 0);      /* a server is not asked */
}

TEST(the_machine_is_told_in_short_tables)
{
    DESK(d);

    machine_proc = fake_proc(&d);
    machine_sample_ms = 10;
    CHECK_TELLS(&d, "system_status", "{}", "castle, Linux 6.1.0-test, up 1d2h3m\n", false);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"cpu\"]}", "CPU: 0% busy of 2 cores", false);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"memory\"]}", "Memory: 1.9 GiB of 7.6 GiB available; swap: 244 MiB of 977 MiB used\n", false);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"network\"]}", "eth0          2.0 KiB       0 B/s    1.0 MiB       0 B/s\n", false);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"processes\"],\"top\":1}", "Most CPU of 2 processes", false);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"processes\"],\"top\":1}", "     12    0%   10.0 MiB  big\n", false);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"disks\"]}", "/mnt/my files           (nfs4: not asked)\n", false);
    machine_proc = d.f.workspace;
    CHECK_REFUSES(&d, "system_status", "{}", "cannot be read");
    CHECK_REFUSES(&d, "system_status", "{\"sections\":[\"secrets\"]}", "must be one of");
    machine_proc = "/proc";
    CHECK_TELLS(&d, "system_status", "{}", "Services: ", false);
    CHECK_TELLS(&d, "system_status", "{}", "Users: ", false);
    machine_sample_ms = 500;
}

TEST(services_that_failed_are_named)
{
    DESK(d);
    struct services s;

    services_parse(d.f.arena, S("ssh.service     loaded    active   running OpenBSD Secure Shell server\n"
                                "bad.service     loaded    failed   failed  it is bad\n"
                                "once.service    loaded    active   exited  done\n"
                                "none.service    not-found inactive dead    none\n"), &s);
    CHECK_INT(s.n_running, 1);
    CHECK_INT(s.n_failed, 1);
    CHECK_INT(s.n, 4);
    CHECK(service_has_failed(&s.units[1]) && !service_has_failed(&s.units[2]));
    CHECK_STR(s.units[1].name, "bad.service");
    CHECK_STR(s.units[0].about, "OpenBSD Secure Shell server");
}

TEST(since_when_the_machine_is_up_is_told)
{
    DESK(d);

    machine_proc = fake_proc(&d);
    clock_fake(1767312000000);
    CHECK_SAYS(&d, "system_status", "{\"sections\":[\"uptime\"]}", "castle, Linux 6.1.0-test, up 1d2h3m\n\nUp for 1d2h3m, since 2025-12-31T21:56Z\n");
    clock_real();
    machine_proc = "/proc";
}

/* ---- who is logged in ---- */

static void add_record(struct buf *b, short type, int pid, const char *user, const char *from)
{
    struct utmpx u = { .ut_type = type, .ut_pid = pid, .ut_tv.tv_sec = 1767312000 };

    memcpy(u.ut_user, user, strnlen(user, sizeof u.ut_user));      /* a name as long as the field has no NUL */
    memcpy(u.ut_line, "pts/0", 5);
    memcpy(u.ut_host, from, strlen(from));
    buf_add(b, str_of(&u, sizeof u));
}

TEST(who_is_logged_in_is_read)
{
    DESK(d);
    CLEANUP(buf_done) struct buf b = { 0 };
    struct logins l = { 0 };
    const char *proc = fake_proc(&d);

    add_record(&b, USER_PROCESS, 12, "anna", "10.0.0.5");
    add_record(&b, USER_PROCESS, 99, "gone", "");
    add_record(&b, LOGIN_PROCESS, 12, "LOGIN", "");
    add_record(&b, USER_PROCESS, 7, "a-name-that-is-as-long-as-it-can", "\n");
    buf_add(&b, S("half a record"));
    logins_parse_utmp(d.f.arena, buf_str(&b), proc, &l);
    CHECK_INT(l.n, 2);
    CHECK_STR(l.items[0].user, "anna");
    CHECK_STR(l.items[0].where, "pts/0");
    CHECK_STR(l.items[0].from, "10.0.0.5");
    CHECK_INT(l.items[0].since_ms, 1767312000000);
    CHECK_STR(l.items[1].user, "a-name-that-is-as-long-as-it-can");
    CHECK_STR(l.items[1].from, "?");
    logins_parse_session(d.f.arena, S("UID=1000\nUSER=bob\nSTATE=active\nCLASS=user\nTTY=tty1\nREALTIME=1767312000000000\n"), &l);
    logins_parse_session(d.f.arena, S("USER=carl\nSTATE=closing\nCLASS=user\n"), &l);
    logins_parse_session(d.f.arena, S("USER=gdm\nSTATE=active\nCLASS=greeter\n"), &l);
    CHECK_INT(l.n, 3);
    CHECK_STR(l.items[2].user, "bob");
    CHECK_STR(l.items[2].where, "tty1");
    CHECK_INT(l.items[2].since_ms, 1767312000000);
}

static void make_folders(struct desk *d, const char *path)
{
    str rest = str_from(path), part;
    const char *at = d->f.root;

    while (str_split(&rest, '/', &part)) {
        at = arena_printf(d->f.arena, "%s/%.*s", at, STR(part));
        CHECK(mkdir(at, 0700) == 0 || errno == EEXIST);
    }
}

TEST(users_are_told_by_utmp_or_by_the_sessions_of_logind)
{
    DESK(d);

    machine_root = d.f.root;
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"users\"]}", "Users: not known: this machine keeps no list of who is logged in\n", false);
    make_folders(&d, "run/systemd/sessions");
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"users\"]}", "Users: 0 logged in\n", false);
    fixture_outside(&d.f, "run/systemd/sessions/3", "USER=bob\nCLASS=user\nREMOTE_HOST=10.0.0.9\nREALTIME=1767312000000000\n");
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"users\"]}", "bob              -          since 2026-01-02T00:00Z from 10.0.0.9\n", false);
    fixture_outside(&d.f, "run/utmp", "");
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"users\"]}", "Users: 0 logged in\n", false);
    machine_root = "";
}

/* ---- updates ---- */

TEST(packages_that_could_be_updated_are_read)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct updates u;

    updates_parse(a, S("\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\nListing...\n"
                       "appstream/oldstable 0.16.1-2+b1 amd64 [upgradable from: 0.16.1-2]\n"
                       "curl/stable,stable-security 8.1 amd64 [upgradable from: 8.0\n[upgradable from: a/b\n"), &u);
    CHECK_INT(u.n, 2);
    CHECK_STR(u.items[0].name, "appstream");
    CHECK_STR(u.items[0].version, "0.16.1-2+b1");
    CHECK_STR(u.items[0].now, "0.16.1-2");
    CHECK_STR(u.items[1].now, "8.0");
}

TEST(updates_are_told_with_the_age_of_what_is_known)
{
    DESK(d);
    const struct timespec when[2] = { { .tv_sec = 1767312000 }, { .tv_sec = 1767312000 } };
    char *path = str_dup_c(str_from(getenv("PATH")));

    machine_root = d.f.root;
    CHECK(chmod(fixture_outside(&d.f, "apt", "#!/bin/sh\necho 'vim/stable 2 amd64 [upgradable from: 1]'\n"), 0755) == 0);
    setenv("PATH", arena_printf(d.f.arena, "%s:%s", d.f.root, path), 1);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"updates\"]}", "Updates: not known: the lists of packages were never fetched", false);
    make_folders(&d, "var/lib/apt/lists");
    fixture_outside(&d.f, "var/lib/apt/lists/x_Packages", "");
    CHECK(utimensat(AT_FDCWD, arena_printf(d.f.arena, "%s/var/lib/apt/lists", d.f.root), when, 0) == 0);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"updates\"]}",
                "Updates: 1 packages, as of 2026-01-02T00:00Z\nvim                            1 -> 2\n", false);
    make_folders(&d, "run");
    fixture_outside(&d.f, "run/reboot-required", "");
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"updates\"]}", "This machine is to be restarted", false);
    setenv("PATH", d.f.root, 1);
    CHECK(unlink(arena_printf(d.f.arena, "%s/apt", d.f.root)) == 0);
    CHECK_TELLS(&d, "system_status", "{\"sections\":[\"updates\"]}", "Updates: not known: this machine has no apt", false);
    setenv("PATH", path, 1);
    free(path);
    machine_root = "";
}
