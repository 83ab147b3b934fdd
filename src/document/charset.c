// SPDX-License-Identifier: Apache-2.0
#include "document/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/utf8.h"
#include "runtime/module.h"
#include "document/modules/charset.h"

enum { LOOK_FOR_META = 4096, LOOK_FOR_GUESS = 256 << 10 };

#define REPLACEMENT S("\xef\xbf\xbd")

/* https://encoding.spec.whatwg.org/#names-and-labels: what a label means on the web, which is more than it says: GB2312
 * is read as GB18030, Latin-1 as windows-1252. */
static const struct { const char *labels, *name; } charsets[] = {
    { "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 x-unicode20utf8", "UTF-8" },
    { "gb18030 gbk gb2312 gb_2312 gb_2312-80 chinese csgb2312 iso-ir-58 x-gbk cp936 hz-gb-2312", "GB18030" },
    { "big5 big5-hkscs big5hkscs cn-big5 csbig5 x-x-big5 cp950", "BIG5-HKSCS" },
    { "shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis cp932", "CP932" },
    { "euc-jp x-euc-jp cseucpkdfmtjapanese", "EUC-JP" }, { "iso-2022-jp csiso2022jp", "ISO-2022-JP" },
    { "euc-kr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 korean windows-949 cseuckr iso-ir-149 cp949 uhc", "CP949" },
    { "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 latin1 l1 ascii us-ascii cp819", "CP1252" },
    { "iso-8859-2 iso8859-2 latin2 l2", "ISO-8859-2" }, { "iso-8859-3 latin3", "ISO-8859-3" }, { "iso-8859-4 latin4", "ISO-8859-4" },
    { "iso-8859-5 cyrillic", "ISO-8859-5" }, { "iso-8859-6 arabic", "ISO-8859-6" }, { "iso-8859-7 greek iso8859-7", "ISO-8859-7" },
    { "iso-8859-8 iso-8859-8-i hebrew visual logical", "ISO-8859-8" }, { "iso-8859-10 latin6", "ISO-8859-10" },
    { "iso-8859-13", "ISO-8859-13" }, { "iso-8859-14", "ISO-8859-14" }, { "iso-8859-15 latin-9 l9", "ISO-8859-15" },
    { "iso-8859-16", "ISO-8859-16" },
    { "windows-1250 cp1250 x-cp1250", "CP1250" }, { "windows-1251 cp1251 x-cp1251", "CP1251" }, { "windows-1253 cp1253", "CP1253" },
    { "windows-1254 cp1254 iso-8859-9 latin5 l5", "CP1254" }, { "windows-1255 cp1255", "CP1255" }, { "windows-1256 cp1256", "CP1256" },
    { "windows-1257 cp1257", "CP1257" }, { "windows-1258 cp1258", "CP1258" }, { "windows-874 tis-620 iso-8859-11 dos-874", "CP874" },
    { "koi8-r koi koi8 koi8_r cskoi8r", "KOI8-R" }, { "koi8-u koi8-ru", "KOI8-U" }, { "ibm866 cp866 866", "CP866" },
    { "macintosh mac x-mac-roman", "MACINTOSH" }, { "x-mac-cyrillic x-mac-ukrainian maccyrillic mac-cyrillic", "MAC-CYRILLIC" },
    { "utf-16le utf-16 unicode ucs-2 iso-10646-ucs-2 csunicode", "UTF-16LE" }, { "utf-16be unicodefffe", "UTF-16BE" },
};

static const char *name_of(str label)
{
    for (size_t i = 0; i < N_ELEMENTS(charsets) && label.len; i++) {
        str rest = str_from(charsets[i].labels), one;

        while (str_split(&rest, ' ', &one))
            if (str_eq_nocase(one, label))
                return charsets[i].name;
    }
    return NULL;
}

static size_t find_nocase(str hay, str needle)
{
    for (size_t i = 0; i + needle.len <= hay.len; i++)
        if (str_eq_nocase(str_cut(hay, i, i + needle.len), needle))
            return i;
    return STR_NONE;
}

