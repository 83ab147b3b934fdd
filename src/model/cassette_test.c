// SPDX-License-Identifier: Apache-2.0
/* Providers are tested by cassettes, one folder a provider in tests/cassettes/, one exchange a file:
 *
 *   # the API documentation page it comes from
 *   ? the prompt, as JSON (may go on over several such lines); {"list": true} asks for the models' names instead, and
 *   ? {"embed": ["text", ...], "dimension": n} for vectors.  "quirks" are named as in quirks.def
 *   > POST /path            what we must send: the line, fields, then the body as JSON, compared as JSON
 *   ! 429                   the status, if it is not 200
 *   < data: {...}           the answer, line by line; it is replayed cut at every place
 *   = {...}                 the reply as the journal has it ("call_?" for an id that was made up); or "= network: the text of the error"
 */
#include "base/test.h"

#include <glob.h>
#include <stdlib.h>

#include "base/random.h"
#include "domain/tool.h"
#include "model/fold.h"
#include "model/quirks.h"
#include "net/client.h"

#define PROVIDER(id) extern const struct provider provider_##id;
#include "model/providers.def"
#undef PROVIDER
#define PROVIDER(id) &provider_##id,
static const struct provider *const providers[] = {
#include "model/providers.def"
};
#undef PROVIDER

struct cassette { struct buf prompt, request, answer, want; json_t *asked; int status; };

static void cassette_done(struct cassette *c)
{
    buf_done(&c->prompt);
    buf_done(&c->request);
    buf_done(&c->answer);
    buf_done(&c->want);
    json_decref(c->asked);
}

static void take_line(struct cassette *c, str line)
{
    struct buf *to = line.p[0] == '?' ? &c->prompt : line.p[0] == '>' ? &c->request : line.p[0] == '<' ? &c->answer
                   : line.p[0] == '=' ? &c->want : NULL;
    str rest = str_skip(line, 1);

    str_eat(&rest, S(" "));
    if (line.p[0] == '!')
        c->status = atoi(rest.p);
    if (to) {
        buf_add(to, rest);
        buf_add_char(to, '\n');
    }
}

static void read_cassette(const char *path, struct cassette *c)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;

    CHECK(f != NULL);
    c->status = 200;
    for (ssize_t n; (n = getline(&line, &cap, f)) > 0; )
        take_line(c, str_of(line, (size_t)n - (line[n - 1] == '\n')));
    free(line);
    fclose(f);
    CHECK(c->prompt.len && c->request.len && c->answer.len && c->want.len);
    CHECK_OK(json_parse(buf_str(&c->prompt), &c->asked));
}

/* --- the prompt of a cassette --- */

static enum role role_named(str name)
{
    for (enum role r = ROLE_SYSTEM; r <= ROLE_TOOL; r++)
        if (str_eq(name, str_from(role_name(r))))
            return r;
    test_failed(__FILE__, __LINE__, "no role '%.*s'", STR(name));
}

static void take_calls(struct arena *a, const json_t *list, struct chat_message *m)
{
    struct tool_call *calls = arena_alloc(a, (json_array_size(list) + 1) * sizeof *calls);

    m->calls = calls;
    m->n_calls = json_array_size(list);
    for (size_t i = 0; i < m->n_calls; i++) {
        const json_t *call = json_array_get(list, i);

        calls[i] = (struct tool_call){ json_text_str(call, "id"), json_text_str(call, "name"), json_text_str(call, "arguments") };
    }
}

static void take_images(struct arena *a, const json_t *list, struct chat_message *m)
{
    struct image *images = arena_alloc(a, (json_array_size(list) + 1) * sizeof *images);

    m->images = images;
    m->n_images = json_array_size(list);
    for (size_t i = 0; i < m->n_images; i++)
        images[i] = (struct image){ json_text_str(json_array_get(list, i), "mime"), json_text_str(json_array_get(list, i), "base64") };
}

static void take_messages(struct arena *a, const json_t *list, struct prompt *p)
{
    struct chat_message *all = arena_alloc(a, (json_array_size(list) + 1) * sizeof *all);

    p->messages = all;
    p->n_messages = json_array_size(list);
    for (size_t i = 0; i < p->n_messages; i++) {
        const json_t *m = json_array_get(list, i);

        all[i] = (struct chat_message){ .role = role_named(json_text_str(m, "role")), .text = json_text_str(m, "text"),
                                        .call_id = json_text_str(m, "call_id"), .reasoning = json_text_str(m, "reasoning"),
                                        .kept = json_text_str(m, "kept") };
        take_calls(a, json_at(m, "calls"), &all[i]);
        take_images(a, json_at(m, "images"), &all[i]);
    }
}

