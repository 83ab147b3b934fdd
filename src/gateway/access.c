// SPDX-License-Identifier: Apache-2.0
#include "gateway/access.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "channel/deliver.h"
#include "domain/message.h"
#include "gateway/people.h"
#include "runtime/clock.h"
#include "store/audit.h"
#include "tool/policy.h"

enum { LOGIN_MS = 10 * 60 * 1000, PAIRING_MS = 60 * 60 * 1000, MAX_LOGINS = 8, MAX_BROWSERS = 64 };
enum { MAX_PAIRINGS = 500 };        /* open at a time: anybody may write to a bot, and each one costs rows */
enum { HASH_TEXT = SHA256_DIGEST_LENGTH * 2 };

struct login { char code[TOKEN_SIZE]; uint64_t until; };

/* The SHA-256 in hex of a secret; "": there is none. */
struct key { char hash[HASH_TEXT + 1]; };

struct access {
    struct people *people;
    struct key   token;
    struct key   browsers[MAX_BROWSERS];            /* the next one overwrites the oldest */
    size_t       next_browser;
    uint64_t     epoch;
    struct login logins[MAX_LOGINS];
    size_t       next_login;
    bool         pairing;                           /* one at a time: who is known decides what the next is called */
    struct waiters pairing_done;
};

static void hash_text(char out[HASH_TEXT + 1], str secret)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    CLEANUP(buf_done) struct buf hex = { 0 };

    SHA256((const unsigned char *)secret.p, secret.len, digest);
    buf_add_hex(&hex, str_of(digest, sizeof digest));
    memcpy(out, hex.p, HASH_TEXT + 1);
}

static void new_secret(char out[TOKEN_SIZE], const char *prefix)
{
    unsigned char bytes[24];
    CLEANUP(buf_done) struct buf b = { 0 };

    random_bytes(bytes, sizeof bytes);
    buf_add(&b, str_from(prefix));
    buf_add_base64url(&b, str_of(bytes, sizeof bytes));
    memcpy(out, b.p, b.len + 1);
}

/* Takes the same time whichever it is. */
static bool key_valid(const struct key *keys, size_t n, str secret)
{
    char hash[HASH_TEXT + 1];
    bool found = false;

    hash_text(hash, secret);
    for (size_t i = 0; i < n; i++)
        found |= str_eq_secret(str_from(keys[i].hash), str_from(hash));
    return found;
}

static void set_key(struct key *k, str hash)
{
    snprintf(k->hash, sizeof k->hash, "%.*s", STR(hash));
}

static void remember_browser(struct access *x, str hash)
{
    set_key(&x->browsers[x->next_browser++ % MAX_BROWSERS], hash);
}

/* ---- people ---- */

bool access_is_own(str platform)
{
    static const char *const own[] = { "rest", "ws", "web", "cli", "openai" };

    for (size_t i = 0; i < N_ELEMENTS(own); i++)
        if (str_eq(platform, str_from(own[i])))
            return true;
    return false;
}

struct person access_person(const struct access *x, str platform, str user_id)
{
    if (access_is_own(platform))
        return (struct person){ S("owner"), S("owner") };
    return people_find(x->people, platform, user_id);
}

enum access_role access_of(const struct access *x, str platform, str user_id)
{
    struct person p = access_person(x, platform, user_id);

    return p.role.len == 0 ? ACCESS_UNKNOWN : person_is_owner(&p) ? ACCESS_OWNER : ACCESS_USER;
}

struct people *access_people(const struct access *x)
{
    return x->people;
}

static enum err load(struct gateway *g, struct access *x) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    TRY(people_open(g->store, &x->people));
    batch_add(b, "token.valid", "");
    TRY(store_query(g->store, b));
    const struct rows *tokens = batch_rows(b, 0);

    for (size_t i = 0; i < tokens->n; i++)
        if (str_eq(row_str(tokens, i, 1), S("api")))
            set_key(&x->token, row_str(tokens, i, 0));
        else
            remember_browser(x, row_str(tokens, i, 0));
    return OK;
}

enum err access_open(struct gateway *g, struct access **out)
{
    struct access *x = NEW(struct access);
    enum err e = load(g, x);

    if (e) {
        access_free(x);
        return e;
    }
    *out = x;
    return OK;
}

void access_free(struct access *x)
{
    if (x == NULL)
        return;
    people_free(x->people);
    free(x);
}

/* ---- pairing ---- */

