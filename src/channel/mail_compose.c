// SPDX-License-Identifier: Apache-2.0
/* A mail as RFC 5322 and MIME want it: the text plainly and as HTML, a file beside it.  Every line is ASCII and short, every word of
 * the head that is not is encoded, so that nothing a person or a model wrote can become a line of the head. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"
#include "channel/mail.h"
#include "channel/markup.h"
#include "net/signature.h"

enum { WORD_BYTES = 42, LINE_MAX_CHARS = 76, BASE64_LINE_BYTES = 57, FILE_NAME_MAX = 200 };

/* ---- the head ---- */

static bool is_plain(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return str_find(s, S("=?")) == STR_NONE && s.len < 60;
}

/* RFC 2047: words of base64, none of which cuts a character. */
static void add_encoded(struct buf *b, str s)
{
    CLEANUP(buf_done) struct buf clean = {0};

    utf8_add_repaired(&clean, s);
    for (str rest = buf_str(&clean), part; rest.len; rest = str_skip(rest, part.len)) {
        part = utf8_take(rest, WORD_BYTES);
        buf_add(b, rest.p == clean.p ? S("=?UTF-8?B?") : S("\r\n =?UTF-8?B?"));
        buf_add_base64(b, part);
        buf_add(b, S("?="));
    }
}

static void add_words(struct buf *b, str s)
{
    if (is_plain(s))
        buf_add(b, s);
    else
        add_encoded(b, s);
}

/* A phrase: quoted unless it is encoded. */
static void add_name(struct buf *b, str name)
{
    if (!is_plain(name)) {
        add_encoded(b, name);
        return;
    }
    buf_add_char(b, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.p[i] == '"' || name.p[i] == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, name.p[i]);
    }
    buf_add_char(b, '"');
}

static void add_date(struct buf *b, int64_t ms)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&t, &tm);
    buf_addf(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
             tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_references(struct buf *b, const struct mail_out *m)
{
    if (m->parent.len)
        buf_addf(b, "In-Reply-To: <%.*s>\r\n", STR(m->parent));
    if (m->root.len && !str_eq(m->root, m->parent))
        buf_addf(b, "References: <%.*s>%s%.*s%s\r\n", STR(m->root), m->parent.len ? "\r\n <" : "", STR(m->parent),
                 m->parent.len ? ">" : "");
    else if (m->parent.len)
        buf_addf(b, "References: <%.*s>\r\n", STR(m->parent));
}

static void add_head(struct buf *b, const struct mail_out *m)
{
    buf_add(b, S("From: "));
    if (m->from_name[0]) {
        add_name(b, str_from(m->from_name));
        buf_add_char(b, ' ');
    }
    buf_addf(b, "<%s>\r\nTo: <%s>\r\nSubject: ", m->from, m->to);
    add_words(b, m->subject);
    buf_add(b, S("\r\n"));
    add_date(b, m->date_ms);
    buf_addf(b, "Message-ID: <%.*s>\r\n", STR(m->id));
    add_references(b, m);
    /* RFC 3834 section 5: so that no other program answers us. */
    buf_addf(b, "Auto-Submitted: %s\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n",
             m->parent.len ? "auto-replied" : "auto-generated");
}

/* ---- bodies ---- */

/* RFC 2045 section 6.7, of text whose lines end in LF. */
static void add_quoted_printable(struct buf *b, str text)
{
    size_t column = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool end = i + 1 == text.len || text.p[i + 1] == '\n';
        bool as_is = (c > ' ' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !end);

        if (c == '\n') {
            buf_add(b, S("\r\n"));
            column = 0;
            continue;
        }
        if (column + (as_is ? 1 : 3) >= LINE_MAX_CHARS) {
            buf_add(b, S("=\r\n"));
            column = 0;
        }
        buf_addf(b, as_is ? "%c" : "=%02X", c);
        column += as_is ? 1 : 3;
    }
    buf_add(b, S("\r\n"));
}

static void add_base64_lines(struct buf *b, str bytes)
{
    for (; bytes.len; bytes = str_skip(bytes, BASE64_LINE_BYTES)) {
        buf_add_base64(b, str_take(bytes, BASE64_LINE_BYTES));
        buf_add(b, S("\r\n"));
    }
}

