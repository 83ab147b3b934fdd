// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_assistant.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "domain/message.h"
#include "gateway/approval_text.h"
#include "gateway/await_reply.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "store/blobs.h"

static const char platform[] = "openai";

struct conversation {
    struct v1_output  out;
    struct awaited    wait;
    struct received   received;
    struct buf        round;        /* what was streamed since the last tool ran */
    bool              spoke;        /* anything was streamed at all */
    str               before;       /* what goes before the answer; "" */
};

static void conversation_done(struct conversation *c)
{
    awaited_done(&c->wait);
    v1_output_done(&c->out);
    buf_done(&c->round);
}

bool v1_is_assistant(str model, str *ret_agent)
{
    str rest = model;

    *ret_agent = S("");
    if (model.len == 0 || str_eq(model, S("clawdbot")))
        return true;
    if (!str_eat(&rest, S("clawdbot/")) || rest.len == 0)
        return false;
    *ret_agent = rest;
    return true;
}

/* ---- the message ---- */

static enum err store_image(struct request *q, const struct image *image, struct attachment *out) AWAITS
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    char hash[BLOB_HASH_SIZE];

    if (buf_add_unbase64(&bytes, image->base64))
        return failed_in(ERR_INPUT, "an image: ");
    TRY(buf_check(&bytes, "an image"));
    TRY(blobs_put(q->gateway->blobs, buf_str(&bytes), image->mime, S(""), 0, hash));
    *out = (struct attachment){ .type = S("image"), .mime = image->mime, .size = (int64_t)bytes.len,
                                .blob = arena_str(q->arena, str_from(hash)) };
    return OK;
}

static void drop_json(void *j)
{
    json_decref(j);
}

/* What was said before, as somebody quotes it: the session, where there is one, knows better. */
static const json_t *quoted(const struct v1_request *r)
{
    size_t n = r->messages.n - 1, first = n > MESSAGE_PREV_MAX ? n - MESSAGE_PREV_MAX : 0;
    json_t *list = json_array();

    for (size_t i = first; i < n; i++) {
        const struct chat_message *m = &r->messages.messages[i];

        json_array_append_new(list, json_pack("{s:{s:s}, s:{s:o}}", "sender", "user_id", role_name(m->role), "content", "text",
                                              json_from_str(m->text)));
    }
    arena_on_free(r->arena, drop_json, list);
    return list;
}

static enum err make_message(struct request *q, struct v1_request *r, struct message *out) AWAITS
{
    const struct chat_message *last = &r->messages.messages[r->messages.n - 1];
    str key = http_exchange_field(q->http, S("idempotency-key"));

    if (last->role != ROLE_USER || (str_trim(last->text).len == 0 && last->n_images == 0)) {
        r->param = "messages";
        return failed(ERR_INPUT, "the last message must be the user's, and say something: the assistant answers that one");
    }
    if (r->format_param) {
        r->param = r->format_param;
        return failed(ERR_INPUT, "'%s': the assistant answers people, in Markdown; ask a model by its name, such as main", r->param);
    }
    if (key.len > MESSAGE_ID_MAX || !utf8_valid(key))
        return failed(ERR_INPUT, "Idempotency-Key is at most %d bytes of UTF-8", MESSAGE_ID_MAX);
    struct attachment *images = arena_alloc(q->arena, (last->n_images + 1) * sizeof *images);

    for (size_t i = 0; i < last->n_images; i++)
        TRY(store_image(q, &last->images[i], &images[i]));
    *out = (struct message){ .text = last->text, .external_id = key, .attachments = images, .n_attachments = last->n_images };
    return OK;
}

/* An answer's id says where its conversation goes on: the session's uuid without its dashes, and the message. */
static void set_id(struct conversation *c)
{
    struct v1_answer *x = &c->out.answer;
    CLEANUP(buf_done) struct buf b = { 0 };
    str part;

    buf_add(&b, str_from(c->out.dialect->id_prefix));
    for (str rest = c->received.session_id; str_split(&rest, '-', &part); )
        buf_add(&b, part);
    buf_addf(&b, "%012" PRIx64, (uint64_t)c->received.inbox_id);
    x->id = arena_str(x->arena, buf_str(&b));
}

static enum err session_of(struct v1_request *r, str *ret_uuid)
{
    str id = r->previous;

