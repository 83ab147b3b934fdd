// SPDX-License-Identifier: Apache-2.0
#include "nlu/bind.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "nlu/file_kind.h"
#include "nlu/unit.h"

/* Words of a text that belong to one slot. */
struct part { size_t start, end; };

struct binder {
    struct arena *arena;
    const struct nlu_context *context;
    const struct normal   *normal;
    const struct entities *entities;
    uint64_t taken;             /* of the entities, those that are a part of some slot */
};

static void drop(void *j)
{
    json_decref(j);
}

/* ---- entities ---- */

static const struct entity *entity_over(const struct binder *b, enum entity_type type, struct part p)
{
    const struct entity *best = NULL;
    size_t most = 0;

    for (size_t i = 0; i < b->entities->n; i++) {
        const struct entity *e = &b->entities->p[i];
        size_t from = e->start > p.start ? e->start : p.start, to = e->end < p.end ? e->end : p.end;

        if (e->type == type && to > from && to - from > most) {
            best = e;
            most = to - from;
        }
    }
    return best;
}

static str words_of(const struct binder *b, struct part p)
{
    const struct entity *quoted = entity_over(b, ENTITY_QUOTED, p), *code = entity_over(b, ENTITY_CODE, p);

    if (code && code->start <= p.start + 1 && code->end + 1 >= p.end)
        return code->text;
    if (quoted && quoted->start <= p.start + 1 && quoted->end + 1 >= p.end)
        return quoted->text;
    return str_trim(normal_original(b->normal, p.start, p.end));
}

/* ---- one type after the other ---- */

static json_t *as_text(const struct binder *b, struct part p)
{
    str text = words_of(b, p);

    return text.len ? json_from_str(text) : NULL;
}

static json_t *as_path(const struct binder *b, struct part p)
{
    const struct entity *e = entity_over(b, ENTITY_PATH, p), *glob = entity_over(b, ENTITY_GLOB, p);
    str path = e ? e->text : glob ? glob->text : words_of(b, p), project = b->context->project;

    if (path.len == 0)
        return NULL;
    if (!e && !glob && entity_is_project(path))     /* where none is set there is no folder of that name either */
        return project.len ? json_from_str(project) : NULL;
    if (project.len == 0 || path.p[0] == '/' || path.p[0] == '~' || str_eq(path, project))
        return json_from_str(path);
    if (str_eq(path, S(".")) || str_eq(path, S("./")))
        return json_from_str(project);
    (void)str_eat(&path, S("./"));
    return json_from_str(str_from(arena_printf(b->arena, "%.*s/%.*s", STR(project), STR(path))));
}

static json_t *as_glob(const struct binder *b, struct part p)
{
    const struct entity *glob = entity_over(b, ENTITY_GLOB, p);
    str words = glob ? glob->text : words_of(b, p), kind = file_kind_pattern(b->arena, words);

    if (words.len == 0)
        return NULL;
    if (kind.len || memchr(words.p, '*', words.len) || memchr(words.p, '?', words.len))
        return json_from_str(kind.len ? kind : words);
    if (memchr(words.p, '.', words.len))
        return json_from_str(words);
    return json_from_str(str_from(arena_printf(b->arena, "*%.*s*", STR(words))));
}

static json_t *as_named(const struct binder *b, struct part p, enum entity_type type)
{
    const struct entity *e = entity_over(b, type, p);

    return e ? json_from_str(e->text) : as_text(b, p);
}

static json_t *as_number(const struct binder *b, struct part p, enum entity_type type)
{
    const struct entity *e = entity_over(b, type, p);

    if (e == NULL || !isfinite(e->number) || fabs(e->number) > 1e15)
        return NULL;
    return json_integer((json_int_t)llround(e->number));
}

static json_t *as_quantity(const struct binder *b, struct part p)
{
    const struct entity *e = entity_over(b, ENTITY_QUANTITY, p);

    if (e == NULL)
        e = entity_over(b, ENTITY_SIZE, p);
    if (e == NULL || !isfinite(e->number))
        return NULL;
    str unit = e->type == ENTITY_SIZE ? S("B") : e->unit;

    return json_pack("{s:f, s:o}", "number", e->number, "unit", json_from_str(unit));
}

