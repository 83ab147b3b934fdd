// SPDX-License-Identifier: Apache-2.0
#include "gateway/test_v1.h"

#include "base/test.h"

static void drop_json(void *j)
{
    json_decref(j);
}

static enum err read(struct arena *a, const struct v1_dialect *d, const char *json, struct v1_request *r)
{
    json_t *body;

    *r = (struct v1_request){ .arena = a, .prompt.temperature = -1, .messages.arena = a };
    CHECK_OK(json_parse(str_from(json), &body));
    arena_on_free(a, drop_json, body);
    r->body = body;
    return d->read(r, body);
}

static void show_settings(struct buf *b, const struct v1_request *r)
{
    static const char *const choices[] = { "", " no-tools", " must-call", " must-call=" };
    const struct prompt *p = &r->prompt;
    const struct { const char *name; str value; } texts[] = {
        { "user", r->user }, { "previous", r->previous }, { "effort", p->effort }, { "schema", p->schema },
        { "schema-name", p->schema_name },
    };

    buf_addf(b, "%.*s%s%s", STR(r->model), r->stream ? " stream" : "", r->wants_usage ? " usage" : "");
    if (p->max_tokens)
        buf_addf(b, " max=%lld", (long long)p->max_tokens);
    if (p->temperature >= 0)
        buf_addf(b, " temperature=%g", p->temperature);
    if (p->top_p > 0)
        buf_addf(b, " top_p=%g", p->top_p);
    for (size_t i = 0; i < p->n_stops; i++)
        buf_addf(b, " stop=%.*s", STR(p->stops[i]));
    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        if (texts[i].value.len)
            buf_addf(b, " %s=%.*s", texts[i].name, STR(texts[i].value));
    buf_addf(b, "%s%.*s%s", choices[p->tool_choice], STR(p->tool_choice == CHOOSE_NAMED ? p->tool_named : S("")),
             p->one_call ? " one-call" : "");
    for (size_t i = 0; i < p->n_tools; i++)
        buf_addf(b, " <%s|%s|%s>", p->tools[i]->name, p->tools[i]->description, p->tools[i]->schema);
}

static void show_message(struct buf *b, const struct chat_message *m)
{
    buf_addf(b, " | %s%s%.*s: %.*s", role_name(m->role), m->call_id.len ? " " : "", STR(m->call_id), STR(m->text));
    for (size_t i = 0; i < m->n_images; i++)
        buf_addf(b, " [%.*s %.*s]", STR(m->images[i].mime), STR(m->images[i].base64));
    if (m->reasoning.len)
        buf_addf(b, " (%.*s)", STR(m->reasoning));
    for (size_t i = 0; i < m->n_calls; i++)
        buf_addf(b, " %.*s=%.*s%.*s", STR(m->calls[i].id), STR(m->calls[i].name), STR(m->calls[i].arguments));
    if (m->kept.len)
        buf_addf(b, " kept %.*s", STR(m->kept));
}

str test_v1_read(struct arena *a, const struct v1_dialect *d, const char *json)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct v1_request r;
    enum err e = read(a, d, json, &r);

    if (e) {
        CHECK_INT(e, ERR_INPUT);
        buf_addf(&b, "ERROR %s: %s", r.param ? r.param : "", failed_text());
        return arena_str(a, buf_str(&b));
    }
    show_settings(&b, &r);
    for (size_t i = 0; i < r.messages.n; i++)
        show_message(&b, &r.messages.messages[i]);
    return arena_str(a, buf_str(&b));
}

static void stream(const struct v1_dialect *d, struct v1_answer *x, struct buf *b, const struct reply *reply)
{
    size_t half = reply->text.len / 2;

    d->begin(x, b);
    if (reply->reasoning.len)
        d->piece(x, b, V1_REASONING, reply->reasoning);
    if (half)
        d->piece(x, b, V1_TEXT, str_take(reply->text, half));
    if (reply->text.len)
        d->piece(x, b, V1_TEXT, str_skip(reply->text, half));
    d->end(x, b, reply);
}

str test_v1_write(struct arena *a, const struct v1_dialect *d, const char *json, const struct reply *reply, enum test_v1_form form)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    CLEANUP(json_decrefp) json_t *whole = NULL;
    struct v1_request r;

    CHECK_OK(read(a, d, json, &r));
    CLEANUP(v1_answer_done) struct v1_answer x = { .request = &r, .arena = a, .model = r.model, .created = 1000,
                                                   .id = str_from(arena_printf(a, "%s1", d->id_prefix)) };

    if (form == TEST_V1_STREAM) {
        stream(d, &x, &b, reply);
        return arena_str(a, buf_str(&b));
    }
    whole = d->whole(&x, reply);
    return json_print(a, whole);
}
