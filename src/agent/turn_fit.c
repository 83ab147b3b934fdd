// SPDX-License-Identifier: Apache-2.0
#include "agent/turn_fit.h"

#include <stdio.h>
#include <string.h>

#include "agent/compaction.h"
#include "agent/shorten.h"
#include "base/log.h"
#include "model/tokens.h"

enum {
    SHORT_RESULT = 1000,        /* of this turn's older rounds */
    KEPT_PERCENT = 30,          /* of the window: the newest messages that a summary leaves alone */
    MUCH_PERCENT = 60,          /* of what was refused is shown next */
    WORDS_LEAST  = 400,         /* bytes of the person's own words, when even they do not fit */
    TOO_LONG_TIMES = 3,
};

/* ---- how much it is ---- */

static const struct model *first_model(const struct turn *t)
{
    return t->asker.route->models[0];
}

static void window_for(const struct turn *t, struct window *w)
{
    window_of(first_model(t), w);
    if (t->max_context && t->max_context < w->limit)
        window_limit(w, t->max_context);
    if (t->refused_tokens && t->refused_tokens * MUCH_PERCENT / 100 < w->limit)
        window_limit(w, t->refused_tokens * MUCH_PERCENT / 100);
}

static uint64_t guessed_own(const struct turn *t)
{
    return transcript_tokens(t->transcript.messages + t->own, t->transcript.n - t->own);
}

static uint64_t guessed_tools(const struct prompt *p)
{
    return tokens_in_prompt(&(struct prompt){ .tools = p->tools, .n_tools = p->n_tools });
}

/* All but the earlier messages. */
static uint64_t guessed_fixed(const struct turn *t, const struct prompt *p)
{
    return transcript_tokens(t->transcript.messages, 1) + guessed_tools(p) + tokens_in(t->notes) + tokens_in(t->recalled)
           + guessed_own(t);
}

static uint64_t used(const struct turn *t, const struct prompt *p, const struct window *w)
{
    return window_tokens(w, guessed_fixed(t, p) + t->shown.tokens);
}

/* What is left for the earlier messages when the whole is to have so many tokens; guessed. */
static uint64_t left_for_history(const struct turn *t, const struct prompt *p, const struct window *w, uint64_t tokens)
{
    uint64_t fixed = guessed_fixed(t, p), all = window_guess(w, tokens);

    return all > fixed ? all - fixed : 0;
}

void turn_measure(const struct turn *t, const struct prompt *p, struct context_use *out)
{
    struct window w;

    window_for(t, &w);
    *out = (struct context_use){
        .system = window_tokens(&w, transcript_tokens(t->transcript.messages, 1)), .tools = window_tokens(&w, guessed_tools(p)),
        .summary = window_tokens(&w, t->shown.summary), .results = window_tokens(&w, t->shown.results),
        .history = window_tokens(&w, t->shown.tokens - t->shown.summary - t->shown.results),
        .own = window_tokens(&w, guessed_own(t)), .notes = t->notes.len ? window_tokens(&w, tokens_in(t->notes)) : 0,
        .total = used(t, p, &w), .limit = w.limit, .trim_at = w.trim_at, .compact_at = w.compact_at, .ratio = w.ratio,
    };
}

/* ---- the earlier messages ---- */

static struct history_wish wish_of(const struct turn *t, uint64_t max_tokens)
{
    return (struct history_wish){ .session_id = t->message.session_id, .user_id = t->message.user_id, .before = t->inbox_id,
                                  .max_messages = t->max_history, .max_tokens = max_tokens, .is_new = t->is_new };
}

enum err turn_show_history(struct turn *t, uint64_t max_tokens)
{
    struct history_wish wish = wish_of(t, t->without_history ? 0 : max_tokens);
    struct transcript *all = &t->transcript;
    size_t n = t->own ? all->n - t->own : 0;
    struct chat_message *own = arena_alloc(t->arena, n * sizeof *own);

    if (n)
        memcpy(own, all->messages + t->own, n * sizeof *own);
    all->n = 1;
    if (t->own == 0 || !history_again(t->histories, &wish, all, &t->shown))
        TRY(history_add(t->histories, t->store, &wish, all, &t->shown));
    t->own = all->n;
    for (size_t i = 0; i < n; i++)
        transcript_add(all, own[i]);
    return OK;
}

/* ---- shorter ---- */

static size_t latest_reply(const struct turn *t)
{
    size_t i = t->transcript.n;

    while (i > t->own && t->transcript.messages[i - 1].role != ROLE_ASSISTANT)
        i--;
    return i > t->own ? i - 1 : t->own;
}

static void shorten_own(struct turn *t, size_t end, size_t max)
{
    for (size_t i = t->own; i < end; i++)
        shorten_message(t->arena, &t->transcript.messages[i], max);
}

static enum err trim(struct turn *t, const struct prompt *p, const struct window *w) AWAITS
{
    if (history_shorten(t->histories, t->message.session_id, left_for_history(t, p, w, w->trim_to)))
        TRY(turn_show_history(t, UINT64_MAX));
    if (used(t, p, w) > w->trim_at)
        shorten_own(t, latest_reply(t), SHORT_RESULT);
    return OK;
}

