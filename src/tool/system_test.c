// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tool/desk.h"
#include "tool/machine_look.h"
#include "tool/services.h"

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
