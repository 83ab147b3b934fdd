// SPDX-License-Identifier: Apache-2.0
#include "tool/machine.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { FILE_MAX = 1 << 20, PROCESSES_MAX = 50000, DISKS_MAX = 100, INTERFACES_MAX = 100, NAMES_ROOM = 4096 };

/* Files of /proc have no size: read until the end. */
enum err machine_read_file(struct arena *a, const char *proc, const char *name, str *out)
{
    CLEANUP(buf_done) struct buf b = { .max = FILE_MAX };
    const char *path = arena_printf(a, "%s/%s", proc, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    size_t room;

    while (n > 0) {
        char *at = buf_room(&b, 4096, &room);

        n = room ? read(fd, at, room) : 0;
        if (n > 0)
            buf_grown(&b, (size_t)n);
    }
    if (fd >= 0)
        close(fd);
    *out = arena_str(a, buf_str(&b));
    return n < 0 ? failed(ERR_IO, "%s: %s", path, strerror(errno)) : OK;
}

str machine_word(str *rest)
{
    size_t n = 0;

    while (rest->len && isspace((unsigned char)rest->p[0]))
        *rest = str_skip(*rest, 1);
    while (n < rest->len && !isspace((unsigned char)rest->p[n]))
        n++;
    str w = str_take(*rest, n);

    *rest = str_skip(*rest, n);
    return w;
}

static uint64_t number(str *rest)
{
    uint64_t n = 0;

    return str_u64(machine_word(rest), &n) == OK ? n : 0;
}

static str clean(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    utf8_add_repaired(&b, text);
    for (size_t i = 0; i < b.len; i++)
        if ((unsigned char)b.p[i] < ' ' || b.p[i] == 0x7f)
            b.p[i] = '?';
    return arena_str(a, buf_str(&b));
}

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guests are in user already. */
static void take_stat(str text, struct machine *m)
{
    for (str line; str_split(&text, '\n', &line); ) {
        str name = machine_word(&line);
        uint64_t v[8];

        if (!str_starts(name, S("cpu")))
            continue;
        m->cores += name.len > 3;
        if (name.len > 3)
            continue;
        for (size_t i = 0; i < N_ELEMENTS(v); i++)
            v[i] = number(&line);
        m->cpu = (struct machine_cpu){ .user = v[0] + v[1], .system = v[2] + v[5] + v[6], .waiting = v[4], .stolen = v[7], .idle = v[3] };
    }
}

static void take_meminfo(str text, struct machine *m)
{
    const struct { str name; uint64_t *to; } wanted[] = {
        { S("MemTotal:"), &m->memory }, { S("MemAvailable:"), &m->memory_available },
        { S("SwapTotal:"), &m->swap }, { S("SwapFree:"), &m->swap_free },
    };

    for (str line; str_split(&text, '\n', &line); ) {
        str name = machine_word(&line);

        for (size_t i = 0; i < N_ELEMENTS(wanted); i++)
            if (str_eq(name, wanted[i].name))
                *wanted[i].to = number(&line) * 1024;
    }
}

static void take_load(struct arena *a, str text, struct machine *m)
{
    for (size_t i = 0; i < N_ELEMENTS(m->load); i++)
        m->load[i] = strtod(arena_c(a, machine_word(&text)), NULL);
}

/* Two lines of headings, then "name: bytes packets errs drop fifo frame compressed multicast bytes ..." */
static void take_network(struct arena *a, str text, struct machine *m)
{
    m->interfaces = arena_alloc(a, INTERFACES_MAX * sizeof *m->interfaces);
    for (str line; str_split(&text, '\n', &line) && m->n_interfaces < INTERFACES_MAX; ) {
        size_t colon = str_find_char(line, ':');

        if (colon == STR_NONE)
            continue;
        struct machine_interface one = { .name = clean(a, str_trim(str_take(line, colon))) };

        line = str_skip(line, colon + 1);
        one.received = number(&line);
        for (int i = 0; i < 7; i++)
            number(&line);
        one.sent = number(&line);
        if (!str_eq(one.name, S("lo")))
            m->interfaces[m->n_interfaces++] = one;
    }
}

static void skip_words(str *rest, int n)
{
    while (n-- > 0)
        machine_word(rest);
}

/* "pid (name) state ppid ..."; the name may have anything in it, so it ends at the last parenthesis.  utime and stime are
 * the 14th and 15th field, the start is the 22nd, the resident pages are the 24th. */
static bool take_process(struct arena *a, str text, struct machine_process *out)
{
    size_t open = str_find_char(text, '('), end = text.len;

    while (end && text.p[end - 1] != ')')
        end--;
    if (open == STR_NONE || end < open + 2)
        return false;
    *out = (struct machine_process){ .name = clean(a, str_cut(text, open + 1, end - 1)) };
    text = str_skip(text, end);
    out->ended = str_eq(machine_word(&text), S("Z"));
    out->parent = (int64_t)number(&text);
    skip_words(&text, 9);
    out->ticks = number(&text);
    out->ticks += number(&text);
    skip_words(&text, 6);
    out->started = number(&text);
    skip_words(&text, 1);
    out->memory = number(&text) * (uint64_t)sysconf(_SC_PAGESIZE);
    return true;
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int by_pid(const void *a, const void *b)
{
    const struct machine_process *x = a, *y = b;

    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

enum err machine_read_process(struct arena *a, const char *proc, int64_t pid, struct machine_process *out)
{
    struct machine_process p;
    str text;

    if (machine_read_file(a, proc, arena_printf(a, "%" PRId64 "/stat", pid), &text) || !take_process(a, text, &p))
        return failed(ERR_NOT_FOUND, "there is no process %" PRId64, pid);
    p.pid = pid;
    *out = p;
    return OK;
}

const struct machine_process *machine_find_process(const struct machine *m, int64_t pid)
{
    struct machine_process key = { .pid = pid };

    return m->n_processes ? bsearch(&key, m->processes, m->n_processes, sizeof key, by_pid) : NULL;
}

static str user_of(struct arena *a, unsigned uid)
{
    char *room = arena_alloc(a, NAMES_ROOM);
    struct passwd entry, *found = NULL;

    if (getpwuid_r(uid, &entry, room, NAMES_ROOM, &found) == 0 && found)
        return clean(a, str_from(found->pw_name));
    return str_from(arena_printf(a, "%u", uid));
}

/* Words are ended by NULs there. */
void machine_read_more(struct arena *a, const char *proc, const struct machine_process *p, struct machine_process_more *out)
{
    struct stat st = { 0 };
    str text = NO_STR;

    *out = (struct machine_process_more){ 0 };
    if (stat(arena_printf(a, "%s/%" PRId64, proc, p->pid), &st) == 0)
        out->uid = st.st_uid;
    out->user = user_of(a, out->uid);
    if (machine_read_file(a, proc, arena_printf(a, "%" PRId64 "/cmdline", p->pid), &text) || text.len == 0) {
        out->command = str_from(arena_printf(a, "[%.*s]", STR(p->name)));
        return;
    }
    char *words = arena_c(a, text);

    for (size_t i = 0; i < text.len; i++)
        words[i] = words[i] ? words[i] : ' ';
    out->command = str_trim(clean(a, str_of(words, text.len)));
}

/* Those that end meanwhile are left out. */
static enum err read_processes(struct arena *a, const char *proc, struct machine *m)
{
    CLEANUP(arena_freep) struct arena *scratch = arena_new();
    CLEANUP(close_dir) DIR *d = opendir(proc);
    size_t cap = 0;

    if (d == NULL)
        return failed(ERR_IO, "%s: %s", proc, strerror(errno));
    for (const struct dirent *e; (e = readdir(d)) != NULL && m->n_processes < PROCESSES_MAX; ) {
        uint64_t pid;
        str text;

        if (str_u64(str_from(e->d_name), &pid) || machine_read_file(scratch, proc, arena_printf(scratch, "%s/stat", e->d_name), &text))
            continue;
        if (m->n_processes == cap) {
            struct machine_process *more = arena_alloc(a, (cap = cap * 2 + 256) * sizeof *more);

            if (m->n_processes)
                memcpy(more, m->processes, m->n_processes * sizeof *more);
            m->processes = more;
        }
        if (!take_process(a, text, &m->processes[m->n_processes]))
            continue;
        m->processes[m->n_processes++].pid = (int64_t)pid;
    }
    if (m->n_processes)
        qsort(m->processes, m->n_processes, sizeof *m->processes, by_pid);
    return OK;
}

enum err machine_read(struct arena *a, const char *proc, struct machine *out)
{
    struct machine m = { .arena = a };
    str text;

    TRY(machine_read_file(a, proc, "stat", &text));
    take_stat(text, &m);
    TRY(machine_read_file(a, proc, "meminfo", &text));
    take_meminfo(text, &m);
    TRY(machine_read_file(a, proc, "loadavg", &text));
    take_load(a, text, &m);
    TRY(machine_read_file(a, proc, "uptime", &text));
    m.uptime_s = (uint64_t)strtod(arena_c(a, text), NULL);
    if (machine_read_file(a, proc, "net/dev", &text) == OK)     /* not in every container */
        take_network(a, text, &m);
    if (machine_read_file(a, proc, "sys/kernel/hostname", &text) == OK)
        m.host = clean(a, str_trim(text));
    if (machine_read_file(a, proc, "sys/kernel/osrelease", &text) == OK)
        m.kernel = clean(a, str_trim(text));
    TRY(read_processes(a, proc, &m));
    *out = m;
    return OK;
}

/* ---- disks ---- */

/* Spaces and the like are written \040 in the table. */
static str unescaped(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '\\' && i + 3 < text.len && isdigit((unsigned char)text.p[i + 1])) {
            buf_add_char(&b, (char)((text.p[i + 1] - '0') * 64 + (text.p[i + 2] - '0') * 8 + (text.p[i + 3] - '0')));
            i += 3;
        } else {
            buf_add_char(&b, text.p[i]);
        }
    }
    return arena_str(a, buf_str(&b));
}

static bool is_one_of(str what, const char *names)
{
    str all = str_from(names), name;

    while (str_split(&all, ' ', &name))
        if (str_eq(what, name))
            return true;
    return false;
}

static bool is_remote(str kind)
{
    return is_one_of(kind, "nfs nfs4 cifs smb3 ceph glusterfs 9p afs lustre") || str_starts(kind, S("fuse."));
}

static bool is_known(const struct machine *m, const str *devices, str device)
{
    for (size_t i = 0; i < m->n_disks; i++)
        if (str_eq(devices[i], device))
            return true;
    return false;
}

static void ask_size(struct arena *a, struct machine_disk *d)
{
    struct statvfs v;

    if (is_remote(d->kind) || statvfs(arena_c(a, d->where), &v) != 0)
        return;
    d->size = (uint64_t)v.f_blocks * v.f_frsize;
    d->free = (uint64_t)v.f_bavail * v.f_frsize;
}

/* Lines "device place kind options 0 0".  What has no device (proc, tmpfs) is not on a disk; a device that is mounted
 * at several places counts once. */
enum err machine_read_disks(struct arena *a, const char *proc, struct machine *out)
{
    str *devices = arena_alloc(a, DISKS_MAX * sizeof *devices), text;

    TRY(machine_read_file(a, proc, "self/mounts", &text));
    out->disks = arena_alloc(a, DISKS_MAX * sizeof *out->disks);
    out->n_disks = 0;
    for (str line; str_split(&text, '\n', &line) && out->n_disks < DISKS_MAX; ) {
        str device = machine_word(&line), where = unescaped(a, machine_word(&line)), kind = machine_word(&line);
        bool real = str_starts(device, S("/dev/")) || is_remote(kind) || is_one_of(kind, "overlay zfs btrfs virtiofs");

        if (!real || is_one_of(kind, "squashfs iso9660 devtmpfs") || is_known(out, devices, device))
            continue;
        struct machine_disk d = { .where = where, .kind = clean(a, kind) };

        ask_size(a, &d);
        d.where = clean(a, where);
        devices[out->n_disks] = device;
        out->disks[out->n_disks++] = d;
    }
    return OK;
}
