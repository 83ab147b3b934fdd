// SPDX-License-Identifier: Apache-2.0
/* Any text as what a mail says: own words are a piece of it; as what a server says of the sender: it is decided; as text to write:
 * lines of ASCII, none too long, and none of the text's becomes one of the head. */
#include <assert.h>

#include "channel/mail.h"
#include "channel/smtp.h"

static void check_cut(str text)
{
    for (int reply = 0; reply < 2; reply++) {
        str own = mail_own_words(text, reply);

        assert(own.len == 0 || (own.p >= text.p && own.p + own.len <= text.p + text.len));
    }
}

static void check_proof(str text)
{
    struct mail_header h[] = { { S("Authentication-Results"), text }, { S("References"), text }, { S("Message-ID"), text } };
    struct mail m = { .headers = h, .n_headers = 3, .n_from = 1, .from = S("ann@example.org"), .from_name = S(""), .subject = S(""), .text = S("") };
    struct mail_proof p = mail_proof(&m, S("mx.example.org"));

    assert(p.told || (!p.passed && !p.failed));
    assert(mail_id(&m).len <= MAIL_ID_MAX && mail_root(&m).len <= MAIL_ID_MAX && mail_parent(&m).len <= MAIL_ID_MAX);
    (void)mail_refused(&m, &(struct mail_rules){ S("bot@example.org"), S("mx.example.org"), true });
}

static void check_written(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf b = {0}, stuffed = {0};
    str rest, line;
    bool head = true;

    mail_compose(a, &b, &(struct mail_out){ .from = "bot@example.org", .from_name = "Bot", .to = "ann@example.org", .subject = text,
                                            .id = S("1@example.org"), .text = text, .file = text, .file_name = text, .file_mime = text });
    rest = buf_str(&b);
    while (str_split(&rest, '\n', &line)) {
        assert(line.len <= 998 || !head);
        assert(line.len == 0 || line.p[line.len - 1] == '\r');
        assert(!head || line.len <= 1 || line.p[0] == ' ' || str_find_char(line, ':') != STR_NONE);
        head &= line.len > 1;
    }
    for (size_t i = 0; i < b.len; i++)
        assert((b.p[i] >= ' ' && b.p[i] <= '~') || b.p[i] == '\r' || b.p[i] == '\n');
    smtp_add_stuffed(&stuffed, buf_str(&b));
    assert(str_find(buf_str(&stuffed), S("\r\n.\r\n")) == STR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str text = arena_str(a, str_of(data, size));

    check_cut(text);
    check_proof(text);
    if (size < 4096)
        check_written(a, text);
    return 0;
}