    if (str_eat(&id, S("resp_")) && id.len > 32) {
        str uuid = str_from(arena_printf(r->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", id.p, id.p + 8, id.p + 12, id.p + 16, id.p + 20));

        if (uuid_valid(uuid)) {
            *ret_uuid = uuid;
            return OK;
        }
    }
    r->param = "previous_response_id";
    return failed(ERR_NOT_FOUND, "'previous_response_id' is no answer of the assistant's");
}

/* The header goes before the body's `user`; neither: a conversation of its own for this request. */
static enum err store_message(struct request *q, struct v1_request *r, str agent, struct received *out) AWAITS
{
    str name = http_exchange_field(q->http, S("x-clawdbot-session"));
    struct message m;

    TRY(make_message(q, r, &m));
    m.agent = agent;
    if (name.len == 0 && r->previous.len)
        TRY(session_of(r, &name));
    if (uuid_valid(name)) {
        m.session_id = name;
        return submit(q->gateway, q->arena, platform, &m, out);
    }
    if (name.len == 0)
        name = r->user;
    if (name.len > MESSAGE_ID_MAX || !utf8_valid(name))
        return failed(ERR_INPUT, "the name of a conversation is at most %d bytes of UTF-8", MESSAGE_ID_MAX);
    if (name.len)
        return submit_named(q->gateway, q->arena, platform, name, &m, out);
    m.prev_messages = quoted(r);
    return submit(q->gateway, q->arena, platform, &m, out);
}

/* ---- the answer ---- */

static void say(struct conversation *c, str text)
{
    if (text.len == 0)
        return;
    if (c->spoke && c->round.len == 0)
        v1_output_piece(&c->out, V1_TEXT, S("\n\n"));
    buf_add(&c->round, text);
    v1_output_piece(&c->out, V1_TEXT, text);
    c->spoke = true;
}

static enum err on_event(void *arg, const struct bus_event *e) AWAITS
{
    struct conversation *c = arg;
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (strcmp(e->name, "tool") == 0)
        buf_clear(&c->round);
    if (strcmp(e->name, "delta") || !c->out.answer.request->stream)
        return OK;
    TRY(json_parse(e->json, &j));
    say(c, json_text_str(j, "text"));
    return OK;
}

static enum err wait_for_news(void *arg, struct waiters *news) AWAITS
{
    struct conversation *c = arg;

    return v1_output_wait(&c->out, news);
}

static str words_of(struct conversation *c)
{
    CLEANUP(json_decrefp) json_t *question = NULL;
    struct arena *a = c->out.request->arena;
    const json_t *from = json_array_get(c->wait.replies, 0);

    if (c->wait.question.len && json_parse(c->wait.question, &question) == OK)
        from = question;
    return arena_str(a, json_text_str(from, "text"));
}

static enum err usage_of(struct conversation *c, struct usage *out) AWAITS
{
    struct request *q = c->out.request;
    struct rows r;

    TRY(store_read(q->gateway->store, q->arena, &r, "turn.usage", "i", c->wait.received->inbox_id));
    *out = (struct usage){ .input = row_int(&r, 0, 0), .output = row_int(&r, 0, 1), .cached = row_int(&r, 0, 2),
                           .reasoning = row_int(&r, 0, 3) };
    return OK;
}

/* What was streamed is the words of the last round, or their beginning; all else (a command's answer) comes now. */
static enum err finish(struct conversation *c) AWAITS
{
    struct reply reply = { .text = words_of(c), .stop = STOP_END };
    str rest = reply.text;

    if (str_eq(c->wait.state, S("failed")) && c->wait.question.len == 0) {
        struct v1_problem p = v1_problem_of(ERR_BUG, reply.text);

        p.code = "turn_failed";
        p.is_final = true;      /* again would be another message */
        return v1_output_fail(&c->out, &p);
    }
    TRY(usage_of(c, &reply.usage));
    if (!str_eat(&rest, buf_str(&c->round)))
        buf_clear(&c->round);
    say(c, rest);
    if (c->before.len)
        reply.text = str_from(arena_printf(c->out.answer.arena, "%.*s\n\n%.*s", STR(c->before), STR(reply.text)));
    return v1_output_end(&c->out, &reply);
}

/* The message was an answer to a question: the turn that asked goes on, unless it asks for more. */
static enum err go_on(struct conversation *c, str said) AWAITS
{
    struct request *q = c->out.request;
    struct approval_answer answer;
    struct rows r;

    if (c->wait.answered == 0 || !approval_parse(said, &answer))
        return OK;
    TRY(store_read(q->gateway->store, q->arena, &r, "approval.open_of", "i", c->wait.answered));
    if (row_int(&r, 0, 0))
        return OK;
    c->before = words_of(c);
    say(c, c->before);
    buf_clear(&c->round);
    return await_asked(&c->wait);
}

enum err v1_assistant(struct request *q, const struct v1_dialect *d, struct v1_request *r, str agent)
{
    CLEANUP(conversation_done) struct conversation c = { .round.max = SIZE_MAX / 2 };

    v1_output_init(&c.out, q, d, r);
    TRY(store_message(q, r, agent, &c.received));
    c.wait = (struct awaited){ .gateway = q->gateway, .arena = q->arena, .received = &c.received, .wants_question = true,
                               .wait = wait_for_news, .on_event = on_event, .arg = &c };
    awaited_begin(&c.wait);
    set_id(&c);
    http_add_field(q->http, S("X-Clawdbot-Session"), c.received.session_id);
    enum err e = await_reply(&c.wait);

    if (e == OK)
        e = go_on(&c, r->messages.messages[r->messages.n - 1].text);
    if (e == OK)
        return finish(&c);
    if (e == ERR_NET)       /* the client has gone; the turn goes on */
        return e;
    struct v1_problem p = v1_problem_of(e, arena_str(q->arena, str_from(failed_text())));

    return v1_output_fail(&c.out, &p);
}
