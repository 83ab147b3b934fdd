// SPDX-License-Identifier: Apache-2.0
/* entity_net.c: what leads somewhere over a network: URLs, addresses of mail, IP addresses, domain names. */
#include <arpa/inet.h>
#include <string.h>

#include "nlu/entity_find.h"
#include "nlu/entity_names.h"

static const str schemes[] = { S("http"), S("https"), S("ftp"), S("ftps"), S("sftp"), S("ssh"), S("git"), S("file"), S("ws"), S("wss"),
    S("rtsp"), S("rsync"), S("s3"), S("smb"), S("svn"), S("redis"), S("postgres"), S("postgresql"), S("mysql"), S("mongodb"), S("ldap"),
    S("tcp"), S("udp"), S("magnet"), S("data"), S("git+ssh"), S("socks5") };

static bool is_url_sign(const struct finder *f, size_t at)
{
    unsigned char c = sign(f, at);

    return c > ' ' && c < 0x7F && !memchr("\"<>`\\^|{}", c, 9) && is_plain(f, at);
}

/* A full stop behind it is the sentence's, a bracket that it does not open is the text's. */
static size_t url_end(const struct finder *f, size_t at)
{
    size_t end = at;
    int brackets = 0;

    for (; is_url_sign(f, end); end++) {
        brackets += (sign(f, end) == '(') - (sign(f, end) == ')');
        if (brackets < 0)
            break;
    }
    while (end > at && memchr(".,;:!?'([*", sign_before(f, end), 10))
        end--;
    return end;
}

/* Labels between dots, the last one a top level: returns its end, and where the last label begins.  0: none. */
static size_t domain_end(const struct finder *f, size_t at, size_t *ret_last)
{
    size_t end = at, last = 0, dots = 0;

    for (;; end++) {
        size_t label = end;

        while (is_alnum(sign(f, end)) || (end > label && sign(f, end) == '-'))
            end++;
        if (end == label || sign_before(f, end) == '-')
            break;
        last = label;
        if (sign(f, end) != '.' || !is_plain(f, end) || !is_alnum(sign(f, end + 1)))
            break;
        dots++;
    }
    *ret_last = last;
    return dots > 0 && end > last ? end : 0;
}

static bool ends_in_top_level(const struct finder *f, size_t last, size_t end)
{
    return name_is(NAME_TOP_LEVEL, str_cut(f->text, last, end));
}

/* "www.example.com", "example.com/x?y": there is no scheme, and yet no file has such a name. */
static size_t bare_url_end(const struct finder *f, size_t at)
{
    size_t last, end = domain_end(f, at, &last);
    bool www = str_starts(str_skip(f->text, at), S("www."));

    if (end == 0 || !(www || ends_in_top_level(f, last, end)))
        return 0;
    size_t port = end + 1;

    while (sign(f, end) == ':' && is_digit(sign(f, port)))
        port++;
    if (port > end + 1)
        end = port;
    else if (!www && sign(f, end) != '/')
        return 0;
    return sign(f, end) == '/' || sign(f, end) == '?' ? url_end(f, end) : end;
}

/* git@github.com:owner/name.git */
static size_t git_end(const struct finder *f, size_t at)
{
    size_t last, end;

    if (!str_starts(str_skip(f->text, at), S("git@")))
        return 0;
    end = domain_end(f, at + 4, &last);
    return end > 0 && sign(f, end) == ':' && is_word_sign(sign(f, end + 1)) ? url_end(f, end) : 0;
}

bool find_url(struct finder *f, size_t at, struct entity *out)
{
    size_t colon = at, end;

    while (is_alnum(sign(f, colon)) || sign(f, colon) == '+')
        colon++;
    if (sign(f, colon) == ':' && sign(f, colon + 1) == '/' && sign(f, colon + 2) == '/'
        && str_among(str_cut(f->text, at, colon), schemes, N_ELEMENTS(schemes)))
        end = url_end(f, colon + 3) > colon + 3 ? url_end(f, colon + 3) : 0;
    else if ((end = git_end(f, at)) == 0 && !(at > 0 && memchr("@/.-", sign_before(f, at), 4)))
        end = bare_url_end(f, at);
    return end > 0 && found(f, ENTITY_URL, at, end, out);
}