/* Eight characters without those that look alike: 40 bits, good for an hour. */
static void new_code(char out[10])
{
    static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

    for (int i = 0; i < 9; i++)
        out[i] = i == 4 ? '-' : letters[random_below(sizeof letters - 1)];
    out[9] = '\0';
}

static str pairing_text(struct arena *a, const char *code)
{
    return str_from(arena_printf(a, "Hello. I only talk to people my owner knows. If that is to be you, ask them to "
                                    "run this on my machine:\n\n```\nclawdbot pair %s\n```\n\n"
                                    "你好。我只和主人认识的人交谈。请让主人在我的机器上运行上面的命令。", code));
}

/* Does this sender have a valid code, or are there too many already? */
static enum err needs_no_code(struct gateway *g, struct arena *a, const struct message *m, int64_t now, bool *out) AWAITS
{
    struct batch *b = batch_new(a);

    batch_add(b, "pairing.of", "ssi", m->platform, m->user_id, now);
    batch_add(b, "pairing.count", "i", now);
    TRY(store_query(g->store, b));
    bool full = row_int(batch_rows(b, 1), 0, 0) >= MAX_PAIRINGS;

    *out = full || batch_rows(b, 0)->n;
    if (full)
        log_event(LOG_WARN, "pairing.too_many", F("platform", m->platform), F("user_id", m->user_id));
    return OK;
}

/* The message is stored as answered, so that a platform that brings it again does not make a second code. */
static void add_offer(struct batch *b, struct arena *a, const struct message *m, int64_t now)
{
    char code[10], session[UUID_SIZE], message[UUID_SIZE];

    new_code(code);
    random_uuid(session);
    random_uuid(message);
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o}", "text", json_from_str(pairing_text(a, code)));

    batch_add(b, "session.ensure", "cssssci", session, m->platform, m->chat_id, m->thread_id, m->agent, "", now);
    batch_add(b, "inbox.insert", "csssssssccciii", message, m->platform, m->chat_id, m->thread_id, m->agent,
              m->external_id, m->user_id, S(""), "{}", "done", "the sender is not paired", now, now, now);
    batch_add(b, "pairing.expire", "i", now);       /* this sender's too: one code a sender */
    batch_add(b, "pairing.add", "cssssii", code, m->platform, m->user_id, m->user_name, m->chat_id, now,
              now + PAIRING_MS);
    batch_add(b, "pairing.tell", "sssssi", m->platform, m->chat_id, m->thread_id, m->external_id, json_print(a, body),
              now);
}

enum err access_offer_pairing(struct gateway *g, const struct message *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    int64_t now = clock_wall_ms();
    bool done;

    TRY(needs_no_code(g, a, m, now, &done));
    if (done)
        return OK;
    add_offer(b, a, m, now);
    TRY(store_commit(g->store, b));
    log_event(LOG_INFO, "pairing.offered", F("platform", m->platform), F("user_id", m->user_id));
    deliver_wake(m->platform, m->chat_id);
    return OK;
}

/* Whoever is made something by the owner's word is not made the owner for being the first. */
static void add_pairing(struct gateway *g, struct batch *b, struct arena *a, const struct rows *r, str role)
{
    str platform = row_str(r, 0, 0), user = row_str(r, 0, 1), name = row_str(r, 0, 2), chat = row_str(r, 0, 3);
    int64_t now = clock_wall_ms(), no_owner_now = role.len || people_has_owner(g->access->people);
    const char *id = people_free_id(g->access->people, a, name, platform, user);

    batch_add(b, "person.pair", "cssiiss", id, role.len ? role : S("user"), name, now, no_owner_now, platform, user);
    batch_add(b, "user.add", "ssssici", platform, user, name, chat, now, id, no_owner_now);
    batch_add(b, "pairing.remove", "ssi", platform, user, now);
    audit_add(b, &(struct audit_row){ .person = S("owner"), .platform = platform, .event = "person.paired", .subject = user,
                                      .detail = json_pack("{s:o}", "role", json_from_str(role)) });
}

static enum err pair(struct gateway *g, struct arena *a, str code, str role, str *ret_who, const char **ret_role) AWAITS
{
    CLEANUP(buf_done) struct buf upper = { 0 };
    struct batch *b = batch_new(a);
    struct rows r;

