// SPDX-License-Identifier: Apache-2.0
#include "model/complete.h"

#include <string.h>
#include <time.h>

#include "model/api.h"
#include "model/fold.h"
#include "model/local_server.h"
#include "model/tokens.h"
#include "net/client.h"
#include "runtime/clock.h"
#include "runtime/failure.h"
#include "runtime/fiber.h"

enum {
    FIRST_TOKEN_MS = 120000, IDLE_MS = 60000, TRIES = 3,
    PAUSE_MS = 1000, PAUSE_MAX_MS = 60000,  /* longer than that is for the caller to wait */
    END_MS = 1000,                          /* from the last event to the end of the transfer */
    REFUSAL_MAX = 64 << 10,
    BYTES_A_TOKEN = 3,                      /* few letters: rather too many tokens */
    TRANSFER_MAX = 256 << 20,               /* events are mostly wrapping: far more than max_text */
};

struct attempt {
    struct model     *model;
    struct arena     *arena;
    struct prompt     prompt;
    struct completion_options options;
    struct completion completion;
    uint64_t          started_at, retry_after_ms;
    unsigned          quirks;               /* that the request was made for; another call may learn meanwhile */
    bool              again, at_once;       /* worth another try; with what was just learned, so without a pause */
    unsigned          n_empty;              /* answers that said nothing */
};

static void attempt_done(struct attempt *t)
{
    completion_done(&t->completion);
}

/* Reads under a limit of its own, and says whose limit it was that passed. */
static enum err read_within(struct http_stream *s, uint64_t ms, const char *what, str *ret_bytes) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    enum err e = http_read(s, ret_bytes);

    deadline_clear(&d);
    if (e == ERR_TIMEOUT && fiber_check() == OK)
        return failed(ERR_TIMEOUT, "%s for %.3g s", what, (double)ms / 1000);
    return e;
}

static enum err read_piece(struct attempt *t, struct http_stream *s, str *ret_bytes) AWAITS
{
    uint64_t waited = clock_ms() - t->started_at, first = t->options.first_token_ms;

    if (t->completion.finished)
        return read_within(s, END_MS, "no end", ret_bytes);
    if (completion_begun(&t->completion))
        return read_within(s, t->options.idle_ms, "silent in the middle of its answer", ret_bytes);
    enum err e = read_within(s, waited < first ? first - waited : 1, "silent", ret_bytes);

    if (e == ERR_TIMEOUT && fiber_check() == OK)
        return failed(ERR_TIMEOUT, "the model said nothing within %.3g s", (double)first / 1000);
    return e;
}

static enum err read_answer(struct attempt *t, struct http_stream *s, struct reply *out) AWAITS
{
    CLEANUP(fold_done) struct fold fold = { .provider = t->model->provider, .completion = &t->completion };
    str bytes;

    do {
        enum err e = read_piece(t, s, &bytes);

        /* The model is done; that the server does not end the transfer properly changes nothing. */
        if (e && t->completion.finished)
            break;
        TRY(e);
        TRY(fold_feed(&fold, bytes));
    } while (bytes.len);
    return fold_end(&fold, out);
}

static enum err refused(struct attempt *t, struct http_stream *s) AWAITS
{
    CLEANUP(buf_done) struct buf body = { .max = REFUSAL_MAX };
    const struct provider *p = t->model->provider;
    uint64_t ms;
    str bytes;

    do {        /* what does not fit is not needed to say what went wrong */
        if (read_within(s, t->options.idle_ms, "silent", &bytes) != OK)
            break;
        buf_add(&body, str_take(bytes, REFUSAL_MAX - body.len));
    } while (bytes.len && body.len < REFUSAL_MAX);
    TRY(fiber_check());
    unsigned found = p->quirks ? p->quirks(http_status(s), buf_str(&body)) : 0;

    t->model->target.quirks |= found;
    t->at_once = (found & ~t->quirks) != 0;
    if (str_u64(http_field(s, S("retry-after-ms")), &ms) == OK)
        t->retry_after_ms = ms;
    else
        t->retry_after_ms = http_retry_after_ms(http_field(s, S("Retry-After")), clock_wall_ms());
    if (t->retry_after_ms == UINT64_MAX)
        t->retry_after_ms = api_retry_delay_ms(buf_str(&body));
    enum err e = p->refused(http_status(s), buf_str(&body));

    t->again = e == ERR_NET || e == ERR_LIMIT || t->at_once;
    return e;
}

/* It ended in good order and said nothing: now and then models do. */
static bool is_empty(const struct attempt *t, enum err e)
{
    const struct completion *c = &t->completion;

    return e == ERR_REMOTE && (c->finished || c->stop != STOP_NONE) && !completion_begun(c);
}

/* The time it takes to get a place, and until the model is loaded, is not the model's. */
static enum err enter(struct attempt *t, struct local_lease *lease) AWAITS
{
    if (t->model->local)
        TRY(local_server_enter(t->model->local, t->options.session, lease));
    t->started_at = clock_ms();
    return OK;
}

