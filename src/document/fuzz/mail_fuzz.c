// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a mail: every field comes once at most and in its order, and no more parts than there may be. */
#include <assert.h>

#include "base/utf8.h"
#include "document/modules/mail.h"

struct seen { int field; unsigned n_parts; bool left_out; };

static void on_field(void *arg, enum mail_field field, str value)
{
    struct seen *s = arg;

    assert((int)field > s->field && value.len && s->n_parts == 0);
    s->field = (int)field;
}

static enum err on_text(void *arg, str bytes, str charset, bool html)
{
    struct seen *s = arg;

    (void)bytes, (void)html;
    assert(charset.p);
    return ++s->n_parts > 100 ? failed(ERR_CANCELLED, "enough") : OK;
}

static enum err on_attached(void *arg, str name, str type, str bytes)
{
    struct seen *s = arg;

    (void)name;
    assert(type.len && bytes.p);
    s->n_parts++;
    return OK;
}

static void on_left_out(void *arg)
{
    struct seen *s = arg;

    assert(!s->left_out);
    s->left_out = true;
}

static void on_header(void *arg UNUSED, str name, str value)
{
    assert(name.len && value.p);
}

static void on_mailbox(void *arg UNUSED, enum mail_field field, str name, str address)
{
    assert(field <= MAIL_CC && name.p && address.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct seen seen = { .field = -1 };
    const struct mail_reader reader = {
        .arg = &seen, .on_field = on_field, .on_text = on_text, .on_attached = on_attached, .on_left_out = on_left_out,
        .on_header = on_header, .on_mailbox = on_mailbox, .wants_bytes = true,
    };
    enum err e = clawdbot_module_mail.read(str_of(p, n), &reader);

    assert(e == OK || e == ERR_INPUT || (e == ERR_CANCELLED && seen.n_parts > 100));
    assert(seen.n_parts <= MAIL_PARTS_MAX + 1);
    return 0;
}