    if (role.len && !policy_has_role(policy_now(), role))
        return failed(ERR_INPUT, "there is no role \"%.*s\"; `clawdbot roles list` prints those there are", STR(str_take(role, 40)));
    for (size_t i = 0; i < code.len && i < 16; i++)
        buf_add_char(&upper, (char)toupper((unsigned char)code.p[i]));
    TRY(store_read(g->store, a, &r, "pairing.get", "si", buf_str(&upper), clock_wall_ms()));
    if (r.n == 0)
        return failed(ERR_NOT_FOUND, "there is no pairing code '%.*s', or it is older than an hour; the person who wants "
                                     "to pair can write again to get a new one", STR(str_take(code, 16)));
    str platform = row_str(&r, 0, 0), user = row_str(&r, 0, 1), name = row_str(&r, 0, 2);

    add_pairing(g, b, a, &r, role);
    audit_add(b, &(struct audit_row){ .person = S("owner"), .platform = S("cli"), .event = "access.paired",
                                      .subject = str_from(arena_printf(a, "%.*s on %.*s", STR(user), STR(platform))) });
    TRY(store_commit(g->store, b));
    TRY(people_reload(g->access->people));
    struct person p = access_person(g->access, platform, user);

    log_event(LOG_INFO, "pairing.done", F("platform", platform), F("user_id", user), F("person", p.id), F("role", p.role));
    *ret_who = str_from(arena_printf(a, "%.*s (%.*s on %.*s)", STR(name), STR(user), STR(platform)));
    *ret_role = arena_c(a, p.role);
    return OK;
}

enum err access_pair(struct gateway *g, struct arena *a, str code, str role, str *ret_who, const char **ret_role)
{
    struct access *x = g->access;

    while (x->pairing)
        TRY(wait_on(&x->pairing_done, "another pairing"));
    x->pairing = true;
    enum err e = pair(g, a, code, role, ret_who, ret_role);

    x->pairing = false;
    wake_one(&x->pairing_done);
    return e;
}

/* ---- tokens, browsers ---- */

/* Browsers got in on the old token's authority: they end with it. */
enum err access_new_token(struct gateway *g, char out[TOKEN_SIZE])
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct access *x = g->access;
    char token[TOKEN_SIZE], hash[HASH_TEXT + 1];
    struct batch *b = batch_new(a);

    new_secret(token, "claw_");
    hash_text(hash, str_from(token));
    batch_add(b, "token.revoke_all", "i", clock_wall_ms());
    batch_add(b, "token.add", "cci", hash, "api", clock_wall_ms());
    audit_add(b, &(struct audit_row){ .person = S("owner"), .event = "access.token" });
    TRY(store_commit(g->store, b));
    memset(x->browsers, 0, sizeof x->browsers);
    set_key(&x->token, str_from(hash));
    x->epoch++;
    bus_wake_all(g->bus);       /* WebSockets look whether they may stay */
    memcpy(out, token, TOKEN_SIZE);
    return OK;
}

bool access_has_token(const struct access *x)
{
    return x->token.hash[0];
}

bool access_token_valid(const struct access *x, str token)
{
    return key_valid(&x->token, 1, token);
}

uint64_t access_epoch(const struct access *x)
{
    return x->epoch;
}

void access_login_code(struct access *x, char out[TOKEN_SIZE])
{
    struct login *l = &x->logins[x->next_login++ % MAX_LOGINS];

    new_secret(l->code, "");
    l->until = clock_ms() + LOGIN_MS;
    memcpy(out, l->code, TOKEN_SIZE);
}

static bool spend_login(struct access *x, str code)
{
    for (size_t i = 0; i < MAX_LOGINS; i++) {
        struct login *l = &x->logins[i];

        if (l->until < clock_ms() || !str_eq_secret(str_from(l->code), code))
            continue;
        *l = (struct login){ 0 };
        return true;
    }
    return false;
}

enum err access_login(struct gateway *g, str code, char out[TOKEN_SIZE])
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    char secret[TOKEN_SIZE], hash[HASH_TEXT + 1];

    if (!spend_login(g->access, code))
        return failed(ERR_AUTH, "this link was used already or is older than ten minutes; `clawdbot login` prints a "
                                "new one");
    new_secret(secret, "");
    hash_text(hash, str_from(secret));
    batch_add(b, "token.add", "cci", hash, "browser", clock_wall_ms());
    batch_add(b, "token.keep_browsers", "i", (int64_t)MAX_BROWSERS);
    audit_add(b, &(struct audit_row){ .person = S("owner"), .platform = S("web"), .event = "access.login" });
    TRY(store_commit(g->store, b));
    remember_browser(g->access, str_from(hash));
    memcpy(out, secret, TOKEN_SIZE);
    return OK;
}

bool access_cookie_valid(const struct access *x, str secret)
{
    return key_valid(x->browsers, MAX_BROWSERS, secret);
}
