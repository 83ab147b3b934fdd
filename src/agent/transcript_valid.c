// SPDX-License-Identifier: Apache-2.0
#include "agent/transcript_valid.h"

#include <string.h>

#include "base/map.h"
#include "base/utf8.h"
#include "domain/provider.h"

enum { NAME_MAX_LEN = 64, SHOWN_MAX = 500 };

struct mending {
    const struct transcript *in;
    struct transcript *out;
    unsigned   caps;
    bool      *placed;      /* of in's messages: results that are behind their call */
    struct map ids;         /* those given to calls; the value counts how often the like was wanted */
};

static struct chat_message *last_of(const struct transcript *t)
{
    return t->n ? &t->messages[t->n - 1] : NULL;
}

static str joined(struct arena *a, str one, str two)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    if (one.len == 0 || two.len == 0)
        return one.len ? one : two;
    buf_add(&b, one);
    buf_add(&b, S("\n\n"));
    buf_add(&b, two);
    return arena_str(a, buf_str(&b));
}

static bool is_blank(str s)
{
    return str_trim(s).len == 0;
}

/* ---- names ---- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A name of a shape that all take; what is too long keeps its difference in a hash. */
static str fit_name(struct arena *a, str name, const char *otherwise)
{
    static const uint64_t key[2] = { 0, 0 };        /* the same in every process */
    bool fits = name.len > 0 && name.len <= NAME_MAX_LEN;

    for (size_t i = 0; fits && i < name.len; i++)
        fits = is_name_char(name.p[i]);
    if (fits)
        return name;
    if (name.len == 0)
        return str_from(otherwise);
    char *fit = arena_c(a, str_take(name, NAME_MAX_LEN));

    for (char *c = fit; *c; c++)
        *c = is_name_char(*c) ? *c : '_';
    for (size_t i = strlen(fit); i < name.len && i < NAME_MAX_LEN; i++)     /* behind a NUL */
        fit[i] = '_';
    if (name.len > NAME_MAX_LEN)
        snprintf(fit + NAME_MAX_LEN - 17, 18, "_%016llx", (unsigned long long)str_hash_keyed(name, key));
    return str_from(fit);
}

static str new_id(struct mending *m, str wanted)
{
    struct arena *a = m->out->arena;
    str fit = fit_name(a, wanted, "call"), id = fit;
    uintptr_t n = (uintptr_t)map_get(&m->ids, fit);

    while (map_get(&m->ids, id))
        id = str_from(arena_printf(a, "%.*s_%zu", STR(str_take(fit, NAME_MAX_LEN - 12)), (size_t)++n));
    map_put(&m->ids, fit, (void *)(n ? n : 1));
    if (!str_eq(id, fit))
        map_put(&m->ids, id, (void *)1);
    return id;
}

/* ---- what the user says ---- */

static bool is_taken(str mime)
{
    static const char *const kinds[] = { "image/png", "image/jpeg", "image/webp", "image/gif" };

    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq_nocase(mime, str_from(kinds[i])))
            return true;
    return false;
}

static void mend_images(struct mending *m, struct chat_message *c)
{
    struct arena *a = m->out->arena;
    struct image *kept = arena_alloc(a, c->n_images * sizeof *kept);
    size_t n = 0;

    for (size_t i = 0; i < c->n_images; i++) {
        str mime = c->images[i].mime;

        if ((m->caps & CAP_VISION) && is_taken(mime) && c->images[i].base64.len)
            kept[n++] = c->images[i];
        else
            c->text = joined(a, c->text, str_from(arena_printf(a, "[an image (%.*s) that cannot be shown to this model]",
                                                               STR(str_take(mime, 40)))));
    }
    c->images = kept;
    c->n_images = n;
}

static void merge_user(struct arena *a, struct chat_message *into, const struct chat_message *m)
{
    into->text = joined(a, into->text, m->text);
    into->taint = m->taint.len ? m->taint : into->taint;
    if (m->n_images == 0)
        return;
    struct image *all = arena_alloc(a, (into->n_images + m->n_images) * sizeof *all);

    if (into->n_images)
        memcpy(all, into->images, into->n_images * sizeof *all);
    memcpy(all + into->n_images, m->images, m->n_images * sizeof *all);
    into->images = all;
    into->n_images += m->n_images;
}

static void add_user(struct mending *m, struct chat_message c)
{
    struct chat_message *last = last_of(m->out);

    c = (struct chat_message){ .role = ROLE_USER, .text = c.text, .images = c.images, .n_images = c.n_images, .taint = c.taint };
    if (c.n_images)
        mend_images(m, &c);
    if (is_blank(c.text))
        c.text = c.n_images ? S("") : S("(no words)");
    if (last && last->role == ROLE_USER)
        merge_user(m->out->arena, last, &c);
    else
        transcript_add(m->out, c);
}

static void add_system(struct mending *m, const struct chat_message *c)
{
    struct chat_message *last = last_of(m->out);

    if (is_blank(c->text))
        return;
    if (last == NULL)
        transcript_add(m->out, (struct chat_message){ .role = ROLE_SYSTEM, .text = c->text, .taint = c->taint });
    else if (last->role == ROLE_SYSTEM)
        last->text = joined(m->out->arena, last->text, c->text);
    else
        add_user(m, *c);
}

/* ---- what the model says, and what came of it ---- */

static str object_of(struct arena *a, str arguments)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(arguments, &j) == OK && json_is_object(j))
        return arguments;
    if (is_blank(arguments))
        return S("{}");
    CLEANUP(json_decrefp) json_t *o = json_object();

    json_object_set_new(o, "not_json", json_from_str(utf8_take(arguments, SHOWN_MAX)));
    return json_print(a, o);
}

