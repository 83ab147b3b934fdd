// SPDX-License-Identifier: Apache-2.0
#include "channel/in_flight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS_MAX = 480, BOOT_ID_SIZE = 40 };

struct page {
    char            boot_id[BOOT_ID_SIZE];  /* "": nothing is known */
    _Atomic int64_t overflowed;             /* more sends at once than fit: any row may be among them */
    _Atomic int64_t rows[ROWS_MAX];         /* 0: free */
};

static struct {
    struct page *page;                      /* mapped; NULL: not open */
    struct page  before;                    /* as the former process left it */
    char         boot_id[BOOT_ID_SIZE];     /* of this boot */
} s;

static void read_boot_id(char out[BOOT_ID_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, out, BOOT_ID_SIZE - 1);

    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = '\0';
}

static enum err map(int fd, const char *path)
{
    if (ftruncate(fd, sizeof(struct page)) < 0)
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    void *p = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED)
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    s.page = p;
    return OK;
}

enum err in_flight_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    in_flight_close();
    if (fd < 0)
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    enum err e = map(fd, path);

    close(fd);
    TRY(e);
    read_boot_id(s.boot_id);
    memcpy(&s.before, s.page, sizeof s.before);
    if (strncmp(s.before.boot_id, s.boot_id, BOOT_ID_SIZE) != 0)
        s.before.boot_id[0] = '\0';
    return OK;
}

void in_flight_settled(void)
{
    memset(&s.before, 0, sizeof s.before);
    if (s.page == NULL)
        return;
    memset(s.page, 0, sizeof *s.page);      /* the boot id first: a kill in between leaves nothing known */
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(s.page->boot_id, s.boot_id, BOOT_ID_SIZE);
}

void in_flight_close(void)
{
    if (s.page)
        munmap(s.page, sizeof *s.page);
    s.page = NULL;
    memset(&s.before, 0, sizeof s.before);
}

bool in_flight_before(int64_t row)
{
    if (s.before.boot_id[0] == '\0' || atomic_load(&s.before.overflowed))
        return true;
    for (size_t i = 0; i < ROWS_MAX; i++)
        if (atomic_load(&s.before.rows[i]) == row)
            return true;
    return false;
}

void in_flight_begin(int64_t row)
{
    for (size_t i = 0; s.page && i < ROWS_MAX; i++)
        if (atomic_load(&s.page->rows[i]) == 0 || atomic_load(&s.page->rows[i]) == row) {
            atomic_store(&s.page->rows[i], row);
            return;
        }
    if (s.page)
        atomic_fetch_add(&s.page->overflowed, 1);
}

void in_flight_end(int64_t row)
{
    for (size_t i = 0; s.page && i < ROWS_MAX; i++)
        if (atomic_load(&s.page->rows[i]) == row) {
            atomic_store(&s.page->rows[i], 0);
            return;
        }
    if (s.page && atomic_load(&s.page->overflowed) > 0)
        atomic_fetch_sub(&s.page->overflowed, 1);
}
