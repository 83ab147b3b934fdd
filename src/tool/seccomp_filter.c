// SPDX-License-Identifier: Apache-2.0
#include "tool/seccomp_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Names rather than numbers: a name that this architecture or this libseccomp does not know is passed over. */
static const char *const refused[] = {
    "add_key", "keyctl", "request_key",
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp",
    "mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr", "mount_setattr",
    "fsopen", "fsconfig", "fsmount", "fspick", "setns", "chroot",
    "bpf", "perf_event_open", "userfaultfd", "fanotify_init", "lookup_dcookie",
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module",
    "open_by_handle_at", "name_to_handle_at",
    "acct", "quotactl", "quotactl_fd", "swapon", "swapoff", "reboot", "syslog", "vhangup", "nfsservctl", "uselib",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime",
    "iopl", "ioperm", "vm86", "vm86old", "modify_ldt", "move_pages", "migrate_pages", "ustat", "sysfs", "_sysctl",
};

/* Absent rather than refused: callers know a way without them, and their arguments cannot be looked into. */
static const char *const absent[] = {
    "clone3", "openat2", "fchmodat2", "io_uring_setup", "io_uring_enter", "io_uring_register",
};

static int deny(scmp_filter_ctx c, int error, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);

    return nr < 0 ? 0 : seccomp_rule_add(c, SCMP_ACT_ERRNO((unsigned)error), nr, 0);
}

/* Refuses the call when argument `arg` has all of `bits`, seen as the 32 bits that the kernel sees. */
static int deny_bits(scmp_filter_ctx c, const char *name, unsigned arg, uint64_t bits)
{
    int nr = seccomp_syscall_resolve_name(name);

    if (nr < 0)
        return 0;
    return seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), nr, 1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bits, bits));
}

static int deny_value(scmp_filter_ctx c, int error, const char *name, unsigned arg, uint64_t value)
{
    int nr = seccomp_syscall_resolve_name(name);

    return seccomp_rule_add(c, SCMP_ACT_ERRNO((unsigned)error), nr, 1,
                            SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, 0xffffffff, value));
}

/* A new user namespace would give back every capability, and with it the kernel's whole inside. */
static int deny_namespaces(scmp_filter_ctx c)
{
    static const uint64_t flags[] = {
        CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP,
    };
    int bad = 0;

    for (size_t i = 0; i < N_ELEMENTS(flags); i++) {
        bad |= deny_bits(c, "unshare", 0, flags[i]);
        bad |= deny_bits(c, "clone", 0, flags[i]);
    }
    return bad;
}

/* The workspace lies outside too: a set-user-id file left there would carry our user's rights to others. */
static int deny_set_id_files(scmp_filter_ctx c)
{
    static const struct { const char *name; unsigned mode; } makers[] = {
        { "chmod", 1 }, { "fchmod", 1 }, { "fchmodat", 2 }, { "mkdir", 1 }, { "mkdirat", 2 },
        { "mknod", 1 }, { "mknodat", 2 }, { "creat", 1 },
    };
    static const struct { const char *name; unsigned flags; } openers[] = { { "open", 1 }, { "openat", 2 } };
    static const uint64_t bits[] = { S_ISUID, S_ISGID };
    static const uint64_t creating[] = { O_CREAT, O_TMPFILE & ~O_DIRECTORY };
    int bad = 0;

    for (size_t b = 0; b < N_ELEMENTS(bits); b++) {
        for (size_t i = 0; i < N_ELEMENTS(makers); i++)
            bad |= deny_bits(c, makers[i].name, makers[i].mode, bits[b]);
        for (size_t i = 0; i < N_ELEMENTS(openers) * N_ELEMENTS(creating); i++) {
            uint64_t how = creating[i % 2];
            unsigned flags = openers[i / 2].flags;
            int nr = seccomp_syscall_resolve_name(openers[i / 2].name);

            if (nr >= 0)
                bad |= seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), nr, 2,
                                        SCMP_CMP(flags, SCMP_CMP_MASKED_EQ, how, how),
                                        SCMP_CMP(flags + 1, SCMP_CMP_MASKED_EQ, bits[b], bits[b]));
        }
    }
    return bad;
}

/* Left are AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK, which the network namespace confines. */
static int deny_socket_families(scmp_filter_ctx c)
{
    int bad = seccomp_rule_add(c, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));

    for (uint64_t family = AF_INET + 1; family < AF_NETLINK; family++)
        if (family != AF_INET6)
            bad |= deny_value(c, EAFNOSUPPORT, "socket", 0, family);
    return bad;
}

static int deny_arguments(scmp_filter_ctx c)
{
    static const uint64_t personas[] = { ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT };
    const uint64_t query = 0x80000000;      /* personality(0xffffffff) only asks */
    int bad = deny_namespaces(c) | deny_set_id_files(c) | deny_socket_families(c);

    bad |= deny_value(c, EPERM, "ioctl", 1, TIOCSTI);
    bad |= deny_value(c, EPERM, "ioctl", 1, TIOCLINUX);
    for (size_t i = 0; i < N_ELEMENTS(personas); i++)
        bad |= seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(personality), 1,
                                SCMP_A0(SCMP_CMP_MASKED_EQ, personas[i] | query, personas[i]));
    return bad;
}

static void ctx_release(scmp_filter_ctx *c)
{
    if (*c)
        seccomp_release(*c);
}

static void fd_closep_raw(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* libseccomp writes to a descriptor only. */
static enum err export_bpf(scmp_filter_ctx c, str *out)
{
    CLEANUP(fd_closep_raw) int fd = memfd_create("seccomp", MFD_CLOEXEC);
    CLEANUP(mem_freep) char *text = NULL;
    struct stat st;

    if (fd < 0 || seccomp_export_bpf(c, fd) != 0 || fstat(fd, &st) != 0 || st.st_size == 0)
        return failed(ERR_BUG, "the system call filter cannot be written");
    text = mem_alloc((size_t)st.st_size);
    if (pread(fd, text, (size_t)st.st_size, 0) != st.st_size)
        return failed(ERR_BUG, "the system call filter cannot be read back");
    *out = str_of(text, (size_t)st.st_size);
    text = NULL;
    return OK;
}

static enum err make(str *out)
{
    CLEANUP(ctx_release) scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
    int bad = 0;

    if (!c)
        return failed(ERR_BUG, "no system call filter");
    bad |= seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    bad |= seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (size_t i = 0; i < N_ELEMENTS(refused); i++)
        bad |= deny(c, EPERM, refused[i]);
    for (size_t i = 0; i < N_ELEMENTS(absent); i++)
        bad |= deny(c, ENOSYS, absent[i]);
    bad |= deny_arguments(c);
    return bad ? failed(ERR_BUG, "a rule of the system call filter was not taken") : export_bpf(c, out);
}

enum err seccomp_filter(str *ret_program)
{
    static str program;

    if (!program.p)
        TRY(make(&program));
    *ret_program = program;
    return OK;
}
