// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

/* One system call refills 512 bytes; a served byte is wiped. */
static _Thread_local struct { unsigned char bytes[512]; size_t left; } pool;

static void fill(unsigned char *p, size_t n)
{
    while (n) {
        ssize_t got = getrandom(p, n, 0);

        if (got < 0 && errno != EINTR)
            mem_die("clawdbot: the kernel gives no random bytes\n");
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

void random_bytes(void *out, size_t n)
{
    if (n > sizeof pool.bytes) {
        fill(out, n);
        return;
    }
    if (pool.left < n) {
        fill(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
    }
    pool.left -= n;
    memcpy(out, pool.bytes + pool.left, n);
    memset(pool.bytes + pool.left, 0, n);
}

uint64_t random_below(uint64_t n)
{
    assert(n > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, v;

    do
        random_bytes(&v, sizeof v);
    while (v >= limit);
    return v % n;
}

void random_uuid(char out[UUID_SIZE])
{
    unsigned char b[16];

    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, UUID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
             b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
