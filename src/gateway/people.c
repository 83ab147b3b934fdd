// SPDX-License-Identifier: Apache-2.0
#include "gateway/people.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "channel/registry.h"
#include "runtime/clock.h"
#include "store/audit.h"
#include "tool/policy.h"

enum { ID_MAX = 64 };

struct somebody { const char *id, *role, *name; bool configured; };
struct account { const char *platform, *user, *name; struct somebody *who; bool configured; };

/* What is known, whole: made anew whenever something changes. */
struct register_ { struct arena *arena; struct map people, accounts; };

struct people {
    struct store     *store;
    json_t           *configured;
    struct register_  now;
    uint64_t          asked, known; /* readings of the store, begun and in force: a late one does not undo a newer */
    struct arena     *names;        /* what was ever given out: turns hold it */
    struct map        interned;
};

/* ---- the register ---- */

static void register_done(struct register_ *r)
{
    map_done(&r->people);
    map_done(&r->accounts);
    arena_free(r->arena);
    *r = (struct register_){ 0 };
}

static const char *intern(struct people *p, str s)
{
    const char *known = map_get(&p->interned, s);

    if (!known) {
        known = arena_c(p->names, s);
        map_put(&p->interned, s, (void *)known);
    }
    return known;
}

static str account_key(struct buf *b, str platform, str user)
{
    buf_add(b, platform);
    buf_add_char(b, '\0');
    buf_add(b, user);
    return buf_str(b);
}

static struct somebody *add_person(struct people *p, struct register_ *r, str id, str role, str name)
{
    struct somebody *s = map_get(&r->people, id);

    if (!s) {
        s = ARENA_NEW(r->arena, struct somebody);
        map_put(&r->people, id, s);
    }
    *s = (struct somebody){ .id = intern(p, id), .role = intern(p, role), .name = arena_c(r->arena, name) };
    return s;
}

static struct account *add_account(struct register_ *r, str platform, str user, struct somebody *who)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    struct account *a = ARENA_NEW(r->arena, struct account);

    *a = (struct account){ .platform = arena_c(r->arena, platform), .user = arena_c(r->arena, user), .name = "", .who = who };
    map_put(&r->accounts, account_key(&key, platform, user), a);
    return a;
}

static const struct account *find_account(const struct register_ *r, str platform, str user)
{
    CLEANUP(buf_done) struct buf key = { 0 };

    return map_get(&r->accounts, account_key(&key, platform, user));
}

/* ---- the configuration ---- */

static bool is_id(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9')
              || (i && strchr("._-", s.p[i]))))
            return false;
    return s.len > 0 && s.len <= ID_MAX;
}

static enum err check_id(str id)
{
    if (!is_id(id))
        return failed(ERR_INPUT, "a name has letters, digits, \".\", \"_\" and \"-\", %d at most, not \"%.*s\"", ID_MAX,
                      STR(str_take(id, 40)));
    return OK;
}

static enum err check_role(str id, str role)
{
    if (!policy_has_role(policy_now(), role))
        return failed(ERR_INPUT, "there is no role \"%.*s\"; `clawdbot roles list` prints those there are", STR(str_take(role, 40)));
    if (str_eq(id, S("owner")) && !str_eq(role, S("owner")))
        return failed(ERR_CONFLICT, "\"owner\" is whoever holds this machine's token, and stays the owner");
    return OK;
}

/* "telegram:123": what stands before and behind the first colon. */
static enum err split_account(str text, str *ret_platform, str *ret_user)
{
    size_t colon = str_find_char(text, ':');

    *ret_platform = str_take(text, colon);
    *ret_user = str_skip(text, colon == STR_NONE ? text.len : colon + 1);
    if (!is_id(*ret_platform) || ret_user->len == 0 || str_find_char(text, '\0') != STR_NONE)
        return failed(ERR_INPUT, "an account is written platform:id, such as telegram:123456, not \"%.*s\"", STR(str_take(text, 60)));
    return OK;
}

static enum err configure_account(struct register_ *r, struct somebody *who, str text)
{
    str platform, user;

    TRY(split_account(text, &platform, &user));
    if (str_eq(user, S("*")) && strcmp(who->role, "guest") != 0)
        return failed(ERR_INPUT, "%.*s: everybody there can be guests alone", STR(text));
    const struct account *a = find_account(r, platform, user);

    if (a && a->configured && a->who != who)
        return failed(ERR_INPUT, "%.*s belongs to %s already", STR(text), a->who->id);
    add_account(r, platform, user, who)->configured = true;
    return OK;
}

static enum err check_keys(const json_t *row)
{
    const char *key;
    json_t *v;

