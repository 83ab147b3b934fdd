// SPDX-License-Identifier: Apache-2.0
/* Where the bytes are cut does not matter; no control character but tab and line end comes through; it never grows by
 * more than a line end for each carriage return. */
#include <assert.h>

#include "tool/terminal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(buf_done) struct buf whole = { 0 };
    CLEANUP(buf_done) struct buf bytewise = { 0 };
    struct terminal_text a = { 0 }, b = { 0 };

    terminal_text_add(&a, str_of(data, n), &whole);
    for (size_t i = 0; i < n; i++)
        terminal_text_add(&b, str_of(data + i, 1), &bytewise);
    assert(str_eq(buf_str(&whole), buf_str(&bytewise)));
    assert(whole.len <= n);
    for (size_t i = 0; i < whole.len; i++) {
        unsigned char c = (unsigned char)whole.p[i];

        assert((c >= ' ' && c != 127) || c == '\t' || c == '\n');
    }
    return 0;
}