static json_t *as_unit(const struct binder *b, struct part p)
{
    str text = normal_original(b->normal, p.start, p.end);
    struct normal n;

    normal_make(b->arena, text, &n);
    const struct unit *u = unit_find(n.text);

    return u ? json_string(u->name) : NULL;
}

static json_t *as_language(const struct binder *b, struct part p)
{
    const struct entity *e = entity_over(b, ENTITY_LANGUAGE, p);

    return e ? json_from_str(e->text) : NULL;
}

static json_t *as_place(const struct binder *b, struct part p)
{
    const struct entity *e = entity_over(b, ENTITY_PLACE, p);

    if (e == NULL)
        return NULL;
    json_t *j = json_pack("{s:o}", "name", json_from_str(e->text));

    if (e->zone)
        json_object_set_new(j, "zone", json_string(e->zone));
    return j;
}

static json_t *as_mode(const struct binder *b, struct part p)
{
    static const struct { const char *word, *mode; } modes[] = {
        { "auto", "auto" }, { "自动", "auto" }, { "rule", "rules" }, { "规则", "rules" }, { "command", "rules" }, { "指令", "rules" },
        { "命令", "rules" }, { "model", "model" }, { "模型", "model" }, { "llm", "model" }, { "ai", "model" },
    };
    str text = str_cut(b->normal->text, p.start, p.end);

    for (size_t i = 0; i < N_ELEMENTS(modes); i++)
        if (str_find(text, str_from(modes[i].word)) != STR_NONE)
            return json_string(modes[i].mode);
    return NULL;
}

/* ---- time ---- */

/* Of several pieces of a sentence, read as if they stood together; else the entity there. */
static bool when_of(const struct binder *b, const struct part *p, size_t n, struct when *out)
{
    CLEANUP(buf_done) struct buf joined = { 0 };
    const struct entity *e = entity_over(b, ENTITY_WHEN, p[0]);
    size_t end;

    if (n == 1 && e) {
        *out = e->when;
        return true;
    }
    for (int order = 0; order < 2 && n > 1; order++) {      /* "at 9 … tomorrow" too */
        buf_clear(&joined);
        for (size_t i = 0; i < n; i++) {
            str piece = str_trim(str_cut(b->normal->text, p[order ? n - 1 - i : i].start, p[order ? n - 1 - i : i].end));

            buf_addf(&joined, "%s%.*s", i && (piece.p[0] & 0x80) == 0 ? " " : "", STR(piece));
        }
        if (when_read(buf_str(&joined), 0, b->context->now, b->context->zone, out, &end) && end + 2 >= joined.len)
            return true;
    }
    if (e)
        *out = e->when;
    return e != NULL;
}

static str stamp(const struct binder *b, int64_t ms)
{
    char text[TIME_TEXT_SIZE];

    return arena_str(b->arena, str_from(time_text(text, ms)));
}

/* A day, a part of one or a recurrence without a time of day has a usual one. */
static int64_t point_of(const struct binder *b, const struct when *w)
{
    if (w->kind == WHEN_LENGTH)
        return b->context->now + w->length;
    return w->typical ? w->typical : w->at;
}

/* What is over is no time to be reminded at. */
static json_t *as_time(const struct binder *b, const struct when *w)
{
    int64_t at = point_of(b, w);

    if (at <= b->context->now)
        return NULL;
    json_t *j = json_pack("{s:o}", "at", json_from_str(stamp(b, at)));

    if (w->kind == WHEN_REPEATS)
        json_object_set_new(j, "rule", json_string(w->rule));
    return j;
}

static json_t *as_duration(const struct when *w)
{
    char text[TIME_TEXT_SIZE];

    if (w->kind != WHEN_LENGTH || w->length <= 0)
        return NULL;
    return json_pack("{s:s, s:I}", "text", duration_text(text, (uint64_t)w->length), "seconds", (json_int_t)(w->length / 1000));
}

static json_t *as_date(const struct binder *b, const struct when *w)
{
    struct civil c;
    char text[16];

    if (w->kind == WHEN_LENGTH)
        return NULL;
    zone_civil(b->context->zone, w->at, &c);
    snprintf(text, sizeof text, "%04d-%02d-%02d", c.year % 10000, c.month % 100, c.day % 100);
    return json_pack("{s:s}", "date", text);
}