/* The request has an arena of its own: a prompt is long, and once it is out the answer may take minutes. */
static enum err attempt(struct attempt *t, struct reply *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(local_lease_done) struct local_lease lease = {0};
    CLEANUP(http_closep) struct http_stream *s = NULL;
    struct http_request rq;

    completion_done(&t->completion);
    t->completion = (struct completion){
        .arena = t->arena, .on_delta = t->options.on_delta, .on_reasoning = t->options.on_reasoning, .arg = t->options.arg,
        .max_text = t->options.max_text,
    };
    t->again = t->at_once = false;
    t->retry_after_ms = UINT64_MAX;
    TRY(enter(t, &lease));
    struct model_target target = t->model->target;

    target.max_output = t->model->facts.max_output;
    t->quirks = target.quirks;
    TRY(t->model->provider->request(a, &target, &t->prompt, &rq));
    rq.first_byte_timeout_ms = t->options.first_token_ms;
    rq.max_body = TRANSFER_MAX;
    enum err e = http_open(&rq, &s);

    if (e == OK && http_sent(s))
        arena_freep(&a);
    if (e == OK && http_status(s) != 200)
        return refused(t, s);
    if (e == OK)
        e = read_answer(t, s, out);
    /* ERR_LIMIT is theirs as long as nothing came, and our own cap after that. */
    t->again = failure_may_pass(e) && (e != ERR_LIMIT || !completion_begun(&t->completion))
            && t->completion.text.len == 0 && !(t->options.on_reasoning && t->completion.reasoning.len);
    if (is_empty(t, e))
        t->again = t->n_empty++ == 0;
    return e;
}

/* A try that broke off is paid for all the same: for its prompt, and for what came. */
static void count_broken(const struct attempt *t)
{
    const struct completion *c = &t->completion;

    if (t->options.broken == NULL || (!completion_begun(c) && c->usage.output == 0))
        return;
    int64_t came = (int64_t)completion_size(c) / BYTES_A_TOKEN, sent = c->usage.input;

    t->options.broken->input += sent ? sent : (int64_t)tokens_in_prompt(&t->prompt);
    t->options.broken->output += came > c->usage.output ? came : c->usage.output;
}

/* OK: try again now. */
static enum err wait_to_retry(const struct attempt *t, unsigned try, enum err e) AWAITS
{
    struct failure_policy policy = { .tries = t->options.tries, .backoff_ms = PAUSE_MS, .backoff_max_ms = PAUSE_MAX_MS,
                                     .asked_max_ms = PAUSE_MAX_MS };

    if (t->at_once)
        return OK;
    return t->again && try < t->options.tries ? failure_wait(&policy, try, t->retry_after_ms, e) : e;
}

/* Where its settings stand: "models.providers.x" or "model_provider". */
static str settings_of(const struct model *m)
{
    str source = str_from(m->source);

    return str_starts(source, S("models.providers.")) ? str_take(source, str_find_char(source, ' ')) : S("model_provider");
}

static const char *advice(const struct attempt *t, enum err e)
{
    str at = settings_of(t->model);

    if (is_empty(t, e))
        return ", again and again";
    switch (e) {
    case ERR_AUTH:
        return arena_printf(t->arena, " (check %.*s.api_key and the account)", STR(at));
    case ERR_NOT_FOUND:
        return arena_printf(t->arena, " (check %.*s.endpoint and the model's name)", STR(at));
    case ERR_NET:
        return arena_printf(t->arena, " (is the server running and reachable? see %.*s.endpoint)", STR(at));
    case ERR_REMOTE:
        return arena_printf(t->arena, " (does %.*s.endpoint speak the API that is expected there?)", STR(at));
    default:
        return "";
    }
}

/* What the prompt is to blame for says nothing about the model. */
static void tell(const struct attempt *t, enum err e)
{
    char key[100];

    snprintf(key, sizeof key, "model %.*s", STR(str_take(t->prompt.model, 80)));
    if (e == OK)
        failure_over(key);
    else if (e != ERR_CANCELLED && e != ERR_INPUT && e != ERR_TOO_LONG && e != ERR_BUG)
        failure_tell(key, failed_text());
}

/* What, where, and what to do. */
static enum err explain(const struct attempt *t, enum err e)
{
    char text[ERR_TEXT_MAX];

    if (e == ERR_CANCELLED || e == ERR_BUG)
        return e;
    snprintf(text, sizeof text, "%s", failed_text());
    if (t->model->local)
        return failed(e, "local model %.*s: %s", STR(t->prompt.model), text);
    return failed(e, "model %.*s at %s: %s%s", STR(t->prompt.model), t->model->target.endpoint, text, advice(t, e));
}

enum err complete(struct model *m, struct arena *a, const struct prompt *p, const struct completion_options *o,
                  struct reply *out) AWAITS
{
    CLEANUP(attempt_done) struct attempt t = { .model = m, .arena = a, .prompt = *p };
    enum err e;

    if (o)
        t.options = *o;
    if (t.options.first_token_ms == 0)
        t.options.first_token_ms = FIRST_TOKEN_MS;
    if (m->local && t.options.first_token_ms < local_server_first_token_ms(m->local))
        t.options.first_token_ms = local_server_first_token_ms(m->local);
    if (t.options.idle_ms == 0)
        t.options.idle_ms = IDLE_MS;
    if (t.options.tries == 0)
        t.options.tries = TRIES;
    if (t.prompt.model.len == 0)
        t.prompt.model = str_from(m->name);
    /* What was learned is no try: there is an end to what can be learned, and servers complain of one thing at a time. */
    for (unsigned try = 1; (e = attempt(&t, out)) != OK; try += !t.at_once) {
        count_broken(&t);
        /* What stopped this fiber stops the tries too; its error says so at the next await anyway. */
        if (fiber_check() != OK)
            return fiber_check();
        e = wait_to_retry(&t, try, e);
        if (e) {
            e = explain(&t, e);
            tell(&t, e);
            return e;
        }
    }
    tell(&t, OK);
    return OK;
}
