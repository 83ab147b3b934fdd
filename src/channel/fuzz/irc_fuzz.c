// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a line: refused or taken apart into pieces of it; as a text: cut into lines that fit and can end none. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/irc_line.h"

static void check_line(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf plain = {0};
    struct irc_line l;

    if (irc_parse(text, &l))
        return;
    assert(l.command.len && l.n_params <= IRC_PARAMS_MAX && l.nick.len <= l.mask.len);
    for (size_t i = 0; i < l.n_params; i++)
        assert(l.params[i].len == 0 || (l.params[i].p >= text.p && l.params[i].p + l.params[i].len <= text.p + text.len));
    (void)irc_tag(a, &l, "time");
    (void)irc_time_ms(irc_tag(a, &l, "time"));
    irc_add_plain(&plain, l.params[1]);
    assert(utf8_valid(buf_str(&plain)));
    str said;

    if (irc_addressed(buf_str(&plain), S("bot"), &said))
        assert(said.len <= plain.len);
    assert(irc_lower(a, l.params[0], false).len == l.params[0].len);
}

static void check_cut(str text, size_t most)
{
    for (str line; (line = irc_take_line(&text, most)).len;)
        assert(line.len <= most && !memchr(line.p, '\n', line.len));
    assert(text.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str text = arena_str(a, str_of(data, size));

    check_line(a, text);
    check_cut(text, 4);
    check_cut(text, 300);
    return 0;
}
