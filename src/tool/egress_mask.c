// SPDX-License-Identifier: Apache-2.0
#include "tool/egress_mask.h"

#include <assert.h>
#include <string.h>

#include "net/url.h"

/* Forms are found out first and pointed to last, for the buffer moves while it grows. */
static void end_form(struct egress_mask *m, size_t *starts)
{
    starts[m->n + 1] = m->memory.len;
    m->n++;
}

/* Of base64 that has k bytes before the secret and something behind it, the letters that depend on the secret alone. */
static void add_base64_form(struct egress_mask *m, str secret, unsigned k, bool url)
{
    CLEANUP(buf_done) struct buf plain = { 0 }, coded = { 0 };
    static const unsigned first[] = { 0, 2, 3 };    /* letters that the k bytes have a part in */

    buf_add(&plain, str_take(S("\0\0"), k));
    buf_add(&plain, secret);
    if (url)
        buf_add_base64url(&coded, buf_str(&plain));
    else
        buf_add_base64(&coded, buf_str(&plain));
    buf_add(&m->memory, str_cut(buf_str(&coded), first[k], (k + secret.len) * 8 / 6));
    explicit_bzero(plain.p, plain.len);
    explicit_bzero(coded.p, coded.len);
}

static void add_hex_form(struct egress_mask *m, str secret, const char *format)
{
    for (size_t i = 0; i < secret.len; i++)
        buf_addf(&m->memory, format, (unsigned char)secret.p[i]);   /* LINT: two literals below */
}

static void sort_by_length(struct egress_mask *m)
{
    for (size_t i = 1; i < m->n; i++)
        for (size_t j = i; j && m->forms[j].len > m->forms[j - 1].len; j--) {
            str longer = m->forms[j];

            m->forms[j] = m->forms[j - 1];
            m->forms[j - 1] = longer;
        }
}

void egress_mask_init(struct egress_mask *m, str secret)
{
    size_t starts[EGRESS_MASK_FORMS + 1] = { 0 }, room;

    *m = (struct egress_mask){ 0 };
    if (secret.len < EGRESS_MASK_MIN)
        return;
    (void)buf_room(&m->memory, EGRESS_MASK_FORMS * (secret.len + 2), &room);    /* growing would leave copies behind */
    buf_add(&m->memory, secret);
    end_form(m, starts);
    add_hex_form(m, secret, "%02x");
    end_form(m, starts);
    add_hex_form(m, secret, "%02X");
    end_form(m, starts);
    url_add_encoded(&m->memory, secret);
    end_form(m, starts);
    for (unsigned i = 0; i < 6; i++) {
        add_base64_form(m, secret, i % 3, i >= 3);
        end_form(m, starts);
    }
    for (size_t i = 0; i < m->n; i++) {
        m->forms[i] = str_cut(buf_str(&m->memory), starts[i], starts[i + 1]);
        m->begins[(unsigned char)m->forms[i].p[0]] = true;
    }
    sort_by_length(m);
}

enum found { NOTHING, MAYBE, WHOLE };

/* Does a form stand at the beginning of `rest`?  The longest decides; it is not passed over while it may still come, which
 * it may not when `rest` is all there is. */
static enum found look(const struct egress_mask *m, str rest, bool all, size_t *ret_len)
{
    for (size_t i = 0; i < m->n; i++) {
        str form = m->forms[i];

        if (str_starts(rest, form)) {
            *ret_len = form.len;
            return WHOLE;
        }
        if (!all && rest.len < form.len && str_starts(form, rest))
            return MAYBE;
    }
    return NOTHING;
}

static void add_stars(struct buf *out, size_t n)
{
    while (n--)
        buf_add_char(out, '*');
}

/* Passes on what is decided of m->held; `all`: nothing more comes. */
static void pass_on(struct egress_mask *m, bool all, struct buf *out)
{
    str rest = buf_str(&m->held);
    size_t len;

    while (rest.len) {
        size_t plain = 0;

        while (plain < rest.len && !m->begins[(unsigned char)rest.p[plain]])
            plain++;
        buf_add(out, str_take(rest, plain));
        rest = str_skip(rest, plain);
        if (rest.len == 0)
            break;
        enum found f = look(m, rest, all, &len);

        if (f == MAYBE)
            break;
        if (f == WHOLE)
            add_stars(out, len);
        else
            buf_add(out, str_take(rest, len = 1));
        rest = str_skip(rest, len);
    }
    buf_drop(&m->held, m->held.len - rest.len);
}

void egress_mask_feed(struct egress_mask *m, str bytes, struct buf *out)
{
    if (m->n == 0) {
        buf_add(out, bytes);
        return;
    }
    buf_add(&m->held, bytes);
    assert(!m->held.overflowed);
    pass_on(m, false, out);
}

void egress_mask_end(struct egress_mask *m, struct buf *out)
{
    pass_on(m, true, out);
}

void egress_mask_done(struct egress_mask *m)
{
    if (m->memory.p)
        explicit_bzero(m->memory.p, m->memory.len);
    buf_done(&m->memory);
    buf_done(&m->held);
    *m = (struct egress_mask){ 0 };
}