    if (!json_is_object(row))
        return failed(ERR_INPUT, "wants a map, such as {name: bob, role: operator, accounts: [telegram:123]}");
    json_object_foreach((json_t *)row, key, v)
        if (strcmp(key, "name") != 0 && strcmp(key, "role") != 0 && strcmp(key, "accounts") != 0)
            return failed(ERR_INPUT, "there is no key '%.40s'; a user has name, role and accounts", key);
    if (json_object_get(row, "accounts") && !json_is_array(json_object_get(row, "accounts")))
        return failed(ERR_INPUT, "accounts wants a list, such as [telegram:123]");
    return OK;
}

static enum err configure_person(struct people *p, struct register_ *r, const json_t *row)
{
    str id = json_text_str(row, "name"), role = json_text_str(row, "role");
    const json_t *account;
    size_t i;

    TRY(check_keys(row));
    TRY(check_id(id));
    TRY(check_role(id, role));
    struct somebody *who = add_person(p, r, id, role, id);

    who->configured = true;
    json_array_foreach(json_object_get(row, "accounts"), i, account)
        TRY(configure_account(r, who, json_strval(account)));
    return OK;
}

static enum err add_configured(struct people *p, struct register_ *r, const json_t *users)
{
    const json_t *row;
    size_t i;

    if (users && !json_is_array(users) && !json_is_null(users))
        return failed(ERR_INPUT, "users wants a list of people");
    json_array_foreach(users, i, row)
        if (configure_person(p, r, row) != OK)
            return failed_in(ERR_INPUT, "users row %zu: ", i + 1);
    return OK;
}

/* ---- the store ---- */

static enum err read_store(struct people *p, struct register_ *r) AWAITS
{
    struct batch *b = batch_new(r->arena);

    batch_add(b, "person.list", "");
    batch_add(b, "user.list", "");
    TRY(store_query(p->store, b));
    const struct rows *people = batch_rows(b, 0), *users = batch_rows(b, 1);

    for (size_t i = 0; i < people->n; i++)
        add_person(p, r, row_str(people, i, 0), row_str(people, i, 1), row_str(people, i, 2));
    for (size_t i = 0; i < users->n; i++) {
        struct somebody *who = map_get(&r->people, row_str(users, i, 3));

        if (who)
            add_account(r, row_str(users, i, 0), row_str(users, i, 1), who)->name = arena_c(r->arena, row_str(users, i, 2));
    }
    return OK;
}

static enum err rebuild(struct people *p, const json_t *users) AWAITS
{
    struct register_ r = { .arena = arena_new() };
    uint64_t number = ++p->asked;
    enum err e = read_store(p, &r);

    if (e == OK)
        e = add_configured(p, &r, users);
    if (e || number < p->known) {
        register_done(&r);
        return e;
    }
    p->known = number;
    register_done(&p->now);
    p->now = r;
    return OK;
}

enum err people_reload(struct people *p)
{
    return rebuild(p, p->configured);
}

enum err people_configure(struct people *p, const json_t *users)
{
    TRY(rebuild(p, users));
    json_decref(p->configured);
    p->configured = json_incref((json_t *)users);
    return OK;
}

enum err people_open(struct store *store, struct people **out)
{
    struct people *p = NEW(struct people);

    p->store = store;
    p->names = arena_new();
    enum err e = rebuild(p, NULL);

    if (e) {
        people_free(p);
        return e;
    }
    *out = p;
    return OK;
}

void people_free(struct people *p)
{
    if (!p)
        return;
    register_done(&p->now);
    json_decref(p->configured);
    map_done(&p->interned);
    arena_free(p->names);
    free(p);
}

/* ---- looking up ---- */

/* The channel's own settings let them in, as pairing would. */
static bool is_allowed(str platform, str user_id)
{
    const struct channel *c = channel_find(platform);

    return c && c->allows && c->configured() && c->allows(user_id);
}

struct person people_find(const struct people *p, str platform, str user_id)
{
    const struct account *a = find_account(&p->now, platform, user_id);

    if (a)
        return (struct person){ str_from(a->who->id), str_from(a->who->role) };
    a = find_account(&p->now, platform, S("*"));
    return (struct person){ user_id, a ? str_from(a->who->role) : is_allowed(platform, user_id) ? S("user") : NO_STR };
}

bool people_has_owner(const struct people *p)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&p->now.accounts, &i, &e); )
        if (strcmp(((struct account *)e->value)->who->role, "owner") == 0)
            return true;
    return false;
}

const char *people_free_id(const struct people *p, struct arena *a, str wish, str platform, str user_id)
{
    CLEANUP(buf_done) struct buf b = { .max = 24 };

    for (size_t i = 0; i < wish.len; i++)
        if (is_id(str_cut(wish, i, i + 1)))
            buf_add_char(&b, wish.p[i] >= 'A' && wish.p[i] <= 'Z' ? (char)(wish.p[i] + 32) : wish.p[i]);
    if (b.len == 0 && user_id.len < 24 && is_id(user_id))
        buf_add(&b, user_id);
    if (b.len == 0)
        buf_add(&b, str_take(platform, 20));
    const char *id = arena_c(a, buf_str(&b));

    for (int i = 2; map_get(&p->now.people, str_from(id)); i++)
        id = arena_printf(a, "%s-%d", buf_c(&b), i);
    return id;
}

