// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* jansson recurses on the caller's stack, which is a fiber's: the depth is checked before it starts. */
static bool too_deep(str text)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];

        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if ((c == ']' || c == '}') && depth) {
            depth--;
        }
    }
    return false;
}

enum err json_parse(str text, json_t **out)
{
    json_error_t e;

    if (too_deep(text))
        return failed(ERR_LIMIT, "nested deeper than %d", JSON_DEPTH_MAX);
    json_t *j = json_loadb(text.p ? text.p : "", text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);

    if (j == NULL)
        return failed(ERR_INPUT, "line %d, column %d: %s", e.line, e.column, e.text);
    *out = j;
    return OK;
}

static int add_piece(const char *p, size_t n, void *b)
{
    buf_add(b, str_of(p, n));
    return 0;
}

void json_print_to(struct buf *b, const json_t *j)
{
    json_dump_callback(j, add_piece, b, JSON_COMPACT | JSON_ENCODE_ANY);
}

str json_print(struct arena *a, const json_t *j)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    json_print_to(&b, j);
    return arena_str(a, buf_str(&b));
}

bool json_pointer_valid(str pointer)
{
    if (pointer.len && pointer.p[0] != '/')
        return false;
    for (size_t i = 0; i < pointer.len; i++)
        if (pointer.p[i] == '~' && (i + 1 == pointer.len || (pointer.p[i + 1] != '0' && pointer.p[i + 1] != '1')))
            return false;
    return true;
}

static void add_unescaped(struct buf *b, str token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.p[i] == '~')
            buf_add_char(b, token.p[++i] == '1' ? '/' : '~');
        else
            buf_add_char(b, token.p[i]);
    }
}

/* An array's index is written without zeros before it. */
static json_t *pointer_step(const json_t *j, str token)
{
    CLEANUP(buf_done) struct buf key = {0};
    uint64_t i;

    if (json_is_array(j))
        return (token.len == 1 || !str_starts(token, S("0"))) && str_u64(token, &i) == OK ? json_array_get(j, (size_t)i) : NULL;
    add_unescaped(&key, token);
    return json_object_getn(j, buf_str(&key).p, key.len);
}

json_t *json_pointer(const json_t *j, str pointer)
{
    str rest = str_skip(pointer, 1), token;

    if (!json_pointer_valid(pointer))
        return NULL;
    while (pointer.len && j && str_split(&rest, '/', &token))
        j = pointer_step(j, token);
    return json_is_null(j) ? NULL : (json_t *)j;
}

json_t *json_at(const json_t *j, const char *path)
{
    str rest = str_from(path), key;

    while (j && str_split(&rest, '.', &key)) {
        uint64_t i;

        if (json_is_array(j))
            j = str_u64(key, &i) == OK ? json_array_get(j, (size_t)i) : NULL;
        else
            j = json_object_getn(j, key.p, key.len);
    }
    return json_is_null(j) ? NULL : (json_t *)j;
}

str json_strval(const json_t *j)
{
    return json_is_string(j) ? str_of(json_string_value(j), json_string_length(j)) : NO_STR;
}

const char *json_text(const json_t *j, const char *path)
{
    const char *c = json_string_value(json_at(j, path));

    return c ? c : "";
}

str json_text_str(const json_t *j, const char *path)
{
    str s = json_strval(json_at(j, path));

    return s.p ? s : S("");
}

int64_t json_int(const json_t *j, const char *path, int64_t otherwise)
{
    const json_t *v = json_at(j, path);

    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

double json_num(const json_t *j, const char *path, double otherwise)
{
    const json_t *v = json_at(j, path);

    return json_is_number(v) ? json_number_value(v) : otherwise;
}

bool json_flag(const json_t *j, const char *path)
{
    return json_is_true(json_at(j, path));
}

json_t *json_from_str(str s)
{
    CLEANUP(buf_done) struct buf clean = { .max = SIZE_MAX / 2 };

    if (utf8_valid(s) && str_find_char(s, '\0') == STR_NONE)
        return json_stringn_nocheck(s.p ? s.p : "", s.len);
    for (size_t nul; (nul = str_find_char(s, '\0')) != STR_NONE; s = str_skip(s, nul + 1)) {
        utf8_add_repaired(&clean, str_take(s, nul));
        utf8_add(&clean, 0xfffd);
    }
    utf8_add_repaired(&clean, s);
    return json_stringn_nocheck(buf_c(&clean), clean.len);
}

/* How many bytes from the start stand for themselves between quotes: no control, quote or backslash, whole characters. */
static size_t plain_run(str s)
{
    size_t i = 0;
    uint32_t ch;

    while (i < s.len) {
        unsigned char c = (unsigned char)s.p[i];
        size_t n = c < 0x80 ? c >= 0x20 && c != '"' && c != '\\' : utf8_next(str_skip(s, i), &ch);

        if (n == 0)
            break;
        i += n;
    }
    return i;
}

static void add_escaped(struct buf *b, unsigned char c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    const char *letter = letters;

    while (*letter && (unsigned char)*letter != c)
        letter += 2;
    if (*letter)
        buf_add(b, str_of((char[]){ '\\', letter[1] }, 2));
    else if (c)
        buf_addf(b, "\\u%04X", c);
    else
        utf8_add(b, 0xfffd);
}

void json_add_string(struct buf *b, str s)
{
    CLEANUP(buf_done) struct buf repaired = { .max = SIZE_MAX / 2 };

    buf_add_char(b, '"');
    while (s.len) {
        size_t n = plain_run(s);

        buf_add(b, str_take(s, n));
        s = str_skip(s, n);
        if (s.len == 0)
            break;
        if ((unsigned char)s.p[0] >= 0x80) {        /* not UTF-8 */
            utf8_add_repaired(&repaired, s);
            s = buf_str(&repaired);
            continue;
        }
        add_escaped(b, (unsigned char)s.p[0]);
        s = str_skip(s, 1);
    }
    buf_add_char(b, '"');
}