/* What stands behind "word=", with or without quotes and blanks; NO_STR if it does not stand there. */
static str value_behind(str text, str word)
{
    for (size_t at; (at = find_nocase(text, word)) != STR_NONE; ) {
        size_t n = 0;

        text = str_skip(text, at + word.len);
        str rest = str_trim(str_take(text, 80));

        if (!str_eat(&rest, S("=")))
            continue;
        rest = str_trim(rest);
        if (str_starts(rest, S("\"")) || str_starts(rest, S("'")))
            rest = str_skip(rest, 1);
        while (n < rest.len && (rest.p[n] > ' ' || rest.p[n] < 0) && !strchr("\"';>/,?", rest.p[n]))
            n++;
        if (n)
            return str_take(rest, n);
    }
    return NO_STR;
}

str charset_of_content_type(str content_type)
{
    return value_behind(content_type, S("charset"));
}

/* A page that could say so in ASCII is not in UTF-16, whatever it says. */
static const char *name_in_markup(str bytes)
{
    str head = str_take(bytes, LOOK_FOR_META);
    str label = value_behind(head, S("charset"));
    const char *name = name_of(label.p ? label : str_starts(head, S("<?xml")) ? value_behind(head, S("encoding")) : NO_STR);

    return name && strncmp(name, "UTF-16", 6) == 0 ? "UTF-8" : name;
}

static const char *name_by_mark(str *bytes)
{
    static const struct { str mark; const char *name; } marks[] = {
        { { "\xef\xbb\xbf", 3 }, "UTF-8" }, { { "\xff\xfe", 2 }, "UTF-16LE" }, { { "\xfe\xff", 2 }, "UTF-16BE" },
    };

    for (size_t i = 0; i < N_ELEMENTS(marks); i++)
        if (str_eat(bytes, marks[i].mark))
            return marks[i].name;
    return NULL;
}

/* Without the module the last resort is as good as it gets. */
static const char *guess(str bytes)
{
    const void *table = NULL;
    char label[64] = "";

    if (module_load("charset", &table) == OK)
        ((const struct charset_module *)table)->guess(bytes.p, str_take(bytes, LOOK_FOR_GUESS).len, label, sizeof label);
    return name_of(str_from(label));
}

static const char *choose(str *bytes, str declared, enum charset_source source)
{
    const char *name = name_by_mark(bytes);

    if (name == NULL)
        name = name_of(declared);
    if (name == NULL && source == CHARSET_OF_MARKUP)
        name = name_in_markup(*bytes);
    if (name == NULL && utf8_valid(*bytes))
        name = "UTF-8";
    if (name == NULL)
        name = guess(*bytes);
    return name ? name : "CP1252";
}

/* One call's worth; false when nothing more can come. */
static bool convert_some(iconv_t cd, str *in, struct buf *out)
{
    char piece[4096], *to = piece, *from = (char *)in->p;
    size_t room = sizeof piece, left = in->len;
    size_t n = iconv(cd, &from, &left, &to, &room);
    int error = n == (size_t)-1 ? errno : 0;

    *in = str_of(from, left);
    buf_add(out, str_of(piece, (size_t)(to - piece)));
    if (error == EILSEQ || (error == EINVAL && in->len)) {
        buf_add(out, REPLACEMENT);
        *in = str_skip(*in, 1);
        iconv(cd, NULL, NULL, NULL, NULL);
    }
    return in->len && !out->overflowed;
}

enum err charset_to_utf8(str bytes, str declared, enum charset_source source, struct buf *out, const char **ret_name)
{
    const char *name = choose(&bytes, declared, source);

    *ret_name = name;
    if (strcmp(name, "UTF-8") == 0) {
        utf8_add_repaired(out, bytes);
        return OK;
    }
    iconv_t cd = iconv_open("UTF-8", name);

    if (cd == (iconv_t)-1)
        return failed(ERR_IO, "this system's iconv does not know %s", name);
    while (bytes.len && convert_some(cd, &bytes, out))
        ;
    iconv_close(cd);
    return OK;
}