static void take_tools(struct arena *a, const json_t *list, struct prompt *p)
{
    const struct tool **all = arena_alloc(a, (json_array_size(list) + 1) * sizeof *all);

    p->tools = all;
    p->n_tools = json_array_size(list);
    for (size_t i = 0; i < p->n_tools; i++) {
        const json_t *j = json_array_get(list, i);
        struct tool *t = ARENA_NEW(a, struct tool);

        t->name = json_text(j, "name");
        t->description = json_text(j, "description");
        t->schema = json_print(a, json_at(j, "schema")).p;
        all[i] = t;
    }
}

static const str *take_texts(struct arena *a, const json_t *list, size_t *ret_n)
{
    str *texts = arena_alloc(a, (json_array_size(list) + 1) * sizeof *texts);

    *ret_n = json_array_size(list);
    for (size_t i = 0; i < *ret_n; i++)
        texts[i] = json_strval(json_array_get(list, i));
    return texts;
}

static enum tool_choice choice_named(str name)
{
    static const char *const names[] = { "", "none", "required", "named" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq(name, str_from(names[i])))
            return (enum tool_choice)i;
    test_failed(__FILE__, __LINE__, "no tool_choice '%.*s'", STR(name));
}

static struct prompt take_prompt(struct arena *a, const json_t *j)
{
    struct prompt p = {
        .model = json_text_str(j, "model"), .max_tokens = json_int(j, "max_tokens", 0), .temperature = json_num(j, "temperature", -1),
        .top_p = json_num(j, "top_p", 0), .effort = json_text_str(j, "effort"), .conversation = json_text_str(j, "conversation"),
        .tool_choice = choice_named(json_text_str(j, "tool_choice")), .tool_named = json_text_str(j, "tool_named"),
        .one_call = json_flag(j, "one_call"), .schema_name = json_text_str(j, "schema_name"),
        .schema = json_at(j, "schema") ? json_print(a, json_at(j, "schema")) : NO_STR,
    };

    p.stops = take_texts(a, json_at(j, "stops"), &p.n_stops);
    take_messages(a, json_at(j, "messages"), &p);
    take_tools(a, json_at(j, "tools"), &p);
    return p;
}

static const char *text_or_null(const json_t *j, const char *key)
{
    return *json_text(j, key) ? json_text(j, key) : NULL;
}

static struct model_target take_target(const json_t *j)
{
    struct model_target t = { .endpoint = "http://h/v1", .api_key = json_text(j, "api_key"), .key_field = text_or_null(j, "key_field"),
                              .query = text_or_null(j, "query"), .max_output = json_int(j, "max_output", 0), .context = json_int(j, "context", 0),
                              .keep_alive = text_or_null(j, "keep_alive") };
    const json_t *name;
    size_t i;

    t.quirks = (unsigned)json_int(j, "quirks", 0);      /* bits, of APIs whose quirks have no names */
    json_array_foreach(json_at(j, "quirks"), i, name) {
        CHECK(quirk_named(json_strval(name)) != 0);
        t.quirks |= quirk_named(json_strval(name));
    }
    return t;
}

static enum err make_request(struct arena *a, const struct provider *p, const json_t *j, struct http_request *out)
{
    const struct model_target target = take_target(j);
    const struct prompt prompt = take_prompt(a, j);
    size_t n;
    const str *texts = take_texts(a, json_at(j, "embed"), &n);

    if (json_flag(j, "list"))
        return p->list_models(a, &target, out);
    if (n)
        return p->embed(a, &target, prompt.model, texts, n, (size_t)json_int(j, "dimension", 0), out);
    return p->request(a, &target, &prompt, out);
}

static void check_request(struct arena *a, const struct provider *p, const struct cassette *c)
{
    CLEANUP(json_decrefp) json_t *want_body = NULL, *body = NULL;
    struct http_request rq;
    str rest = buf_str(&c->request), line;

    CHECK_OK(make_request(a, p, c->asked, &rq));
    CHECK(str_split(&rest, '\n', &line));
    CHECK_STR(line, arena_printf(a, "%s %s", rq.method ? rq.method : "GET", rq.url + strlen("http://h/v1")));
    for (size_t i = 0; i < rq.n_fields; i++) {
        CHECK(str_split(&rest, '\n', &line));
        CHECK_STR(line, arena_printf(a, "%.*s: %.*s", STR(rq.fields[i].name), STR(rq.fields[i].value)));
    }
    if (rq.body.len == 0) {
        CHECK_STR(str_trim(rest), "");
        return;
    }
    CHECK_OK(json_parse(rest, &want_body));
    CHECK_OK(json_parse(rq.body, &body));
    CHECK_STR(json_print(a, body), json_print(a, want_body).p);
}