bool find_mail(struct finder *f, size_t at, struct entity *out)
{
    size_t sign_at = at, last, end;

    if (sign_before(f, at) > 0 && memchr(".-+%", sign_before(f, at), 4))
        return false;
    while (is_word_sign(sign(f, sign_at)) || (sign(f, sign_at) > 0 && memchr(".-+%", sign(f, sign_at), 4)))
        sign_at++;
    if (sign(f, sign_at) != '@' || sign_before(f, sign_at) == '.')
        return false;
    end = domain_end(f, sign_at + 1, &last);
    return end > 0 && end - last > 1 && is_letter(sign(f, last)) && found(f, ENTITY_EMAIL, at, end, out);
}

static const str version_words[] = { S("version"), S("v"), S("ver"), S("release") };

/* 10.0.0.5, with neither more figures nor letters at its sides, is no version. */
static size_t ipv4_end(const struct finder *f, size_t at)
{
    size_t end = at, dots = 0;
    char address[INET_ADDRSTRLEN];
    struct in_addr in;

    for (; end - at < sizeof address && (is_digit(sign(f, end)) || (sign(f, end) == '.' && is_digit(sign(f, end + 1)))); end++)
        dots += sign(f, end) == '.';
    if (dots != 3 || end - at >= sizeof address || is_word_sign(sign(f, end)) || sign(f, end) == '-')
        return 0;
    memcpy(address, f->text.p + at, end - at);
    address[end - at] = 0;
    return inet_pton(AF_INET, address, &in) == 1 && !str_among(word_before(f, at), version_words, N_ELEMENTS(version_words)) ? end : 0;
}

static bool is_hex(unsigned char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

static size_t ipv6_end(const struct finder *f, size_t at)
{
    size_t end = at, digits = 0, colons = 0;
    char address[INET6_ADDRSTRLEN];
    struct in6_addr in;
    unsigned char c;

    for (; end - at < sizeof address; end++) {
        c = sign(f, end);
        if (!is_hex(c) && !(c == ':' && is_plain(f, end)) && !(c == '.' && colons > 1))
            break;
        digits += is_digit(c);
        colons += c == ':';
    }
    while (end > at && (sign_before(f, end) == '.' || (sign_before(f, end) == ':' && sign(f, end - 2) != ':'))) {
        colons -= sign_before(f, end) == ':';
        end--;
    }
    if (colons < 2 || digits == 0 || end - at >= sizeof address || is_word_sign(sign(f, end)))
        return 0;
    memcpy(address, f->text.p + at, end - at);
    address[end - at] = 0;
    return inet_pton(AF_INET6, address, &in) == 1 ? end : 0;
}

static size_t domain_name_end(const struct finder *f, size_t at)
{
    size_t last, end = domain_end(f, at, &last);
    unsigned char after = sign(f, end);

    if (end == 0 || !ends_in_top_level(f, last, end) || is_word_sign(after) || after == '-' || after == '@')
        return 0;
    return name_is(NAME_NO_PATH, str_cut(f->text, at, end)) ? 0 : end;
}

bool find_address(struct finder *f, size_t at, struct entity *out)
{
    unsigned char c = sign(f, at), before = sign_before(f, at);
    size_t end = 0;

    if (before > 0 && memchr(".-/~", before, 4))
        return false;
    if (is_digit(c))
        end = ipv4_end(f, at);
    if (end == 0 && (is_digit(c) || (c >= 'a' && c <= 'f') || c == ':') && before != ':')
        end = ipv6_end(f, at);
    if (end == 0 && is_alnum(c))
        end = domain_name_end(f, at);
    return end > 0 && found(f, ENTITY_HOST, at, end, out);
}

/* nginx.service, backup.timer: the unit's name with nothing of its letter case lost. */
bool find_unit_file(struct finder *f, size_t at, struct entity *out)
{
    static const str service = S(".service"), others[] = { S(".timer"), S(".socket"), S(".mount"), S(".target") };
    size_t end = at;

    if (sign_before(f, at) > 0 && memchr(".-@/", sign_before(f, at), 4))
        return false;
    while (is_word_sign(sign(f, end)) || (sign(f, end) > 0 && memchr(".-@", sign(f, end), 3) && is_plain(f, end)))
        end++;
    while (end > at && !is_alnum(sign_before(f, end)))
        end--;
    str name = str_cut(f->text, at, end);
    bool is_service = str_ends(name, service) && name.len > service.len;

    if (sign(f, end) == '/' || !(is_service || (one_of_before(f, end, others, N_ELEMENTS(others)) > 0)))
        return false;
    if (!found(f, ENTITY_SERVICE, at, end, out) || name.p[0] == '.')
        return false;
    if (is_service)
        out->text = str_take(out->text, out->text.len - service.len);
    return true;
}
