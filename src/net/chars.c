// SPDX-License-Identifier: Apache-2.0
#include "net/chars.h"

enum { T = CHAR_TOKEN, P = CHAR_PATH, Q = CHAR_QUERY, V = CHAR_VALUE, H = CHAR_HOST, ALL = T | P | Q | V | H };

const unsigned char http_chars[256] = {
    ['\t'] = V, [' '] = V, ['!'] = ALL, ['"'] = V, ['#'] = T | V, ['$' ... '\''] = ALL, ['(' ... ')'] = P | Q | V | H,
    ['*' ... '+'] = ALL, [','] = P | Q | V | H, ['-' ... '.'] = ALL, ['/'] = P | Q | V, ['0' ... '9'] = ALL,
    [':' ... ';'] = P | Q | V | H, ['<'] = V, ['='] = P | Q | V | H, ['>'] = V, ['?'] = Q | V, ['@'] = P | Q | V,
    ['A' ... 'Z'] = ALL, ['['] = Q | V | H, ['\\'] = Q | V, [']'] = Q | V | H, ['^'] = T | Q | V, ['_'] = ALL,
    ['`'] = T | Q | V, ['a' ... 'z'] = ALL, ['{'] = Q | V, ['|'] = T | Q | V, ['}'] = Q | V, ['~'] = ALL,
    [0x80 ... 0xff] = V,
};
