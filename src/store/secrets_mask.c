// SPDX-License-Identifier: Apache-2.0
/* The forms in which a value may show: as it is, in hex, percent-encoded, and in base64, also where it is only a part of
 * what was encoded (a password behind its user's name): then all characters that it alone decides. */
#include <openssl/crypto.h>
#include <string.h>

#include "store/secrets.h"

enum { LEAST = 6, LEAST_BASE64 = 8, FORMS = 12 };

struct forms { struct buf text[FORMS]; size_t n; };

static void forms_done(struct forms *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->text[i].p)
            OPENSSL_cleanse(f->text[i].p, f->text[i].len);
        buf_done(&f->text[i]);
    }
}

static struct buf *next(struct forms *f)
{
    f->text[f->n].max = (size_t)SECRET_VALUE_MAX * 4;
    return &f->text[f->n++];
}

static void add_upper(struct buf *b, str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(b, text.p[i] >= 'a' && text.p[i] <= 'f' ? (char)(text.p[i] - 32) : text.p[i]);
}

static bool is_unreserved(char c)       /* RFC 3986 */
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

static void add_percent(struct buf *b, str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.p[i] && is_unreserved(value.p[i]))
            buf_add_char(b, value.p[i]);
        else
            buf_addf(b, "%%%02X", (unsigned char)value.p[i]);
}

/* With `before` bytes in front of it: what of the base64 does not depend on them, nor on what follows. */
static void add_base64_core(struct forms *f, str value, size_t before, void (*encode)(struct buf *, str))
{
    CLEANUP(buf_done) struct buf plain = { .max = (size_t)SECRET_VALUE_MAX * 2 };
    CLEANUP(buf_done) struct buf all = { .max = (size_t)SECRET_VALUE_MAX * 4 };
    size_t from = (8 * before + 5) / 6, to = 8 * (before + value.len) / 6;

    buf_add(&plain, str_of("\0\0", before));
    buf_add(&plain, value);
    encode(&all, buf_str(&plain));
    if (to >= from + LEAST_BASE64)
        buf_add(next(f), str_cut(buf_str(&all), from, to));
    OPENSSL_cleanse(plain.p, plain.len);
    OPENSSL_cleanse(all.p, all.len);
}

static void make_forms(struct forms *f, str value)
{
    buf_add(next(f), value);
    struct buf *hex = next(f);

    buf_add_hex(hex, value);
    add_upper(next(f), buf_str(hex));
    add_percent(next(f), value);
    for (size_t before = 0; before < 3; before++) {
        add_base64_core(f, value, before, buf_add_base64);
        add_base64_core(f, value, before, buf_add_base64url);
    }
}

/* False: it is not in there, and nothing was added. */
static bool replace(struct buf *out, str text, str what, str name)
{
    size_t at = str_find(text, what);

    if (at == STR_NONE)
        return false;
    while (at != STR_NONE) {
        buf_add(out, str_take(text, at));
        buf_addf(out, "***%.*s***", STR(name));
        text = str_skip(text, at + what.len);
        at = str_find(text, what);
    }
    buf_add(out, text);
    return true;
}

/* The text with one secret out of it; `now` holds it, where something was replaced. */
static bool mask_one(struct buf *now, str text, str name, str value)
{
    CLEANUP(forms_done) struct forms f = { .n = 0 };
    bool found = false;

    make_forms(&f, value);
    for (size_t i = 0; i < f.n; i++) {
        CLEANUP(buf_done) struct buf one = { .max = now->max };

        if (!replace(&one, found ? buf_str(now) : text, buf_str(&f.text[i]), name))
            continue;
        buf_clear(now);
        buf_add(now, buf_str(&one));
        found = true;
    }
    return found;
}

bool secrets_mask(const struct secrets *s, str text, struct buf *out)
{
    CLEANUP(buf_done) struct buf now = { .max = text.len * 4 + 4096 };
    bool found = false;
    str name, value;

    for (size_t i = 0; (name = secret_name(s, i)).len; i++) {
        CLEANUP(buf_done) struct buf one = { .max = now.max };

        if (secret_get(s, name, &value) != OK || value.len < LEAST || !mask_one(&one, found ? buf_str(&now) : text, name, value))
            continue;
        buf_clear(&now);
        buf_add(&now, buf_str(&one));
        found = true;
    }
    if (found)
        buf_add(out, buf_str(&now));
    return found;
}
