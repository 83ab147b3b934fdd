// SPDX-License-Identifier: Apache-2.0
/* vector_files.h: the three mapped files of a vector index, in blocks of 16 rows.  No meaning, only bytes and places.
 *
 *   vectors-G.rows  4096 bytes of header, then 256 bytes a block: struct vector_block
 *   vectors-G.i8    4096 bytes of header, then a row: `length` bytes (the dimension, up to a multiple of 64; the rest 128)
 *   vectors-G.f32   4096 bytes of header, then a row: `width` floats (the dimension, up to a multiple of 16; the rest 0)
 *
 * Row r of all three is row r % 16 of block r / 16.  The mappings are longer than the files, so that a file grows under its
 * mapping: addresses do not change while it is open.  Files grow by allocation, so a full disk is ERR_IO and not SIGBUS.
 * The numbers are little-endian, as on all machines that we build for. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>

#include "base/str.h"

enum { BLOCK_ROWS = 16, BLOCK_FULL = (1 << BLOCK_ROWS) - 1 };
enum vector_file { VECTOR_ROWS, VECTOR_CODES, VECTOR_FLOATS, N_VECTOR_FILES };

struct vector_block {
    uint32_t         partition;             /* 0: nobody's */
    _Atomic uint32_t used;                  /* bit r: row r may be read.  Set last, cleared first */
    uint8_t          reserved[56];
    int64_t          ids[BLOCK_ROWS];       /* not 0 while there may be bytes of it in the row */
    float            scales[BLOCK_ROWS];    /* of the int8 values */
};

struct vector_files {
    size_t         dimension, length, width;
    _Atomic size_t blocks;                  /* that the files have room for */
    size_t         blocks_max;              /* that the mappings have */
    int            fds[N_VECTOR_FILES];
    uint8_t       *maps[N_VECTOR_FILES];    /* header included */
    char          *paths[N_VECTOR_FILES];
    bool           was_open;                /* whoever had them open before did not close them */
};

enum err vector_files_open(struct vector_files *, const char *folder, uint32_t dimension, uint32_t generation) MUST_USE;
void     vector_files_close(struct vector_files *);             /* syncs */
enum err vector_files_delete(const char *folder, uint32_t generation) MUST_USE;
enum err vector_files_grow(struct vector_files *) MUST_USE;     /* by at least one block; ERR_IO: no room */
enum err vector_files_sync(struct vector_files *, enum vector_file) MUST_USE;
void     vector_files_zero(struct vector_files *, size_t row, size_t n);    /* bytes of both copies of n rows */
uint64_t vector_files_bytes(const struct vector_files *);

enum { VECTOR_HEADER_SIZE = 4096 };

static inline struct vector_block *block_at(const struct vector_files *f, size_t block)
{
    return (struct vector_block *)(void *)(f->maps[VECTOR_ROWS] + VECTOR_HEADER_SIZE) + block;
}

static inline uint8_t *codes_at(const struct vector_files *f, size_t row)
{
    return f->maps[VECTOR_CODES] + VECTOR_HEADER_SIZE + row * f->length;
}

static inline float *floats_at(const struct vector_files *f, size_t row)
{
    return (float *)(void *)(f->maps[VECTOR_FLOATS] + VECTOR_HEADER_SIZE) + row * f->width;
}