static json_t *one_json(const struct people *p, const struct somebody *s)
{
    json_t *accounts = json_array();
    const struct map_entry *e;

    for (size_t i = 0; map_next(&p->now.accounts, &i, &e); ) {
        const struct account *a = e->value;

        if (a->who == s)
            json_array_append_new(accounts, json_pack("{s:s, s:o, s:o, s:s}", "platform", a->platform, "user_id",
                json_from_str(str_from(a->user)), "name", json_from_str(str_from(a->name)), "from", a->configured ? "config" : "store"));
    }
    return json_pack("{s:s, s:o, s:s, s:s, s:o}", "id", s->id, "name", json_from_str(str_from(s->name)), "role", s->role,
                     "from", s->configured ? "config" : "store", "accounts", accounts);
}

json_t *person_json(const struct people *p, str id)
{
    const struct somebody *s = map_get(&p->now.people, id);

    return s ? one_json(p, s) : NULL;
}

static int by_id(const void *x, const void *y)
{
    return strcmp((*(const struct somebody *const *)x)->id, (*(const struct somebody *const *)y)->id);
}

json_t *people_json(const struct people *p)
{
    CLEANUP(mem_freep) const struct somebody **all = mem_alloc((p->now.people.n + 1) * sizeof *all);
    json_t *list = json_array();
    const struct map_entry *e;
    size_t n = 0;

    for (size_t i = 0; map_next(&p->now.people, &i, &e); )
        all[n++] = e->value;
    qsort(all, n, sizeof *all, by_id);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, one_json(p, all[i]));
    return list;
}

/* ---- changing ---- */

static enum err somebody_of_store(const struct people *p, str id)
{
    const struct somebody *s = map_get(&p->now.people, id);

    if (!s)
        return failed(ERR_NOT_FOUND, "nobody is called \"%.*s\"; `clawdbot users list` prints who is known", STR(str_take(id, 60)));
    if (s->configured)
        return failed(ERR_CONFLICT, "%s stands in the configuration (users): change it there", s->id);
    return OK;
}

static enum err commit(const struct people_change *c, struct batch *b, const char *event, str id, str what) AWAITS
{
    audit_add(b, &(struct audit_row){ .person = S("owner"), .event = event, .subject = id,
                                      .detail = json_pack("{s:o}", "what", json_from_str(what)) });
    TRY(store_commit(c->gateway->store, b));
    TRY(people_reload(c->people));
    log_event(LOG_INFO, event, F("person", id), F("what", what));
    return OK;
}

enum err people_set_role(const struct people_change *c, str id, str role)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    TRY(check_id(id));
    TRY(check_role(id, role));
    if (map_get(&c->people->now.people, id))
        TRY(somebody_of_store(c->people, id));
    batch_add(b, "person.add", "sssi", id, role, id, clock_wall_ms());
    return commit(c, b, "person.role", id, role);
}

enum err people_link(const struct people_change *c, str id, str account)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    str platform, user;

    if (!str_eq(id, S("owner")))
        TRY(somebody_of_store(c->people, id));
    TRY(split_account(account, &platform, &user));
    const struct account *known = find_account(&c->people->now, platform, user);

    if (known && known->configured)
        return failed(ERR_CONFLICT, "%.*s stands in the configuration (users): change it there", STR(account));
    if (str_eq(user, S("*")))
        return failed(ERR_INPUT, "everybody of a platform is made guests in the configuration (users)");
    batch_add(b, "user.link", "sssi", platform, user, id, clock_wall_ms());
    return commit(c, b, "person.linked", id, account);
}

enum err people_unlink(const struct people_change *c, str account)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    str platform, user;

    TRY(split_account(account, &platform, &user));
    const struct account *known = find_account(&c->people->now, platform, user);

    if (!known)
        return failed(ERR_NOT_FOUND, "%.*s belongs to nobody", STR(str_take(account, 80)));
    if (known->configured)
        return failed(ERR_CONFLICT, "%.*s stands in the configuration (users): change it there", STR(account));
    batch_add(b, "user.unlink", "ss", platform, user);
    return commit(c, b, "person.unlinked", str_from(known->who->id), account);
}

enum err people_remove(const struct people_change *c, str id)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    if (str_eq(id, S("owner")))
        return failed(ERR_CONFLICT, "\"owner\" is whoever holds this machine's token, and stays");
    TRY(somebody_of_store(c->people, id));
    batch_add(b, "user.remove_of", "s", id);
    batch_add(b, "person.remove", "s", id);
    return commit(c, b, "person.removed", id, NO_STR);
}
