// SPDX-License-Identifier: Apache-2.0
#include "tool/inside/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NR_CREATE_RULESET = 444, NR_ADD_RULE = 445, NR_RESTRICT_SELF = 446 };    /* the same on every architecture */
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

enum {
    FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3,
    FS_ALL_ABI1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,         /* ABI 2 */
    FS_TRUNCATE = 1 << 14,      /* ABI 3 */
    FS_IOCTL_DEV = 1 << 15,     /* ABI 5 */
    FS_OF_A_FILE = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
    FS_LOOK = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR,
};
enum { SCOPE_ABSTRACT_UNIX = 1, SCOPE_SIGNAL = 2 };     /* ABI 6 */

struct ruleset_attr { uint64_t handled_fs, handled_net, scoped; };
struct path_beneath { uint64_t allowed; int32_t parent_fd; } __attribute__((packed));

int landlock_abi(void)
{
    long abi = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

/* Network rights stay unhandled: the namespace has no network but its own loopback, which programs may use. */
static struct ruleset_attr rights_of(int abi)
{
    struct ruleset_attr attr = { .handled_fs = FS_ALL_ABI1 };

    if (abi >= 2)
        attr.handled_fs |= FS_REFER;
    if (abi >= 3)
        attr.handled_fs |= FS_TRUNCATE;
    if (abi >= 5)
        attr.handled_fs |= FS_IOCTL_DEV;
    if (abi >= 6)
        attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
    return attr;
}

static bool allow(int ruleset, const char *path, uint64_t rights)
{
    struct path_beneath rule = { .allowed = rights, .parent_fd = open(path, O_PATH | O_CLOEXEC) };
    struct stat st;
    bool ok;

    if (rule.parent_fd < 0)
        return errno == ENOENT;
    if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rule.allowed &= FS_OF_A_FILE;
    ok = syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent_fd);
    return ok;
}

int landlock_confine(const char *const *writable, size_t n)
{
    int abi = landlock_abi();
    struct ruleset_attr attr = rights_of(abi);
    int ruleset;
    bool ok;

    if (abi == 0)
        return 0;
    ruleset = (int)syscall(NR_CREATE_RULESET, &attr, abi >= 6 ? sizeof attr : sizeof attr.handled_fs, 0);
    if (ruleset < 0)
        return -1;
    ok = allow(ruleset, "/", FS_LOOK);
    for (size_t i = 0; ok && i < n; i++)
        ok = allow(ruleset, writable[i], attr.handled_fs);
    ok = ok && syscall(NR_RESTRICT_SELF, ruleset, 0) == 0;
    close(ruleset);
    return ok ? abi : -1;
}