static json_t *as_period(const struct binder *b, const struct when *w)
{
    int64_t from = w->kind == WHEN_LENGTH ? b->context->now - w->length : w->at > b->context->now && w->earlier ? w->earlier : w->at;
    int64_t until = w->kind == WHEN_DAY || w->kind == WHEN_PERIOD ? w->until : b->context->now;
    struct civil c;
    char local[64];

    if (w->kind == WHEN_REPEATS || from > b->context->now)
        return NULL;
    zone_civil(b->context->zone, from, &c);
    snprintf(local, sizeof local, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
    return json_pack("{s:o, s:o, s:s, s:I}", "from", json_from_str(stamp(b, from)), "until", json_from_str(stamp(b, until)), "local", local,
                     "minutes", (json_int_t)((b->context->now - from) / 60000 + 1));
}

static json_t *as_when(const struct binder *b, str type, const struct part *p, size_t n)
{
    struct when w;

    if (!when_of(b, p, n, &w))
        return NULL;
    if (str_eq(type, S("time")))
        return as_time(b, &w);
    if (str_eq(type, S("duration")))
        return as_duration(&w);
    return str_eq(type, S("date")) ? as_date(b, &w) : as_period(b, &w);
}

/* ---- types ---- */

static json_t *as_host(const struct binder *b, struct part p) { return as_named(b, p, ENTITY_HOST); }
static json_t *as_service(const struct binder *b, struct part p) { return as_named(b, p, ENTITY_SERVICE); }
static json_t *as_person(const struct binder *b, struct part p) { return as_named(b, p, ENTITY_MENTION); }
static json_t *as_url(const struct binder *b, struct part p) { return as_named(b, p, ENTITY_URL); }
static json_t *as_size(const struct binder *b, struct part p) { return as_number(b, p, ENTITY_SIZE); }
static json_t *as_count(const struct binder *b, struct part p) { return as_number(b, p, ENTITY_NUMBER); }

enum { NO_ENTITY = ENTITY_TYPES };

/* `entity`: what fills such a slot though no word was tagged for it, when there is just one. */
static const struct type {
    const char *name;
    json_t    *(*read)(const struct binder *, struct part);     /* NULL: a time */
    int         entity, other;
} types[] = {
    { "text",       as_text,     ENTITY_QUOTED,   NO_ENTITY },
    { "name",       as_text,     ENTITY_QUOTED,   NO_ENTITY },
    { "person",     as_person,   ENTITY_MENTION,  NO_ENTITY },
    { "command",    as_text,     ENTITY_CODE,     ENTITY_QUOTED },
    { "expression", as_text,     ENTITY_CODE,     NO_ENTITY },
    { "process",    as_text,     ENTITY_SERVICE,  NO_ENTITY },
    { "path",       as_path,     ENTITY_PATH,     ENTITY_GLOB },
    { "glob",       as_glob,     ENTITY_GLOB,     NO_ENTITY },
    { "host",       as_host,     ENTITY_HOST,     NO_ENTITY },
    { "service",    as_service,  ENTITY_SERVICE,  NO_ENTITY },
    { "language",   as_language, ENTITY_LANGUAGE, NO_ENTITY },
    { "mode",       as_mode,     NO_ENTITY,       NO_ENTITY },
    { "number",     as_count,    NO_ENTITY,       NO_ENTITY },
    { "port",       as_count,    ENTITY_NUMBER,   NO_ENTITY },
    { "size",       as_size,     ENTITY_SIZE,     NO_ENTITY },
    { "quantity",   as_quantity, ENTITY_QUANTITY, ENTITY_SIZE },
    { "unit",       as_unit,     NO_ENTITY,       NO_ENTITY },
    { "place",      as_place,    ENTITY_PLACE,    NO_ENTITY },
    { "url",        as_url,      ENTITY_URL,      NO_ENTITY },
    { "time",       NULL,        ENTITY_WHEN,     NO_ENTITY },
    { "duration",   NULL,        ENTITY_WHEN,     NO_ENTITY },
    { "date",       NULL,        ENTITY_WHEN,     NO_ENTITY },
    { "period",     NULL,        ENTITY_WHEN,     NO_ENTITY },
};

static const struct type *type_of(const struct slot *s)
{
    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_eq(s->type, str_from(types[i].name)))
            return &types[i];
    return &types[0];
}

