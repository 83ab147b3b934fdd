// SPDX-License-Identifier: Apache-2.0
/* entity_name.c: names: of hosts that the context knows or a word before them announces; of services, languages and places. */
#include <string.h>

#include "base/utf8.h"
#include "nlu/entity_find.h"
#include "nlu/entity_names.h"

static size_t known_host(const struct finder *f, size_t at, str *ret_name)
{
    size_t longest = 0;

    for (size_t i = 0; i < f->context->n_hosts; i++) {
        str name = f->context->hosts[i];

        if (name.len <= longest || !str_eq_nocase(str_cut(f->text, at, at + name.len), name))
            continue;
        if (is_wide(sign(f, at)) || (is_name_edge(f, at) && is_name_edge(f, at + name.len))) {
            longest = name.len;
            *ret_name = name;
        }
    }
    return longest;
}

/* Words behind which, or in front of which, the name of a machine stands. */
static const str host_words[] = { S("host"), S("server"), S("machine"), S("ssh"), S("box"), S("node"), S("vm") };
static const str on_words[] = { S("on"), S("at"), S("onto"), S("from"), S("to") };
static const str wide_host_words[] = { S("服务器"), S("主机"), S("机器"), S("节点"), S("登录"), S("连接到"), S("连接"), S("连到"), S("ssh到") };
static const str wide_after_host[] = { S("上"), S("服务器"), S("主机"), S("这台"), S("那台"), S("机器"), S("节点") };
/* What has the form of a host's name, and is none. */
static const str not_hosts[] = {
    S("python"), S("java"), S("gcc"), S("clang"), S("ubuntu"), S("debian"), S("centos"), S("fedora"), S("port"), S("line"),
    S("page"), S("step"), S("part"), S("version"), S("core"), S("cpu"), S("day"), S("week"), S("item"), S("channel"), S("disk"),
    S("eth"), S("wlan"), S("enp"), S("ens"), S("sd"), S("nvme"), S("php"), S("ipv"), S("mp"), S("h"), S("utf-"), S("sha"), S("md"),
    S("x"), S("qwen"), S("gpt-"), S("llama"), S("covid-"), S("jan"), S("feb"), S("mar"), S("apr"), S("may"), S("june"), S("july"),
    S("aug"), S("sep"), S("oct"), S("nov"), S("dec"), S("q"), S("v"), S("room"), S("no"), S("pid"), S("user"), S("at"),
    S("am"), S("pm"), S("chapter"), S("level"), S("round"),
};

/* Letters, then figures at the end (db01, web-1, prod-api-2): but for what else is named so (python3, sda1). */
static bool is_host_like(str name)
{
    size_t letters = name.len;

    while (letters > 0 && is_digit((unsigned char)name.p[letters - 1]))
        letters--;
    str stem = str_take(name, letters);

    if (letters == name.len || letters < 2 || !is_letter((unsigned char)name.p[0]) || str_find_char(name, '_') != STR_NONE
        || name.len - letters > 4)
        return false;
    if (str_starts(name, S("sd")) && letters == 3)
        return false;
    if (str_ends(stem, S("-")))
        stem.len--;
    return !str_among(stem, not_hosts, N_ELEMENTS(not_hosts)) && str_find_char(stem, '.') == STR_NONE;
}

/* web-prod, db-master: only where it is said that it is a machine. */
static bool is_announced(const struct finder *f, size_t at, size_t end, bool host_like)
{
    str before = word_before(f, at), name = str_cut(f->text, at, end);
    size_t space = at, behind = end;

    while (space > 0 && sign_before(f, space) == ' ')
        space--;
    behind += sign(f, behind) == ' ';
    if (one_of_before(f, space, wide_host_words, N_ELEMENTS(wide_host_words)) > 0)
        return host_like || str_find_char(name, '-') != STR_NONE;
    if (str_among(before, host_words, N_ELEMENTS(host_words)))
        return host_like || str_find_char(name, '-') != STR_NONE;
    if (host_like && str_among(before, on_words, N_ELEMENTS(on_words)))
        return true;
    return host_like && one_of_at(f, behind, wide_after_host, N_ELEMENTS(wide_after_host)) > 0;
}