static bool is_worth_a_summary(const struct turn *t, const struct prompt *p, const struct window *w)
{
    return t->shown.n_messages && (used(t, p, w) > w->compact_at || t->shown.n_messages >= t->max_history);
}

/* A conversation of many small messages keeps half of them at least. */
static enum err compact(struct turn *t, const struct prompt *p, const struct window *w) AWAITS
{
    uint64_t keep = window_guess(w, w->limit * KEPT_PERCENT / 100), left = left_for_history(t, p, w, w->trim_at);
    struct compaction c = {
        .arena = t->arena, .store = t->store, .histories = t->histories, .fast = t->fast, .wish = wish_of(t, UINT64_MAX),
    };

    keep = keep < left ? keep : left;
    c.keep = keep < t->shown.tokens / 2 ? keep : t->shown.tokens / 2;
    t->compacted = true;
    TRY(compaction_run(&c));
    return turn_show_history(t, UINT64_MAX);
}

/* Nothing else helped: the oldest messages go, then what is long in this turn, and at last the middle of the message itself. */
static enum err cut(struct turn *t, const struct prompt *p, const struct window *w) AWAITS
{
    static const size_t lengths[] = { 8000, 2000, 500, 100 };

    TRY(turn_show_history(t, left_for_history(t, p, w, w->limit)));
    for (size_t i = 0; i < N_ELEMENTS(lengths) && used(t, p, w) > w->limit; i++)
        shorten_own(t, t->transcript.n, lengths[i]);
    struct chat_message *said = &t->transcript.messages[t->own];
    uint64_t over = used(t, p, w) > w->limit ? window_guess(w, used(t, p, w) - w->limit) : 0, has = tokens_in(said->text);

    if (over == 0)
        return OK;
    size_t fits = over < has ? (size_t)((double)said->text.len * (double)(has - over) / (double)has * 0.9) : 0;

    said->text = shorten_text(t->arena, said->text, fits > WORDS_LEAST ? fits : WORDS_LEAST);
    return OK;
}

enum err turn_fit(struct turn *t, const struct prompt *p)
{
    struct window w;

    window_for(t, &w);
    if (t->without_history && t->shown.tokens)
        TRY(turn_show_history(t, 0));
    if (used(t, p, &w) > w.trim_at)
        TRY(trim(t, p, &w));
    if (!t->compacted && is_worth_a_summary(t, p, &w)) {
        enum err e = compact(t, p, &w);

        if (e && e != ERR_IO)
            return e;
        if (e)      /* the disk; it is left out instead */
            log_event(LOG_WARN, "compaction.not_stored", F("session", t->message.session_id), F("error", failed_text()));
    }
    return used(t, p, &w) > w.limit ? cut(t, p, &w) : OK;
}

/* ---- what models say about it ---- */

/* Each time by much. */
static void refused_as_too_long(struct turn *t, const struct prompt *p)
{
    struct window w;
    uint64_t guessed = guessed_fixed(t, p) + t->shown.tokens;

    window_of(first_model(t), &w);
    t->refused_tokens = window_tokens(&w, guessed);
    window_refused(first_model(t), guessed);
}

static bool drop_images(struct turn *t)
{
    struct chat_message *said = &t->transcript.messages[t->own];

    if (said->n_images == 0)
        return false;
    said->text = str_from(arena_printf(t->arena, "%.*s\n[the model refused to look at what is attached]", STR(said->text)));
    said->n_images = 0;
    return true;
}

static bool can_yield(struct turn *t, const struct prompt *p, enum err e)
{
    if (e == ERR_TOO_LONG && t->times_refused++ < TOO_LONG_TIMES) {
        refused_as_too_long(t, p);
        return true;
    }
    if (e == ERR_INPUT && drop_images(t))
        return true;
    if (e != ERR_INPUT || t->without_history || t->shown.tokens == 0)
        return false;
    t->without_history = true;
    return true;
}

bool turn_can_yield(struct turn *t, const struct prompt *p, enum err *e)
{
    char why[ERR_TEXT_MAX];

    snprintf(why, sizeof why, "%s", failed_text());
    if (can_yield(t, p, *e)) {
        log_event(LOG_WARN, "turn.refused", F("session", t->message.session_id), F("code", err_name(*e)), F("error", why));
        return true;
    }
    if (*e == ERR_TOO_LONG)
        *e = failed(*e, "the model refuses even what is left when the conversation is cut short: %s", why);
    else
        *e = failed(*e, "%s", why);
    return false;
}

enum err turn_was_answered(struct turn *t)
{
    struct compaction c = {
        .arena = t->arena, .store = t->store, .histories = t->histories, .fast = t->fast, .wish = wish_of(t, UINT64_MAX),
    };

    if (!t->without_history || t->compacted)
        return OK;
    t->compacted = true;
    enum err e = compaction_run(&c);

    return e == ERR_IO ? OK : e;
}

void turn_counted(const struct turn *t, const struct prompt *p, const struct model *m, const struct reply *r)
{
    window_learn(m, guessed_fixed(t, p) + t->shown.tokens, r->usage.input);
}