static json_t *read_parts(const struct binder *b, const struct slot *s, const struct part *p, size_t n)
{
    const struct type *t = type_of(s);

    return t->read ? t->read(b, p[0]) : as_when(b, s->type, p, n);
}

static void mark_taken(struct binder *b, struct part p)
{
    for (size_t i = 0; i < b->entities->n; i++)
        if (b->entities->p[i].start < p.end && b->entities->p[i].end > p.start)
            b->taken |= UINT64_C(1) << i;
}

static void add_value(struct binder *b, struct understanding *u, const struct slot *s, const struct part *p, size_t n)
{
    json_t *j = read_parts(b, s, p, n);

    if (j == NULL || u->n_slots == INTENT_SLOTS_MAX)
        return;
    arena_on_free(b->arena, drop, j);
    u->slots[u->n_slots++] = (struct slot_value){ s, normal_original(b->normal, p[0].start, p[n - 1].end), j };
    for (size_t i = 0; i < n; i++)
        mark_taken(b, p[i]);
}

/* Pieces of a text that only a word of no slot parts are one text; of other values the pieces stay apart. */
static size_t parts_of(const struct understanding *u, const struct slot *s, struct part out[CLASSIFY_TAGS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < u->classified.n_tags; i++)
        if (str_eq(u->classified.tags[i].slot, s->name))
            out[n++] = (struct part){ u->classified.tags[i].start, u->classified.tags[i].end };
    return n;
}

/* Words of a text may hold a path or a number of their own: those are not looked for a second home. */
static bool is_free(const struct binder *b, size_t i)
{
    return !(b->taken & (UINT64_C(1) << i));
}

static void add_untagged(struct binder *b, struct understanding *u, const struct slot *s)
{
    const struct type *t = type_of(s);
    size_t found = b->entities->n, n = 0;

    for (size_t i = 0; i < b->entities->n; i++)
        if (is_free(b, i) && ((int)b->entities->p[i].type == t->entity || (int)b->entities->p[i].type == t->other)) {
            found = i;
            n++;
        }
    if (n != 1)
        return;
    struct part p = { b->entities->p[found].start, b->entities->p[found].end };

    add_value(b, u, s, &p, 1);
}

static const struct slot_value *value_of(const struct understanding *u, const struct slot *s)
{
    for (size_t i = 0; i < u->n_slots; i++)
        if (u->slots[i].slot == s)
            return &u->slots[i];
    return NULL;
}

static struct binder binder_of(struct arena *a, const struct nlu_context *c, const struct understanding *u)
{
    return (struct binder){ .arena = a, .context = c, .normal = &u->normal, .entities = &u->entities };
}

/* Names, amounts and times reach as far as what was found there: the tags say which of them is meant. */

static bool is_named(int type)
{
    return type != ENTITY_QUOTED && type != ENTITY_CODE && type != NO_ENTITY;
}

static const struct entity *entity_of_slot(const struct binder *b, const struct slot *s, struct part p)
{
    const struct type *t = type_of(s);
    const struct entity *e = is_named(t->entity) ? entity_over(b, (enum entity_type)t->entity, p) : NULL;

    return e || !is_named(t->other) ? e : entity_over(b, (enum entity_type)t->other, p);
}

static bool is_alone(const struct understanding *u, size_t tag, const struct entity *e)
{
    const struct tagged *tags = u->classified.tags;

    for (size_t i = 0; i < u->classified.n_tags; i++)
        if (i != tag && (str_eq(tags[i].slot, tags[tag].slot) || (tags[i].start < e->end && tags[i].end > e->start)))
            return false;
    return true;
}

