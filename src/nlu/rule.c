// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include "nlu/rule_internal.h"

/* What is looked at, made once a message. */
struct looking {
    struct arena *arena;
    const struct rule_facts *facts;
    struct normal normal;
    str     bare;               /* without marks at its ends */
    struct civil now;
};

static const char *const actions[] = { "reply", "plan", "agent", "forward" };

/* ---- one condition after the other; the text says why it does not hold ---- */

static bool is_mark(char c)
{
    return strchr(" .,!?;:~", c) != NULL && c != '\0';
}

static str without_marks(str s)
{
    while (s.len && is_mark(s.p[s.len - 1]))
        s.len--;
    while (s.len && is_mark(s.p[0]))
        s = str_skip(s, 1);
    return s;
}

static bool is_exact(const struct rule *r, const struct looking *l)
{
    for (size_t i = 0; i < r->exact.n; i++)
        if (str_eq(without_marks(r->exact.items[i]), l->bare))
            return true;
    return r->exact.n == 0;
}

/* Latin words are whole ones; Chinese has no ends of words. */
static bool has_word(str text, str word)
{
    for (size_t from = 0, at; word.len && (at = str_find(str_skip(text, from), word)) != STR_NONE; from += at + 1) {
        size_t place = from + at, end = place + word.len;
        bool opens = place == 0 || !isalnum((unsigned char)text.p[place - 1]) || (unsigned char)word.p[0] >= 0x80;
        bool ends = end == text.len || !isalnum((unsigned char)text.p[end]) || (unsigned char)word.p[word.len - 1] >= 0x80;

        if (opens && ends)
            return true;
    }
    return false;
}

static size_t count_words(const struct words_list *w, str text)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += has_word(text, w->items[i]);
    return n;
}

static bool has_keywords(const struct rule *r, const struct looking *l)
{
    str text = l->normal.text;

    return (r->any.n == 0 || count_words(&r->any, text)) && count_words(&r->all, text) == r->all.n && count_words(&r->none, text) == 0;
}

static bool is_in(const struct words_list *w, str word)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_eq_nocase(w->items[i], word))
            return true;
    return false;
}

static bool is_channel(const struct rule *r, const struct looking *l)
{
    const struct rule_facts *f = l->facts;

    return r->channels.n == 0 || is_in(&r->channels, f->platform)
           || is_in(&r->channels, str_from(arena_printf(l->arena, "%.*s:%.*s", STR(f->platform), STR(f->chat_id))));
}

static bool is_user(const struct rule *r, const struct looking *l)
{
    const struct rule_facts *f = l->facts;

    return r->users.n == 0 || (f->person.len && is_in(&r->users, f->person))
           || is_in(&r->users, str_from(arena_printf(l->arena, "role:%.*s", STR(f->role))));
}

static bool is_intent(const struct rule *r, const struct looking *l)
{
    const struct understanding *u = l->facts->heard;

    return r->intents.n == 0 || (u && u->sure && is_in(&r->intents, u->intent->name));
}

/* Past midnight a window belongs to the day on which it began. */
static bool is_hour(const struct rule *r, const struct looking *l)
{
    const struct rule_hours *h = &r->hours;
    int now = l->now.hour * 60 + l->now.minute, day = l->now.weekday;
    bool wraps = h->until < h->from, inside = wraps ? now >= h->from || now < h->until : now >= h->from && now < h->until;

    if (wraps && now < h->until)
        day = (day + 6) % 7;
    return !h->is_set || (inside && (h->days == 0 || (h->days & (1u << day))));
}

static bool is_state(const struct rule *r, const struct looking *l)
{
    const struct rule_state *s = &r->state;
    const struct rule_facts *f = l->facts;

    return (s->chat.len == 0 || str_eq(s->chat, S("private")) == f->is_private)
           && (s->language.len == 0 || str_eq(s->language, f->language))
           && (s->project.len == 0 || str_eq(s->project, f->project)) && (s->attachments < 0 || s->attachments == f->has_attachments)
           && (s->model < 0 || s->model == f->has_model);
}

static const struct { bool (*holds)(const struct rule *, const struct looking *); const char *why; } conditions[] = {
    { is_channel,   "it came by another channel" },
    { is_user,      "it is from somebody else" },
    { is_hour,      "it is another time" },
    { is_state,     "what `when` says does not hold" },
    { is_exact,     "the text is another one" },
    { has_keywords, "the keywords are not there, or one that may not be" },
    { is_intent,    "the command engine is not sure of that intent" },
};

/* NULL: it fires; the cheapest questions come first. */
static const char *why_not(const struct rule *r, const struct looking *l, json_t *values)
{
    bool limit = false;

    for (size_t i = 0; i < N_ELEMENTS(conditions); i++)
        if (!conditions[i].holds(r, l))
            return conditions[i].why;
    if (r->pattern == NULL)
        return NULL;
    if (l->normal.original.len > RULE_TEXT_MAX)
        return "the text is too long for a regular expression";
    if (rule_pattern_find(r->pattern, l->facts->text, values, &limit))
        return NULL;
    return limit ? "the regular expression took too long on this text" : "the regular expression does not fit";
}