bool find_host(struct finder *f, size_t at, struct entity *out)
{
    str name = NO_STR;
    size_t len = known_host(f, at, &name), end;

    if (len > 0) {
        found(f, ENTITY_HOST, at, at + len, out);
        out->text = name;
        return true;
    }
    if (!is_letter(sign(f, at)) || !is_name_edge(f, at) || name_is(NAME_SERVICE, str_cut(f->text, at, name_end(f, at))))
        return false;
    end = name_end(f, at);
    if (str_eq(str_cut(f->text, at, end), S("localhost")))
        return found(f, ENTITY_HOST, at, end, out);
    while (end > at && !is_alnum(sign_before(f, end)))
        end--;
    return end - at < 64 && is_announced(f, at, end, is_host_like(str_cut(f->text, at, end))) && found(f, ENTITY_HOST, at, end, out);
}

/* Where a name may end: behind a word, or behind any Chinese character. */
static bool may_end(const struct finder *f, size_t at)
{
    return (sign(f, at) & 0xC0) != 0x80 && is_name_edge(f, at);
}

static const struct name *longest_name(const struct finder *f, size_t at, size_t *ret_end)
{
    const struct name *best = NULL;
    size_t most = at + NAME_LONGEST < f->text.len ? at + NAME_LONGEST : f->text.len;

    for (size_t end = at + 1; end <= most; end++)
        if (may_end(f, end)) {
            const struct name *n = name_find(NAME_PLACE, str_cut(f->text, at, end));

            best = n ? n : best;
            *ret_end = n ? end : *ret_end;
        }
    return best;
}

/* English words that are names only as names are written, or behind in, to, into. */
static bool is_meant(const struct finder *f, size_t at, size_t end)
{
    static const str words[] = {
        S("polish"), S("turkey"), S("chad"), S("jordan"), S("georgia"), S("nice"), S("mobile"), S("reading"), S("bath"), S("male"),
        S("cork"), S("split"), S("phoenix"), S("orlando"), S("victoria"), S("lima"), S("santiago"), S("jersey"), S("granada"), S("rio"),
        S("florence"), S("charlotte"), S("guinea"),
    };
    static const str short_ones[] = { S("la"), S("us"), S("hk"), S("uk"), S("the us") };
    static const str in[] = { S("in"), S("to"), S("into"), S("of"), S("for"), S("from") };

    if (str_among(str_cut(f->text, at, end), short_ones, N_ELEMENTS(short_ones)))
        return is_capital(f, end - 1);
    return !str_among(str_cut(f->text, at, end), words, N_ELEMENTS(words)) || is_capital(f, at)
        || str_among(word_before(f, at), in, N_ELEMENTS(in));
}

/* 北京市, 广东省; not 北京市场. */
static size_t with_rank(const struct finder *f, size_t end)
{
    static const str ranks[] = { S("市"), S("省") }, others[] = { S("市场"), S("市民"), S("市区"), S("市长"), S("市值"), S("省钱"), S("省电") };

    return one_of_at(f, end, others, N_ELEMENTS(others)) ? end : end + one_of_at(f, end, ranks, N_ELEMENTS(ranks));
}

bool find_name(struct finder *f, size_t at, struct entity *out)
{
    static const enum entity_type types[NAME_KINDS] = {
        [NAME_SERVICE] = ENTITY_SERVICE, [NAME_LANGUAGE] = ENTITY_LANGUAGE, [NAME_PLACE] = ENTITY_PLACE };
    size_t end = at;
    const struct name *n;

    if (!name_may_begin(str_skip(f->text, at)) || !is_name_edge(f, at) || !(n = longest_name(f, at, &end)) || !is_meant(f, at, end))
        return false;
    found(f, types[n->kind], at, n->kind == NAME_PLACE && is_wide(sign_before(f, end)) ? with_rank(f, end) : end, out);
    out->text = n->value;
    out->zone = n->zone;
    return true;
}
