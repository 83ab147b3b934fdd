// SPDX-License-Identifier: Apache-2.0
/* Providers are tested by cassettes, one folder a provider in tests/cassettes/, one exchange a file:
 *
 *   # the API documentation page it comes from
 *   ? the prompt, as JSON (may go on over several such lines)
 *   > POST /path            what we must send: the line, fields, then the body as JSON, compared as JSON
 *   ! 429                   the status, if it is not 200
 *   < data: {...}           the answer, line by line; it is replayed cut at every place
 *   = {...}                 the reply as the journal has it; or "= network: the text of the error"
 */
#include "base/test.h"

#include <glob.h>
#include <stdlib.h>

#include "domain/tool.h"
#include "model/fold.h"
#include "net/client.h"

#define PROVIDER(id) extern const struct provider provider_##id;
#include "model/providers.def"
#undef PROVIDER
#define PROVIDER(id) &provider_##id,
static const struct provider *const providers[] = {
#include "model/providers.def"
};
#undef PROVIDER

struct cassette { struct buf prompt, request, answer, want; int status; };

static void cassette_done(struct cassette *c)
{
    buf_done(&c->prompt);
    buf_done(&c->request);
    buf_done(&c->answer);
    buf_done(&c->want);
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
                                        .call_id = json_text_str(m, "call_id"), .reasoning = json_text_str(m, "reasoning") };
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

static void check_request(struct arena *a, const struct provider *p, const struct cassette *c)
{
    CLEANUP(json_decrefp) json_t *j = NULL, *want_body = NULL, *body = NULL;
    struct http_request rq;
    str rest = buf_str(&c->request), line;

    CHECK_OK(json_parse(buf_str(&c->prompt), &j));
    struct prompt prompt = { .model = json_text_str(j, "model"), .max_tokens = json_int(j, "max_tokens", 0),
                             .temperature = json_num(j, "temperature", -1) };
    struct model_target target = { .endpoint = "http://h/v1", .api_key = json_text(j, "api_key"),
                                   .quirks = (unsigned)json_int(j, "quirks", 0) };

    take_messages(a, json_at(j, "messages"), &prompt);
    take_tools(a, json_at(j, "tools"), &prompt);
    CHECK_OK(p->request(a, &target, &prompt, &rq));
    CHECK(str_split(&rest, '\n', &line));
    CHECK_STR(line, arena_printf(a, "%s %s", rq.method, rq.url + strlen("http://h/v1")));
    for (size_t i = 0; i < rq.n_fields; i++) {
        CHECK(str_split(&rest, '\n', &line));
        CHECK_STR(line, arena_printf(a, "%.*s: %.*s", STR(rq.fields[i].name), STR(rq.fields[i].value)));
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

static enum err replay(struct arena *a, const struct provider *p, const struct cassette *c, size_t cut, struct reply *out)
{
    CLEANUP(buf_done) struct buf shown = {0};
    CLEANUP(completion_done) struct completion completion = { .arena = a, .on_delta = note, .arg = &shown };
    CLEANUP(fold_done) struct fold fold = { .provider = p, .completion = &completion };
    str answer = buf_str(&c->answer);

    if (c->status != 200)
        return p->refused(c->status, answer);
    TRY(fold_feed(&fold, str_take(answer, cut)));
    TRY(fold_feed(&fold, str_skip(answer, cut)));
    TRY(fold_end(&fold, out));
    CHECK(str_eq(buf_str(&shown), out->text));
    return OK;
}

static void check_answer(struct arena *a, const struct provider *p, const struct cassette *c, size_t cut)
{
    CLEANUP(json_decrefp) json_t *want = NULL, *got = NULL;
    str want_text = str_trim(buf_str(&c->want));
    struct reply r;
    enum err e = replay(a, p, c, cut, &r);

    if (e) {
        CHECK_STR(want_text, arena_printf(a, "%s: %s", err_name(e), failed_text()));
        return;
    }
    got = reply_to_json(&r);
    CHECK_OK(json_parse(want_text, &want));
    CHECK_STR(json_print(a, got), json_print(a, want).p);
}

static void play(const struct provider *p, const char *path)
{
    CLEANUP(cassette_done) struct cassette c = {0};

    read_cassette(path, &c);
    for (size_t cut = 0; cut <= c.answer.len; cut++) {
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
