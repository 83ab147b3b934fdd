// SPDX-License-Identifier: Apache-2.0
/* Any bytes, called any charset: what comes out is UTF-8, and what was UTF-8 comes out as it was. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "document/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const declared[] = { "", "gbk", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp", "utf-16", "utf-8", "latin1", "nonsense" };
    CLEANUP(buf_done) struct buf out = {0};
    const char *name = NULL;
    str bytes = str_of(p, n);

    for (size_t i = 0; i < N_ELEMENTS(declared); i++) {
        buf_clear(&out);
        if (charset_to_utf8(bytes, str_from(declared[i]), i % 2 ? CHARSET_OF_TEXT : CHARSET_OF_MARKUP, &out, &name) != OK)
            assert(!"a name of the table that iconv does not know");
        assert(utf8_valid(buf_str(&out)));
        if (strcmp(name, "UTF-8") == 0 && utf8_valid(bytes) && !str_starts(bytes, S("\xef\xbb\xbf")))
            assert(str_eq(bytes, buf_str(&out)));
    }
    return 0;
}
