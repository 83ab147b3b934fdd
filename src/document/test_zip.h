// SPDX-License-Identifier: Apache-2.0
/* test_zip.h: a ZIP of files that are not packed (PKWARE's APPNOTE 4.3), for tests and the fuzz target. */
#pragma once
#include "base/buf.h"

struct test_zip { struct buf files, directory; unsigned n; };

static inline uint32_t test_crc32(str s)
{
    uint32_t crc = ~0u;

    for (size_t i = 0; i < s.len; i++) {
        crc ^= (unsigned char)s.p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static inline void test_zip_number(struct buf *out, uint32_t n, unsigned bytes)
{
    for (; bytes; bytes--, n >>= 8)
        buf_add_char(out, (char)n);
}

static inline void test_zip_add(struct test_zip *z, str name, str content)
{
    CLEANUP(buf_done) struct buf head = {0};        /* what both records share */
    uint32_t at = (uint32_t)z->files.len;

    test_zip_number(&head, 20, 2);
    test_zip_number(&head, 0, 4);
    test_zip_number(&head, 0x58210000, 4);
    test_zip_number(&head, test_crc32(content), 4);
    test_zip_number(&head, (uint32_t)content.len, 4);
    test_zip_number(&head, (uint32_t)content.len, 4);
    test_zip_number(&head, (uint32_t)name.len, 2);
    test_zip_number(&head, 0, 2);
    buf_add(&z->files, S("PK\3\4"));
    buf_add(&z->files, buf_str(&head));
    buf_add(&z->files, name);
    buf_add(&z->files, content);
    buf_add(&z->directory, S("PK\1\2\24\0"));
    buf_add(&z->directory, buf_str(&head));
    for (unsigned i = 0; i < 10; i++)
        buf_add_char(&z->directory, '\0');
    test_zip_number(&z->directory, at, 4);
    buf_add(&z->directory, name);
    z->n++;
}

/* The archive is in z->files. */
static inline void test_zip_end(struct test_zip *z)
{
    uint32_t at = (uint32_t)z->files.len;

    buf_add(&z->files, buf_str(&z->directory));
    buf_add(&z->files, S("PK\5\6\0\0\0\0"));
    test_zip_number(&z->files, z->n, 2);
    test_zip_number(&z->files, z->n, 2);
    test_zip_number(&z->files, (uint32_t)z->directory.len, 4);
    test_zip_number(&z->files, at, 4);
    test_zip_number(&z->files, 0, 2);
}

static inline void test_zip_done(struct test_zip *z)
{
    buf_done(&z->files);
    buf_done(&z->directory);
}