static void look(struct arena *a, const struct rule_facts *f, struct looking *out)
{
    *out = (struct looking){ .arena = a, .facts = f };
    normal_make(a, str_take(f->text, RULE_TEXT_MAX), &out->normal);
    out->normal.original = f->text;
    out->bare = without_marks(out->normal.text);
    zone_civil(f->context->zone, f->context->now, &out->now);
}

/* ---- what fires ---- */

static void drop(void *j)
{
    json_decref(j);
}

static json_t *new_values(const struct looking *l)
{
    const struct rule_facts *f = l->facts;
    json_t *j = json_pack("{s:o, s:o, s:o, s:o}", "text", json_from_str(str_trim(f->text)), "user", json_from_str(f->person),
                          "channel", json_from_str(f->platform), "chat", json_from_str(f->chat_id));

    arena_on_free(l->arena, drop, j);
    return j;
}

/* {name}; what is no name of a value stays as it stands. */
static str fill_in(struct arena *a, str form, const json_t *values)
{
    CLEANUP(buf_done) struct buf b = { .max = 64 << 10 };

    while (form.len) {
        size_t open = str_find_char(form, '{'), end = open == STR_NONE ? STR_NONE : str_find_char(str_skip(form, open), '}');

        if (end == STR_NONE)
            break;
        str name = str_cut(form, open + 1, open + end);
        const json_t *v = json_object_getn(values, name.p, name.len);

        buf_add(&b, str_take(form, open));
        buf_add(&b, v ? json_strval(v) : str_cut(form, open, open + end + 1));
        form = str_skip(form, open + end + 1);
    }
    buf_add(&b, form);
    return arena_str(a, buf_str(&b));
}

static struct rule_hit hit_of(const struct looking *l, const struct rule *r, json_t *values)
{
    str text = r->text.len || r->action != RULE_FORWARD ? r->text : S("{text}");

    if (r->plan)
        arena_on_free(l->arena, drop, json_incref(r->plan));
    return (struct rule_hit){ .name = arena_str(l->arena, r->name), .action = r->action, .stops = r->stops,
                              .text = fill_in(l->arena, text, values), .to = fill_in(l->arena, r->to, values), .plan = r->plan,
                              .values = values };
}

size_t rules_match(struct arena *a, const struct rules *all, const struct rule_facts *f, struct rule_hit out[RULE_HITS_MAX])
{
    struct looking l;
    size_t n = 0;

    look(a, f, &l);
    for (size_t i = 0; i < all->n && n < RULE_HITS_MAX; i++) {
        json_t *values = new_values(&l);

        if (why_not(&all->rules[i], &l, values))
            continue;
        out[n++] = hit_of(&l, &all->rules[i], values);
        if (all->rules[i].stops)
            break;
    }
    return n;
}

/* ---- shown ---- */

json_t *rules_explain(struct arena *a, const struct rules *all, const struct rule_facts *f)
{
    json_t *out = json_array();
    bool stopped = false;
    struct looking l;

    look(a, f, &l);
    for (size_t i = 0; i < all->n; i++) {
        const struct rule *r = &all->rules[i];
        json_t *values = new_values(&l);
        const char *why = stopped ? "not asked: a rule before it stops" : why_not(r, &l, values);
        json_t *one = json_pack("{s:o, s:b, s:s}", "name", json_from_str(r->name), "fires", why == NULL, "why",
                                why ? why : r->stops ? "all it asks for is there; it stops" : "all it asks for is there; it goes on");

        if (why == NULL) {
            struct rule_hit h = hit_of(&l, r, values);

            json_object_set_new(one, "does", json_string(actions[r->action]));
            if (h.text.len)
                json_object_set_new(one, "text", json_from_str(h.text));
            if (h.to.len)
                json_object_set_new(one, "to", json_from_str(h.to));
            stopped = r->stops;
        }
        json_array_append_new(out, one);
    }
    return out;
}

json_t *rules_to_json(const struct rules *all)
{
    json_t *out = json_array();

    for (size_t i = 0; i < all->n; i++) {
        const struct rule *r = &all->rules[i];

        json_t *one = json_pack("{s:o, s:I, s:s, s:s}", "name", json_from_str(r->name), "priority", (json_int_t)r->priority,
                                "does", actions[r->action], "then", r->stops ? "stop" : "continue");

        if (r->plan && json_at(r->plan, "tool"))
            json_object_set(one, "tool", json_at(r->plan, "tool"));
        if (r->action == RULE_AGENT)
            json_object_set_new(one, "agent", json_from_str(r->to));
        json_array_append_new(out, one);
    }
    return out;
}
