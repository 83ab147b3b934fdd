// SPDX-License-Identifier: Apache-2.0
/* Whatever is accepted lies inside the text, has a host, and no byte that could end a header line. */
#include <assert.h>

#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct url u;

    if (url_parse(str_of(data, size), &u) != OK)
        return 0;
    assert(u.host.len && u.port && u.port <= 65535);
    assert(u.host.p > (const char *)data && u.path.p + u.path.len <= (const char *)data + size);
    assert(str_find_char(u.path, '\n') == STR_NONE && str_find_char(u.host, '@') == STR_NONE);
    return 0;
}