/* --- the answer --- */

static void note(void *arg, str text)
{
    buf_add(arg, text);
}

static json_t *vectors_to_json(const struct embeddings *e)
{
    json_t *all = json_array();

    for (size_t i = 0; i < e->n; i++) {
        json_t *one = json_array();

        for (size_t k = 0; k < e->dimension; k++)
            json_array_append_new(one, json_real((double)e->values[i * e->dimension + k]));
        json_array_append_new(all, one);
    }
    return json_pack("{s:o, s:I}", "vectors", all, "tokens", (json_int_t)e->tokens);
}

/* The answer to a question that is answered in one piece. */
static enum err read_whole(struct arena *a, const struct provider *p, const struct cassette *c, json_t **out)
{
    struct embeddings e = {0};
    const char **names = NULL;
    size_t n = 0;

    if (json_at(c->asked, "embed")) {
        TRY(p->embedded(a, buf_str(&c->answer), &e));
        CHECK_INT(e.n, json_array_size(json_at(c->asked, "embed")));
        *out = vectors_to_json(&e);
        return OK;
    }
    TRY(p->listed(a, buf_str(&c->answer), &names, &n));
    *out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(*out, json_string(names[i]));
    return OK;
}

static enum err read_stream(struct arena *a, const struct provider *p, str answer, size_t cut, json_t **out)
{
    CLEANUP(buf_done) struct buf shown = {0};
    CLEANUP(completion_done) struct completion completion = { .arena = a, .on_delta = note, .arg = &shown };
    CLEANUP(fold_done) struct fold fold = { .provider = p, .completion = &completion };
    struct reply r;

    TRY(fold_feed(&fold, str_take(answer, cut)));
    TRY(fold_feed(&fold, str_skip(answer, cut)));
    TRY(fold_end(&fold, &r));
    CHECK(str_eq(buf_str(&shown), r.text));
    *out = reply_to_json(&r);
    return OK;
}

static bool is_whole(const struct cassette *c)
{
    return json_at(c->asked, "embed") || json_flag(c->asked, "list");
}

static enum err replay(struct arena *a, const struct provider *p, const struct cassette *c, size_t cut, json_t **out)
{
    if (c->status != 200)
        return p->refused(c->status, buf_str(&c->answer));
    return is_whole(c) ? read_whole(a, p, c, out) : read_stream(a, p, buf_str(&c->answer), cut, out);
}

/* An id that the API did not give is made up, and so no two runs have the same: "call_?". */
static void hide_made_up_ids(json_t *reply)
{
    json_t *call;
    size_t i;

    json_array_foreach(json_at(reply, "calls"), i, call) {
        str id = json_text_str(call, "id");

        if (id.len == strlen("call_") + UUID_SIZE - 1 && str_starts(id, S("call_")))
            json_object_set_new(call, "id", json_string("call_?"));
    }
}

static void check_answer(struct arena *a, const struct provider *p, const struct cassette *c, size_t cut)
{
    CLEANUP(json_decrefp) json_t *want = NULL, *got = NULL;
    str want_text = str_trim(buf_str(&c->want));
    enum err e = replay(a, p, c, cut, &got);

    if (e) {
        CHECK_STR(want_text, arena_printf(a, "%s: %s", err_name(e), failed_text()));
        return;
    }
    hide_made_up_ids(got);
    CHECK_OK(json_parse(want_text, &want));
    CHECK_STR(json_print(a, got), json_print(a, want).p);
}

static void play(const struct provider *p, const char *path)
{
    CLEANUP(cassette_done) struct cassette c = {0};

    read_cassette(path, &c);
    for (size_t cut = 0; cut <= (is_whole(&c) ? 0 : c.answer.len); cut++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        if (cut == 0)
            check_request(a, p, &c);
        check_answer(a, p, &c, cut);
    }
}

TEST(providers_send_and_understand_what_their_cassettes_say)
{
    for (size_t i = 0; i < N_ELEMENTS(providers); i++) {
        char pattern[200];
        glob_t g;

        snprintf(pattern, sizeof pattern, "tests/cassettes/%s/*.txt", providers[i]->name);
        CHECK_INT(glob(pattern, 0, NULL, &g), 0);
        for (size_t k = 0; k < g.gl_pathc; k++) {
            print_message("%s\n", g.gl_pathv[k]);
            play(providers[i], g.gl_pathv[k]);
        }
        globfree(&g);
    }
}
