// SPDX-License-Identifier: Apache-2.0
/* Which mails are not answered: those that no person wrote to us (RFC 3834 section 2), and those whose sender is not proven where
 * the owner wants that.  Whatever a mail says here its sender could have made up, but for what our own server wrote. */
#include <string.h>

#include "channel/mail.h"
#include "channel/smtp.h"

/* ---- machines ---- */

static bool contains(str hay, const char *needle)
{
    size_t n = strlen(needle);

    for (size_t i = 0; i + n <= hay.len; i++)
        if (str_eq_nocase(str_cut(hay, i, i + n), str_from(needle)))
            return true;
    return false;
}

static bool is_machine(str address)
{
    static const char *const names[] = { "mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "listserv",
                                         "majordomo", "nobody" };
    str local = str_take(address, str_find_char(address, '@'));

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq_nocase(local, str_from(names[i])))
            return true;
    return str_ends(local, S("-bounces")) || str_ends(local, S("-request")) || str_starts(local, S("owner-"));
}

static const char *automatic(const struct mail *m)
{
    static const struct { const char *header, *word, *why; } marks[] = {
        { "Precedence", "bulk", "it was sent in bulk (Precedence)" }, { "Precedence", "junk", "it was sent in bulk (Precedence)" },
        { "Precedence", "list", "it comes of a list (Precedence)" },
        { "Precedence", "auto_reply", "it is an automatic answer (Precedence)" },
        { "List-Id", "", "it comes of a list (List-Id)" }, { "List-Unsubscribe", "", "it comes of a list (List-Unsubscribe)" },
        { "List-Post", "", "it comes of a list (List-Post)" },
        { "X-Auto-Response-Suppress", "all", "it wants no automatic answer (X-Auto-Response-Suppress)" },
        { "X-Auto-Response-Suppress", "autoreply", "it wants no automatic answer (X-Auto-Response-Suppress)" },
        { "X-Autoreply", "", "it is an automatic answer (X-Autoreply)" },
        { "X-Autorespond", "", "it is an automatic answer (X-Autorespond)" },
        { "X-Loop", "", "it has been in a loop (X-Loop)" },
        { "Content-Type", "multipart/report", "it is a report about a mail" },
    };
    str submitted = mail_header(m, "Auto-Submitted"), path = mail_header(m, "Return-Path");

    if (submitted.p && !str_eq_nocase(str_trim(str_take(submitted, str_find_char(submitted, ';'))), S("no")))
        return "it was sent by a program (Auto-Submitted)";
    if (path.p && str_eq(path, S("<>")))
        return "it is a bounce (an empty Return-Path)";
    for (size_t i = 0; i < N_ELEMENTS(marks); i++) {
        str value = mail_header(m, marks[i].header);

        if (value.p && contains(value, marks[i].word))
            return marks[i].why;
    }
    return NULL;
}

/* ---- proof ---- */

/* A comment (nested) goes, a quoted string keeps its words: RFC 8601 section 2.2 allows both anywhere. */
static size_t strip(str in, char *out, size_t max)
{
    unsigned depth = 0;
    bool quoted = false;
    size_t n = 0;

    for (size_t i = 0; i < in.len && n < max; i++) {
        char c = in.p[i];

        if (c == '\\' && (quoted || depth) && i + 1 < in.len)
            c = in.p[++i];
        else if (c == '"' && !depth) {
            quoted = !quoted;
            continue;
        } else if (c == '(' && !quoted) {
            depth++;
            continue;
        } else if (c == ')' && !quoted && depth) {
            depth--;
            continue;
        }
        /* What a quoted string holds must not look like the end of a result. */
        if (!depth)
            out[n++] = quoted && (c == ';' || c == ' ') ? '_' : c;
    }
    return n;
}

static str domain_of(str s)
{
    size_t at = str_find_char(s, '@');

    return at == STR_NONE ? s : str_skip(s, at + 1);
}

/* "Relaxed": mail.example.org and example.org vouch for each other.  Only a domain's owner can sign for what stands above. */
static bool aligned(str proven, str from)
{
    str a = domain_of(proven), b = domain_of(from);
    str above = a.len < b.len ? a : b, below = a.len < b.len ? b : a;

    return above.len && str_find_char(above, '.') != STR_NONE
           && str_eq_nocase(str_skip(below, below.len - above.len), above)
           && (below.len == above.len || below.p[below.len - above.len - 1] == '.');
}

static void take_result(str result, str from, struct mail_proof *out)
{
    str word, method = S(""), domain = S("");

    while (str_split(&result, ' ', &word)) {
        if (!method.len)
            method = str_trim(word);
        else if (str_eat(&word, S("header.d=")) || str_eat(&word, S("header.i=")) || str_eat(&word, S("header.from=")))
            domain = str_trim(word);
    }
    out->told |= str_starts(method, S("dkim=")) || str_starts(method, S("dmarc=")) || str_starts(method, S("spf="));
    if (str_eq_nocase(method, S("dkim=pass")) && aligned(domain, from))
        out->passed = true;
    if (str_eq_nocase(method, S("dmarc=pass")) && (!domain.len || aligned(domain, from)))
        out->passed = true;
    if (str_eq_nocase(method, S("dmarc=fail")))
        out->failed = true;
}

static bool names_server(str *rest, str authserv_id)
{
    str first = NO_STR, id = NO_STR;

    if (!str_split(rest, ';', &first))
        return false;
    first = str_trim(first);
    str_split(&first, ' ', &id);        /* a version may stand behind it */
    return str_eq_nocase(id, authserv_id);
}

/* A server puts its own above what came with the mail, so the topmost that says something counts, and no other: what stands below
 * under the same name a stranger may have written. */
struct mail_proof mail_proof(const struct mail *m, str authserv_id)
{
    struct mail_proof proof = {0};
    char text[4096];

    for (size_t i = 0; i < m->n_headers && authserv_id.len && !proof.told; i++) {
        str rest, result;

        if (!str_eq_nocase(m->headers[i].name, S("Authentication-Results")))
            continue;
        rest = str_of(text, strip(m->headers[i].value, text, sizeof text));
        if (!names_server(&rest, authserv_id))
            continue;
        while (str_split(&rest, ';', &result))
            take_result(str_trim(result), m->from, &proof);
    }
    return proof;
}

const char *mail_refused(const struct mail *m, const struct mail_rules *rules)
{
    struct mail_proof proof = mail_proof(m, rules->authserv_id);

    if (m->n_from != 1 || !smtp_is_address(m->from))
        return "it has no sender who could be answered";
    if (str_eq_nocase(m->from, rules->own))
        return "it is from our own address";
    if (is_machine(m->from))
        return "its sender is a program";
    if (automatic(m))
        return automatic(m);
    if (proof.failed)
        return "our server says that its sender is forged (DMARC)";
    if (rules->require_dkim && !proof.passed)
        return "nothing proves its sender (platforms.mail.require_dkim)";
    return NULL;
}

bool mail_matches(str address, str pattern)
{
    if (str_eat(&pattern, S("*")))
        return pattern.len == 0 || (address.len > pattern.len && str_eq_nocase(str_skip(address, address.len - pattern.len), pattern));
    return str_eq_nocase(address, pattern);
}