/* Words that tie a value to the sentence and are no part of it: the outer ones first. */
static const struct { const char *type; bool behind; const char *word; } ties[] = {
    { "path", false, "my " }, { "path", false, "our " }, { "path", false, "the " },
    { "path", true, " folder" }, { "path", true, " directory" }, { "path", true, "里" }, { "path", true, "文件夹" }, { "path", true, "目录" },
    { "period", false, "since " }, { "period", false, "from " }, { "period", false, "从" }, { "period", true, "起" },
};

static void without_ties(const struct understanding *u, const struct slot *s, struct tagged *tag)
{
    for (size_t i = 0; i < N_ELEMENTS(ties); i++) {
        str text = str_cut(u->normal.text, tag->start, tag->end), word = str_from(ties[i].word);

        if (!str_eq(s->type, str_from(ties[i].type)) || text.len <= word.len)
            continue;
        if (ties[i].behind && str_ends(text, word))
            tag->end -= (uint32_t)word.len;
        else if (!ties[i].behind && str_starts(text, word))
            tag->start += (uint32_t)word.len;
    }
}

static void reach_entities(const struct binder *b, struct understanding *u)
{
    for (size_t i = 0; i < u->classified.n_tags; i++) {
        struct tagged *tag = &u->classified.tags[i];
        const struct slot *s = intent_slot(u->intent, tag->slot);
        const struct entity *e = s ? entity_of_slot(b, s, (struct part){ tag->start, tag->end }) : NULL;

        if (e && is_alone(u, i, e)) {
            tag->start = e->start;
            tag->end = e->end;
        }
        if (s)
            without_ties(u, s, tag);
    }
}

void bind_slots(struct arena *a, const struct nlu_context *c, struct understanding *u)
{
    struct binder b = binder_of(a, c, u);
    struct part parts[CLASSIFY_TAGS_MAX];
    const struct intent *in = u->intent;

    u->n_slots = 0;
    u->missing = NULL;
    if (in)
        reach_entities(&b, u);
    for (size_t i = 0; in && i < in->n_slots; i++) {
        size_t n = parts_of(u, &in->slots[i], parts);

        if (n)
            add_value(&b, u, &in->slots[i], parts, n);
    }
    for (size_t i = 0; in && i < in->n_slots; i++)
        if (!value_of(u, &in->slots[i]))
            add_untagged(&b, u, &in->slots[i]);
    for (size_t i = 0; in && i < in->n_slots && u->missing == NULL; i++)
        if (in->slots[i].required && !value_of(u, &in->slots[i]))
            u->missing = &in->slots[i];
}

/* Those that change what a request means when they are passed over. */
static bool is_weighty(enum entity_type t)
{
    return t == ENTITY_URL || t == ENTITY_PATH || t == ENTITY_GLOB || t == ENTITY_HOST || t == ENTITY_WHEN || t == ENTITY_CODE
           || t == ENTITY_QUOTED || t == ENTITY_EMAIL || t == ENTITY_SIZE || t == ENTITY_SERVICE;
}

static bool is_in_slot(const struct understanding *u, const struct entity *e)
{
    for (size_t i = 0; i < u->classified.n_tags; i++)
        if (u->classified.tags[i].start < e->end && u->classified.tags[i].end > e->start)
            return true;
    for (size_t i = 0; i < u->n_slots; i++) {
        size_t at = (size_t)(u->slots[i].text.p - u->normal.original.p);

        if (at < u->normal.origin[e->end] && at + u->slots[i].text.len > u->normal.origin[e->start])
            return true;
    }
    return false;
}

bool bind_is_complete(const struct understanding *u)
{
    for (size_t i = 0; i < u->entities.n; i++)
        if (is_weighty(u->entities.p[i].type) && !is_in_slot(u, &u->entities.p[i]))
            return false;
    return true;
}

json_t *bind_answer(struct arena *a, const struct nlu_context *c, const struct slot *s, str answer, str *ret_text)
{
    struct understanding u = { 0 };
    struct part all;

    normal_make(a, str_trim(answer), &u.normal);
    entities_find(a, c, &u.normal, &u.entities);
    struct binder b = binder_of(a, c, &u);

    all = (struct part){ 0, u.normal.text.len };
    json_t *j = read_parts(&b, s, &all, 1);

    if (j)
        arena_on_free(a, drop, j);
    *ret_text = str_trim(answer);
    return j;
}
