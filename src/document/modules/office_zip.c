// SPDX-License-Identifier: Apache-2.0
#include "document/modules/office_zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "document/modules/office.h"

enum { RATIO_COUNTS_FROM = 4 << 20 };

static void archive_freep(struct archive **a)
{
    archive_read_free(*a);
}

static enum err broken(struct archive *a)
{
    const char *why = archive_error_string(a);

    return failed(ERR_INPUT, "the file is broken or cut short (%s): open and save it anew", why ? why : "no reason given");
}

/* At its beginning, or *ret_found is false. */
static enum err find_entry(struct archive *a, const char *name, bool *ret_found)
{
    struct archive_entry *e;

    *ret_found = false;
    for (unsigned n = 0; n < OFFICE_ENTRIES_MAX; n++) {
        int r = archive_read_next_header(a, &e);

        if (r == ARCHIVE_EOF)
            return OK;
        if (r < ARCHIVE_WARN)
            return broken(a);
        const char *path = archive_entry_pathname(e);

        if (path && strcmp(path, name) == 0) {
            *ret_found = true;
            return OK;
        }
    }
    return failed(ERR_LIMIT, "it holds more than %d files, which no document does", OFFICE_ENTRIES_MAX);
}

static enum err check_size(const char *name, size_t inflated, size_t packed)
{
    if (inflated > OFFICE_INFLATED_MAX)
        return failed(ERR_LIMIT, "its %s unpacks to more than %d MB: split the document", name, OFFICE_INFLATED_MAX >> 20);
    if (inflated > RATIO_COUNTS_FROM && inflated / OFFICE_RATIO_MAX > packed)
        return failed(ERR_LIMIT, "its %s unpacks to more than %d times the file's size: it is made to fill memory, and was not read", name,
                      OFFICE_RATIO_MAX);
    return OK;
}

enum err office_unzip(str zip, const char *name, enum err (*on_piece)(void *arg, str), void *arg, bool *ret_found)
{
    CLEANUP(archive_freep) struct archive *a = archive_read_new();
    size_t inflated = 0, n;
    const void *bytes;
    la_int64_t offset;
    int r;

    archive_read_support_format_zip(a);
    if (archive_read_open_memory(a, zip.p, zip.len) != ARCHIVE_OK)
        return broken(a);
    TRY(find_entry(a, name, ret_found));
    if (!*ret_found)
        return OK;
    while ((r = archive_read_data_block(a, &bytes, &n, &offset)) == ARCHIVE_OK) {
        inflated += n;
        TRY(check_size(name, inflated, zip.len));
        TRY(on_piece(arg, str_of(bytes, n)));
    }
    return r == ARCHIVE_EOF ? OK : broken(a);
}