static void add_text(struct buf *b, const char *subtype, str text)
{
    buf_addf(b, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", subtype);
    add_quoted_printable(b, text);
}

/* A line of the two characters "=_" cannot be in quoted-printable, nor in base64: no boundary is ever in a part. */
static void add_boundary(struct buf *b, const struct mail_out *m, char which)
{
    buf_addf(b, "=_%c-%.*s", which, STR(str_take(m->id, str_find_char(m->id, '@'))));
}

static void add_part_line(struct buf *b, const struct mail_out *m, char which, const char *end)
{
    buf_add(b, S("--"));
    add_boundary(b, m, which);
    buf_addf(b, "%s\r\n", end);
}

static void add_multipart(struct buf *b, const struct mail_out *m, const char *kind, char which)
{
    buf_addf(b, "Content-Type: multipart/%s; boundary=\"", kind);
    add_boundary(b, m, which);
    buf_add(b, S("\"\r\n\r\n"));
}

static void add_alternatives(struct arena *a, struct buf *b, const struct mail_out *m)
{
    CLEANUP(buf_done) struct buf plain = {0}, html = {0};
    const struct md_node *tree = markup_parse(a, m->text);

    markup_write(&plain, tree, MARKUP_PLAIN);
    if (m->plain) {
        add_text(b, "plain", buf_str(&plain));
        return;
    }
    buf_add(&html, S("<!DOCTYPE html>\n<html><body>\n"));
    markup_write(&html, tree, MARKUP_HTML);
    buf_add(&html, S("\n</body></html>"));
    add_multipart(b, m, "alternative", 'a');
    add_part_line(b, m, 'a', "");
    add_text(b, "plain", buf_str(&plain));
    add_part_line(b, m, 'a', "");
    add_text(b, "html", buf_str(&html));
    add_part_line(b, m, 'a', "--");
}

/* RFC 2183; RFC 2231 for a name that is not ASCII. */
static void add_file_name(struct buf *b, str name)
{
    if (is_plain(name) && str_find_char(name, '"') == STR_NONE && str_find_char(name, '\\') == STR_NONE) {
        buf_addf(b, "filename=\"%.*s\"", STR(name));
        return;
    }
    buf_add(b, S("filename*=UTF-8''"));
    for (size_t i = 0; i < name.len; i++)
        if (isalnum((unsigned char)name.p[i]) || (name.p[i] && strchr("._-", name.p[i])))
            buf_add_char(b, name.p[i]);
        else
            buf_addf(b, "%%%02X", (unsigned char)name.p[i]);
}

static void add_file(struct buf *b, const struct mail_out *m)
{
    bool typed = is_plain(m->file_mime) && str_find_char(m->file_mime, '/') != STR_NONE && str_find_char(m->file_mime, ' ') == STR_NONE;
    CLEANUP(buf_done) struct buf name = {0};

    utf8_add_repaired(&name, str_take(m->file_name, FILE_NAME_MAX));
    buf_addf(b, "Content-Type: %.*s\r\nContent-Disposition: attachment;\r\n ",
             STR(typed ? m->file_mime : S("application/octet-stream")));
    add_file_name(b, buf_str(&name));
    buf_add(b, S("\r\nContent-Transfer-Encoding: base64\r\n\r\n"));
    add_base64_lines(b, m->file);
}

void mail_compose(struct arena *a, struct buf *b, const struct mail_out *m)
{
    add_head(b, m);
    if (!m->file.p) {
        add_alternatives(a, b, m);
        return;
    }
    add_multipart(b, m, "mixed", 'm');
    if (m->text.len) {
        add_part_line(b, m, 'm', "");
        add_alternatives(a, b, m);
    }
    add_part_line(b, m, 'm', "");
    add_file(b, m);
    add_part_line(b, m, 'm', "--");
}

/* ---- ids ---- */

static const char without_thread[] = ".0";

str mail_row_id(struct arena *a, const struct outgoing *m, const char *from)
{
    CLEANUP(buf_done) struct buf hex = {0};
    const char *at = strchr(from, '@');

    /* Row numbers begin anew where a gateway does; sessions do not. */
    buf_add_hex(&hex, str_take(sha256_of(a, (const str[]){ m->session_id, S("\n"), m->chat_id }, 3), 8));
    return str_from(arena_printf(a, "clawdbot.%lld.%s%s%s", (long long)m->id, buf_c(&hex), m->thread_id.len ? "" : without_thread,
                                 at ? at : "@localhost"));
}

bool mail_id_is_without_thread(str id, const char *from)
{
    size_t at = str_find_char(id, '@');

    return at != STR_NONE && strchr(from, '@') && str_eq_nocase(str_skip(id, at), str_from(strchr(from, '@')))
           && str_starts(id, S("clawdbot.")) && str_ends(str_take(id, at), str_from(without_thread));
}
