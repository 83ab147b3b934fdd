// SPDX-License-Identifier: Apache-2.0
/* A request under /v1 is refused by the name of a parameter, or is a prompt that keeps what prompts promise; and what is answered to
 * it, whole and as a stream, is JSON.  The first byte chooses the dialect; there is a fourth for embeddings. */
#include <assert.h>
#include <string.h>

#include "gateway/v1_vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(str text)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    assert(json_parse(text, &j) == OK);
}

static void check_message(const struct chat_message *m)
{
    assert(m->role != ROLE_TOOL || m->call_id.len);
    assert(m->role == ROLE_USER || m->n_images == 0);
    assert(m->role == ROLE_ASSISTANT || m->n_calls == 0);
    for (size_t i = 0; i < m->n_calls; i++)
        assert(m->calls[i].id.len && m->calls[i].name.len);
    for (size_t i = 0; i < m->n_images; i++)
        assert(str_starts(m->images[i].mime, S("image/")));
}

static void check_prompt(const struct v1_request *r)
{
    const struct prompt *p = &r->prompt;

    for (size_t i = 0; i < r->messages.n; i++)
        check_message(&r->messages.messages[i]);
    for (size_t i = 0; i < p->n_tools; i++)
        check_json(str_from(p->tools[i]->schema));
    assert(p->max_tokens >= 0 && p->temperature <= 2 && p->top_p <= 1);
    assert(p->tool_choice != CHOOSE_NAMED || p->tool_named.len);
    if (p->schema.len)
        check_json(p->schema);
}

static void check_stream(str events)
{
    str line;

    while (str_split(&events, '\n', &line))
        if (str_eat(&line, S("data: ")) && !str_eq(line, S("[DONE]")))
            check_json(line);
}

/* Says back what it was told last, with the calls that it was told of. */
static void check_answers(const struct v1_dialect *d, const struct v1_request *r)
{
    CLEANUP(v1_answer_done) struct v1_answer whole = { .request = r, .arena = r->arena, .id = S("resp_1"), .model = r->model };
    CLEANUP(v1_answer_done) struct v1_answer piecewise = whole;
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    const struct chat_message *m = &r->messages.messages[r->messages.n - 1];
    struct reply reply = { .text = m->text, .reasoning = m->reasoning, .calls = m->calls, .n_calls = m->n_calls, .kept = m->kept };
    CLEANUP(json_decrefp) json_t *j = d->whole(&whole, &reply);

    assert(j);
    d->begin(&piecewise, &b);
    d->piece(&piecewise, &b, V1_REASONING, S("hm"));
    d->piece(&piecewise, &b, V1_TEXT, reply.text);
    d->end(&piecewise, &b, &reply);
    check_stream(buf_str(&b));
}

static void run_vectors(struct v1_request *r, const json_t *body)
{
    struct v1_vectors_wish w = { 0 };
    enum err e = v1_vectors_read(r, body, &w);

    assert(e == OK || (e == ERR_INPUT && r->param && strstr(failed_text(), r->param)));
    for (size_t i = 0; e == OK && i < w.n; i++)
        assert(w.texts[i].len);
    assert(e || (w.n && w.dimensions >= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct v1_dialect *const dialects[] = { &v1_chat, &v1_responses, &v1_messages };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *body = NULL;

    if (size == 0 || json_parse(str_of(data + 1, size - 1), &body) || !json_is_object(body))
        return 0;
    struct v1_request r = { .arena = a, .prompt.temperature = -1, .messages.arena = a, .body = body };

    if (data[0] % 4 == 3) {
        run_vectors(&r, body);
        return 0;
    }
    const struct v1_dialect *d = dialects[data[0] % 4];
    enum err e = d->read(&r, body);

    assert(e == OK || (e == ERR_INPUT && r.param && strstr(failed_text(), r.param)));
    if (e)
        return 0;
    check_prompt(&r);
    if (r.messages.n)
        check_answers(d, &r);
    return 0;
}
