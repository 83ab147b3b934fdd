// SPDX-License-Identifier: Apache-2.0
#include "gateway/recipient.h"

#include "channel/registry.h"
#include "domain/message.h"
#include "gateway/access.h"

/* recipient.places: 0 id, 1 platform, 2 chat, 3 thread, 4 agent; recipient.people: 0 platform, 1 user, 2 name, 3 chat */
struct search {
    struct gateway *gateway;
    const struct tool_context *cx;
    str             to, platform, name;     /* "telegram:42": all, "telegram", "42"; without a colon platform is "" */
    const struct rows *places, *people;
};

static struct person person_at(const struct search *s, size_t i)
{
    return access_person(s->gateway->access, row_str(s->people, i, 0), row_str(s->people, i, 1));
}

static struct recipient chat_of_person(const struct search *s, size_t i)
{
    return (struct recipient){ .platform = row_str(s->people, i, 0), .chat_id = row_str(s->people, i, 3) };
}

static bool is_meant(const struct search *s, size_t i)
{
    struct person p = person_at(s, i);

    if (str_eq(s->to, S("owner")))
        return person_is_owner(&p);
    if (s->platform.len && !str_eq(s->platform, row_str(s->people, i, 0)))
        return false;
    return str_eq(s->name, row_str(s->people, i, 1)) || str_eq(s->name, p.id) || str_eq_nocase(s->name, row_str(s->people, i, 2));
}

/* Whoever is not the owner writes to the owner and to themselves. */
static bool may_write_to(const struct search *s, const struct person *p)
{
    return person_is_owner(&s->cx->person) || person_is_owner(p) || str_eq(p->id, s->cx->person.id);
}

static bool may_write_in(const struct search *s, size_t place)
{
    if (person_is_owner(&s->cx->person) || str_eq(row_str(s->places, place, 0), s->cx->session_id))
        return true;
    for (size_t i = 0; i < s->people->n; i++) {
        struct person p = person_at(s, i);

        if (str_eq(row_str(s->people, i, 0), row_str(s->places, place, 1))
            && str_eq(row_str(s->people, i, 3), row_str(s->places, place, 2)) && may_write_to(s, &p))
            return true;
    }
    return false;
}

/* people is sorted by the last use of their chats. */
static enum err find_person(const struct search *s, struct recipient *out)
{
    struct person first = { 0 };
    bool found = false;

    for (size_t i = 0; i < s->people->n; i++) {
        struct person p = person_at(s, i);

        if (!is_meant(s, i) || !may_write_to(s, &p))
            continue;
        if (found && !str_eq(first.id, p.id))
            return failed(ERR_CONFLICT, "\"%.*s\" may be %.*s or %.*s: use the id", STR(str_take(s->to, 60)), STR(first.id), STR(p.id));
        if (!found)
            *out = chat_of_person(s, i);
        first = p;
        found = true;
    }
    return found ? OK : ERR_NOT_FOUND;
}

static enum err find_place(const struct search *s, struct recipient *out)
{
    for (size_t i = 0; i < s->places->n; i++)
        if (may_write_in(s, i)) {
            *out = (struct recipient){ row_str(s->places, i, 1), row_str(s->places, i, 2), row_str(s->places, i, 3),
                                       row_str(s->places, i, 4) };
            return OK;
        }
    return ERR_NOT_FOUND;
}

static enum err unknown(const struct search *s)
{
    return failed(ERR_NOT_FOUND, "there is no chat or person \"%.*s\" that %s may write to; sessions lists the conversations",
                  STR(str_take(s->to, 60)), person_is_owner(&s->cx->person) ? "you" : "this person");
}

enum err recipient_find(struct gateway *g, const struct tool_context *cx, str to, struct recipient *out)
{
    struct search s = { .gateway = g, .cx = cx, .to = str_trim(to) };
    size_t colon = str_find_char(s.to, ':');
    struct batch *b = batch_new(cx->arena);

    s.platform = colon == STR_NONE ? NO_STR : str_take(s.to, colon);
    s.name = colon == STR_NONE ? s.to : str_skip(s.to, colon + 1);
    batch_add(b, "recipient.places", "sss", s.to, s.platform, s.name);
    batch_add(b, "recipient.people", "");
    TRY(store_query(g->store, b));
    s.places = batch_rows(b, 0);
    s.people = batch_rows(b, 1);
    enum err e = find_place(&s, out);

    if (e)
        e = find_person(&s, out);
    return e == ERR_NOT_FOUND ? unknown(&s) : e;
}

/* Names are looked up where the platform can; what it says no to is told with what it takes. */
static enum err resolve(struct arena *a, const struct channel *c, str name, str *ret_chat_id) AWAITS
{
    enum err e = c->resolve ? c->resolve(a, name, ret_chat_id) : OK;

    if (e != ERR_NOT_FOUND)
        return e;
    const char *why = arena_printf(a, "%s", failed_text());

    return failed(e, "%s; it takes %s", why, c->addresses);
}

static enum err find_at_platform(struct arena *a, str to, struct recipient *out) AWAITS
{
    size_t colon = str_find_char(to, ':');
    const struct channel *c = colon == STR_NONE ? NULL : channel_find(str_take(to, colon));
    str name = colon == STR_NONE ? S("") : str_skip(to, colon + 1);

    if (!c || name.len == 0)
        return failed(ERR_NOT_FOUND, "there is no chat or person \"%.*s\": say PLATFORM:CHAT, a person's name, or a conversation's id",
                      STR(str_take(to, 60)));
    if (!c->configured())
        return failed(ERR_NOT_FOUND, "%s is not configured: clawdbot channels add %s", c->title, c->name);
    *out = (struct recipient){ .platform = str_from(c->name), .chat_id = name };
    return resolve(a, c, name, &out->chat_id);
}

enum err recipient_find_any(struct gateway *g, struct arena *a, str to, struct recipient *out)
{
    struct tool_context cx = { .arena = a, .person = { S("owner"), S("owner") }, .session_id = S(""), .platform = S(""),
                               .chat_id = S(""), .user = S(""), .call_id = S(""), .taint = S("") };
    enum err e = recipient_find(g, &cx, to, out);

    return e == ERR_NOT_FOUND ? find_at_platform(a, str_trim(to), out) : e;
}