static const struct tool_call *mend_calls(struct mending *m, const struct chat_message *c)
{
    struct arena *a = m->out->arena;
    struct tool_call *calls = arena_alloc(a, c->n_calls * sizeof *calls);

    for (size_t i = 0; i < c->n_calls; i++)
        calls[i] = (struct tool_call){ new_id(m, c->calls[i].id), fit_name(a, c->calls[i].name, "unnamed"),
                                       object_of(a, c->calls[i].arguments) };
    return calls;
}

static bool is_result_of(const struct mending *m, size_t i, str id)
{
    return m->in->messages[i].role == ROLE_TOOL && !m->placed[i] && str_eq(m->in->messages[i].call_id, id);
}

static bool asks_for(const struct chat_message *c, str id)
{
    for (size_t i = 0; i < c->n_calls; i++)
        if (str_eq(c->calls[i].id, id))
            return true;
    return false;
}

/* Behind the call, as far as no other call has this id; else before it. */
static const struct chat_message *take_result(struct mending *m, size_t reply, str id)
{
    const struct transcript *in = m->in;
    size_t i = reply + 1;

    while (i < in->n && !is_result_of(m, i, id) && !asks_for(&in->messages[i], id))
        i++;
    if (i == in->n || !is_result_of(m, i, id))
        for (i = 0; i < reply && !is_result_of(m, i, id); i++)
            continue;
    if (!is_result_of(m, i, id))
        return NULL;
    m->placed[i] = true;
    return &in->messages[i];
}

static void add_results(struct mending *m, size_t reply, const struct tool_call *calls)
{
    const struct chat_message *said = &m->in->messages[reply];

    for (size_t i = 0; i < said->n_calls; i++) {
        const struct chat_message *r = take_result(m, reply, said->calls[i].id);
        str text = r ? r->text : S("(the result of this call was not recorded)");

        transcript_result(m->out, calls[i].id, is_blank(text) ? S("(nothing)") : text, r ? r->taint : NO_STR);
    }
}

/* For a model without tools. */
static str calls_as_text(struct mending *m, const struct chat_message *c)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    buf_add(&b, c->text);
    for (size_t i = 0; i < c->n_calls; i++)
        buf_addf(&b, "%s[called the tool %.*s with %.*s]", b.len ? "\n" : "", STR(str_take(c->calls[i].name, NAME_MAX_LEN)),
                 STR(c->calls[i].arguments));
    return arena_str(m->out->arena, buf_str(&b));
}

static void add_results_as_text(struct mending *m, size_t reply)
{
    const struct chat_message *said = &m->in->messages[reply];

    for (size_t i = 0; i < said->n_calls; i++) {
        const struct chat_message *r = take_result(m, reply, said->calls[i].id);

        CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

        if (r == NULL)
            continue;
        buf_addf(&b, "[result of the tool %.*s]\n", STR(str_take(said->calls[i].name, NAME_MAX_LEN)));
        buf_add(&b, r->text);
        add_user(m, (struct chat_message){ .text = arena_str(m->out->arena, buf_str(&b)), .taint = r->taint });
    }
}

/* The later one's thoughts stay: they belong to its calls. */
static void merge_reply(struct arena *a, struct chat_message *into, const struct chat_message *m)
{
    struct chat_message both = *m;

    both.text = joined(a, into->text, m->text);
    both.taint = m->taint.len ? m->taint : into->taint;
    *into = both;
}

static void add_reply(struct mending *m, size_t i)
{
    struct chat_message c = m->in->messages[i];
    bool as_text = c.n_calls && !(m->caps & CAP_TOOLS);

    c = (struct chat_message){ .role = ROLE_ASSISTANT, .text = as_text ? calls_as_text(m, &c) : c.text,
                               .calls = as_text ? NULL : mend_calls(m, &c), .n_calls = as_text ? 0 : c.n_calls,
                               .reasoning = c.reasoning, .kept = as_text ? NO_STR : c.kept, .taint = c.taint };
    if (is_blank(c.text) && c.n_calls == 0)
        return;
    if (is_blank(c.text))
        c.text = S("");
    if (last_of(m->out) == NULL || last_of(m->out)->role == ROLE_SYSTEM)
        add_user(m, (struct chat_message){ 0 });
    if (last_of(m->out)->role == ROLE_ASSISTANT)
        merge_reply(m->out->arena, last_of(m->out), &c);
    else
        transcript_add(m->out, c);
    if (as_text)
        add_results_as_text(m, i);
    else
        add_results(m, i, c.calls);
}

void transcript_make_valid(const struct transcript *in, unsigned caps, struct transcript *out)
{
    struct mending m = { .in = in, .out = out, .caps = caps, .placed = arena_alloc(out->arena, in->n + 1) };

    *out = (struct transcript){ .arena = out->arena };
    for (size_t i = 0; i < in->n; i++)
        switch (in->messages[i].role) {
        case ROLE_SYSTEM:
            add_system(&m, &in->messages[i]);
            break;
        case ROLE_USER:
            add_user(&m, in->messages[i]);
            break;
        case ROLE_ASSISTANT:
            add_reply(&m, i);
            break;
        case ROLE_TOOL:         /* goes behind its call */
            break;
        }
    if (last_of(out) == NULL || last_of(out)->role == ROLE_SYSTEM || last_of(out)->role == ROLE_ASSISTANT)
        add_user(&m, (struct chat_message){ 0 });
    map_done(&m.ids);
}
